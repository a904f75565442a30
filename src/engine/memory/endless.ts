import { hash32 } from "./address.ts";
import { choleskyInPlace, choleskySolve } from "./cholesky.ts";
import { sparseFeatures } from "./dpfp.ts";
import { featureWidth } from "./layout.ts";

/** Sizes and rules of an endless shard. */
export interface EndlessLayout {
  /** Width of a key before φ, and ν of φ. */
  readonly dMem: number;
  readonly nu: number;
  /** Signs of a value that stand for the segment, and that stand for the slot in it; multiples of 32. */
  readonly segmentSigns: number;
  readonly slotSigns: number;
  /** Slots of a segment. */
  readonly slots: number;
  /** β is multiplied by this: below 1 an overwritten write fades from write to write in place of vanishing at once. */
  readonly strength: number;
  readonly seed: number;
}

/** One address that a recall found, and how strongly it was written. */
export interface RecalledSlot {
  readonly segment: number;
  readonly slot: number;
  readonly weight: number;
}

/** An address must stand so many standard deviations above the best score that chance gives among all segments. */
const SIGNIFICANCE = 0.8;
/** Addresses weaker than this share of the strongest are left to the noise. */
const FAINT = 0.08;
/** Of what one round of decoding sees, all addresses with this share of the best one's score are taken. */
const ROUND_SHARE = 0.6;

/**
 * One shard for a stream without end: the state A [K, V] of the delta rule (arXiv 2407.04841, eq. 5; unit φ, no
 * normaliser) and nothing beside it. Its size does not depend on how much was written.
 *
 * The value of a write is the ±1 code of its address, half the segment's and half the slot's; codes are made from a
 * hash whenever they are needed. Recall takes r = Aᵀφ(q) apart into codes by matching pursuit: the writes of one key
 * come back by address, the newest the strongest.
 */
export class EndlessShard {
  readonly layout: EndlessLayout;
  readonly #width: number;
  readonly #state: Float32Array;
  readonly #change: Float32Array;

  constructor(layout: EndlessLayout) {
    if (layout.segmentSigns % 32 !== 0 || layout.slotSigns % 32 !== 0) {
      throw new RangeError("Codes are made of 32 signs at a time.");
    }
    this.layout = layout;
    this.#width = layout.segmentSigns + layout.slotSigns;
    this.#state = new Float32Array(featureWidth(layout) * this.#width);
    this.#change = new Float32Array(this.#width);
  }

  /** Bytes of everything that the shard keeps between two segments. */
  get stateBytes(): number {
    return this.#state.byteLength;
  }

  /** Back to an empty memory. */
  clear(): void {
    this.#state.fill(0);
  }

  /** The delta rule: `A += s·β φ(k) (code − Aᵀφ(k))ᵀ`. @param key [dMem] before φ; @param beta 0..1 */
  write(key: ArrayLike<number>, beta: number, segment: number, slot: number): void {
    const { index, value, offset } = sparseFeatures(key, 1, this.layout.dMem, this.layout.nu);
    const state = this.#state;
    const change = this.#change;
    const width = this.#width;
    const count = offset[1] as number;
    change.fill(0);
    this.#addCode(change, segment, slot, 1);
    for (let p = 0; p < count; p++) {
      const at = (index[p] as number) * width;
      const weight = value[p] as number;
      for (let v = 0; v < width; v++) change[v] = (change[v] as number) - weight * (state[at + v] as number);
    }
    const strength = this.layout.strength * beta;
    for (let p = 0; p < count; p++) {
      const at = (index[p] as number) * width;
      const weight = strength * (value[p] as number);
      for (let v = 0; v < width; v++) state[at + v] = (state[at + v] as number) + weight * (change[v] as number);
    }
  }

  /** `Aᵀφ(q)` [V]. */
  read(key: ArrayLike<number>): Float32Array {
    const { index, value, offset } = sparseFeatures(key, 1, this.layout.dMem, this.layout.nu);
    const width = this.#width;
    const out = new Float32Array(width);
    for (let p = 0; p < (offset[1] as number); p++) {
      const at = (index[p] as number) * width;
      const weight = value[p] as number;
      for (let v = 0; v < width; v++) out[v] = (out[v] as number) + weight * (this.#state[at + v] as number);
    }
    return out;
  }

  /** At most `most` addresses among the first `segments` of the stream that were written under keys like this one. */
  recall(key: ArrayLike<number>, segments: number, most: number): RecalledSlot[] {
    const recalled = this.read(key);
    const residual = recalled.slice();
    let found: RecalledSlot[] = [];
    while (found.length < most) {
      const faint = FAINT * (found[0]?.weight ?? 0);
      const next = this.#strongest(residual, segments, most - found.length).filter(
        (a) => a.weight > faint && !found.some((b) => a.segment === b.segment && a.slot === b.slot),
      );
      if (next.length === 0) break;
      found = this.#fit(recalled, [...found, ...next].slice(0, most));
      residual.set(recalled);
      for (const { segment, slot, weight } of found) this.#addCode(residual, segment, slot, -weight);
    }
    // A wrong slot that was taken before the rest was known has next to no weight by now.
    const strongest = Math.max(0, ...found.map(({ weight }) => weight));
    return found.filter(({ weight }) => weight > FAINT * strongest).toSorted((a, b) => b.weight - a.weight);
  }

  /** Adds `weight · code(segment, slot)`; the code has unit length. */
  #addCode(out: Float32Array, segment: number, slot: number, weight: number): void {
    const { segmentSigns, slotSigns } = this.layout;
    const step = weight / Math.sqrt(this.#width);
    for (let word = 0; word < segmentSigns / 32; word++) {
      addSigns(out, word * 32, this.#segmentWord(segment, word), step);
    }
    for (let word = 0; word < slotSigns / 32; word++) {
      addSigns(out, segmentSigns + word * 32, this.#slotWord(segment, slot, word), step);
    }
  }

  #segmentWord(segment: number, word: number): number {
    return hash32(segment * (this.layout.segmentSigns / 32) + word, this.layout.seed);
  }

  #slotWord(segment: number, slot: number, word: number): number {
    const { slots, slotSigns, seed } = this.layout;
    return hash32((segment * slots + slot) * (slotSigns / 32) + word, seed ^ 0x51075107);
  }

  /** Addresses whose codes stand out of `residual`: segments first, by their half of the code, then their slots. */
  #strongest(residual: Float32Array, segments: number, most: number): RecalledSlot[] {
    const { segmentSigns, slotSigns, slots } = this.layout;
    const sums = signSums(residual, 0, segmentSigns);
    const words = segmentSigns / 32;
    let square = 0;
    for (let v = 0; v < segmentSigns; v++) square += (residual[v] as number) ** 2;
    // The largest of n normal numbers is about √(2 ln n).
    const floor = (Math.sqrt(2 * Math.log(segments + 1)) + SIGNIFICANCE) * Math.sqrt(square);
    if (square < 1e-12) return [];
    let best = floor;
    const hits: { segment: number; score: number }[] = [];
    for (let segment = 0; segment < segments; segment++) {
      let score = 0;
      for (let word = 0; word < words; word++) score += signSum(sums, word * 4, this.#segmentWord(segment, word));
      if (score < best * ROUND_SHARE || score < floor) continue;
      hits.push({ segment, score });
      if (score > best) best = score;
    }
    const taken = hits
      .filter(({ score }) => score >= best * ROUND_SHARE)
      .sort((a, b) => b.score - a.score)
      .slice(0, most);
    const slotSums = signSums(residual, segmentSigns, slotSigns);
    let slotSquare = 0;
    for (let v = segmentSigns; v < segmentSigns + slotSigns; v++) slotSquare += (residual[v] as number) ** 2;
    const slotFloor = (Math.sqrt(2 * Math.log(slots + 1)) + SIGNIFICANCE) * Math.sqrt(slotSquare);
    return taken.flatMap(({ segment, score }) => {
      const ranked = Array.from({ length: slots }, (_, slot) => {
        let sum = 0;
        for (let word = 0; word < slotSigns / 32; word++) {
          sum += signSum(slotSums, word * 4, this.#slotWord(segment, slot, word));
        }
        return { slot, sum };
      }).sort((a, b) => b.sum - a.sum);
      // One segment can have been written at several slots.
      const clear = ranked.filter(({ sum }, i) => i === 0 || sum > slotFloor);
      const weight = (score * Math.sqrt(this.#width)) / segmentSigns / clear.length;
      return clear.map(({ slot }) => ({ segment, slot, weight }));
    });
  }

  /** Weights that together come nearest to `recalled` (least squares over the codes of the addresses). */
  #fit(recalled: Float32Array, addresses: readonly RecalledSlot[]): RecalledSlot[] {
    const n = addresses.length;
    const codes = addresses.map(({ segment, slot }) => {
      const code = new Float32Array(this.#width);
      this.#addCode(code, segment, slot, 1);
      return code;
    });
    const gram = new Float64Array(n * n);
    const right = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      right[i] = dot(codes[i] as Float32Array, recalled);
      for (let j = 0; j <= i; j++) gram[i * n + j] = dot(codes[i] as Float32Array, codes[j] as Float32Array);
      gram[i * n + i] = (gram[i * n + i] as number) + 1e-9;
    }
    choleskyInPlace(gram, n);
    choleskySolve(gram, n, right, 1);
    return addresses.map(({ segment, slot }, i) => ({ segment, slot, weight: right[i] as number }));
  }
}

function addSigns(out: Float32Array, at: number, bits: number, step: number): void {
  for (let i = 0; i < 32; i++) out[at + i] = (out[at + i] as number) + (((bits >>> i) & 1) === 1 ? step : -step);
}

/** For each eight numbers of `r` the sums under all 256 choices of signs: a score is then four look-ups for 32 signs. */
function signSums(r: Float32Array, from: number, count: number): Float32Array {
  const sums = new Float32Array((count / 8) * 256);
  for (let group = 0; group < count / 8; group++) {
    const base = group * 256;
    let none = 0;
    for (let i = 0; i < 8; i++) none -= r[from + group * 8 + i] as number;
    sums[base] = none;
    for (let i = 0; i < 8; i++) {
      const twice = 2 * (r[from + group * 8 + i] as number);
      const half = 1 << i;
      for (let k = 0; k < half; k++) sums[base + half + k] = (sums[base + k] as number) + twice;
    }
  }
  return sums;
}

function signSum(sums: Float32Array, group: number, bits: number): number {
  return (
    (sums[group * 256 + (bits & 255)] as number) +
    (sums[(group + 1) * 256 + ((bits >>> 8) & 255)] as number) +
    (sums[(group + 2) * 256 + ((bits >>> 16) & 255)] as number) +
    (sums[(group + 3) * 256 + (bits >>> 24)] as number)
  );
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
