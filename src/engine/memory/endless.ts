import { hash32 } from "./address.ts";
import { choleskyInPlace, choleskySolve } from "./cholesky.ts";
import { sparseFeatures } from "./dpfp.ts";
import { deltaWrite } from "./fill.ts";
import { featureWidth } from "./layout.ts";

/** Sizes and rules of an endless shard. */
export interface EndlessLayout {
  /** Width of a key before φ, and ν of φ. */
  readonly dMem: number;
  readonly nu: number;
  /** V, the signs of a segment's code; a multiple of 32. */
  readonly signs: number;
  /** β is multiplied by this: below 1 an overwritten write fades from write to write in place of vanishing at once. */
  readonly strength: number;
  readonly seed: number;
}

/** A segment that a recall found, and how strongly it was written. */
export interface RecalledSegment {
  readonly segment: number;
  readonly weight: number;
}

/** A segment must stand so many standard deviations above the best score that chance gives among all of them. */
const SIGNIFICANCE = 0.8;
/** Segments weaker than this share of the strongest are left to the noise. */
const FAINT = 0.08;
/** Of what one round of decoding sees, all segments with this share of the best one's score are taken. */
const ROUND_SHARE = 0.6;

/**
 * One shard for a stream without end: the state A [K, V] of the delta rule (arXiv 2407.04841, eq. 5; unit φ, no
 * normaliser) and nothing beside it. Its size does not depend on how much was written.
 *
 * The value of a write is the ±1 code of its segment; codes are made from a hash whenever they are needed. Recall takes
 * r = Aᵀφ(q) apart into codes by matching pursuit: the segments that wrote under one key, the newest the strongest.
 */
export class EndlessShard {
  readonly layout: EndlessLayout;
  readonly #state: Float32Array;
  readonly #change: Float32Array;

  constructor(layout: EndlessLayout) {
    if (layout.signs % 32 !== 0) throw new RangeError("Codes are made of 32 signs at a time.");
    this.layout = layout;
    this.#state = new Float32Array(featureWidth(layout) * layout.signs);
    this.#change = new Float32Array(layout.signs);
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
  write(key: ArrayLike<number>, beta: number, segment: number): void {
    const features = sparseFeatures(key, 1, this.layout.dMem, this.layout.nu);
    this.#change.fill(0);
    this.#addCode(this.#change, segment, 1);
    deltaWrite(this.#state, features, 0, this.#change, this.layout.strength * beta);
  }

  /** `Aᵀφ(q)` [V]. */
  read(key: ArrayLike<number>): Float32Array {
    const { index, value, offset } = sparseFeatures(key, 1, this.layout.dMem, this.layout.nu);
    const width = this.layout.signs;
    const out = new Float32Array(width);
    for (let p = 0; p < (offset[1] as number); p++) {
      const at = (index[p] as number) * width;
      const weight = value[p] as number;
      for (let v = 0; v < width; v++) out[v] = (out[v] as number) + weight * (this.#state[at + v] as number);
    }
    return out;
  }

  /** At most `most` of the stream's first `segments` segments that wrote under keys like this one. */
  recall(key: ArrayLike<number>, segments: number, most: number): RecalledSegment[] {
    const recalled = this.read(key);
    const residual = recalled.slice();
    let found: RecalledSegment[] = [];
    while (found.length < most) {
      const faint = FAINT * (found[0]?.weight ?? 0);
      const next = this.#strongest(residual, segments, most - found.length).filter(
        ({ segment, weight }) => weight > faint && !found.some((known) => known.segment === segment),
      );
      if (next.length === 0) break;
      found = this.#fit(recalled, [...found, ...next]);
      residual.set(recalled);
      for (const { segment, weight } of found) this.#addCode(residual, segment, -weight);
    }
    const strongest = Math.max(0, ...found.map(({ weight }) => weight));
    return found.filter(({ weight }) => weight > FAINT * strongest).toSorted((a, b) => b.weight - a.weight);
  }

  /** Adds `weight · code(segment)`; the code has unit length. */
  #addCode(out: Float32Array, segment: number, weight: number): void {
    const step = weight / Math.sqrt(this.layout.signs);
    for (let word = 0; word < this.layout.signs / 32; word++) addSigns(out, word * 32, this.#word(segment, word), step);
  }

  /** 32 signs of a segment's code. */
  #word(segment: number, word: number): number {
    return hash32(segment * (this.layout.signs / 32) + word, this.layout.seed);
  }

  /** Segments whose codes stand out of `residual`. */
  #strongest(residual: Float32Array, segments: number, most: number): RecalledSegment[] {
    const { signs } = this.layout;
    const square = dot(residual, residual);
    if (square < 1e-12) return [];
    const sums = signSums(residual);
    // The largest of n normal numbers is about √(2 ln n).
    const floor = (Math.sqrt(2 * Math.log(segments + 1)) + SIGNIFICANCE) * Math.sqrt(square);
    let best = floor;
    const hits: { segment: number; score: number }[] = [];
    for (let segment = 0; segment < segments; segment++) {
      let score = 0;
      for (let word = 0; word < signs / 32; word++) score += signSum(sums, word * 4, this.#word(segment, word));
      if (score < best * ROUND_SHARE || score < floor) continue;
      hits.push({ segment, score });
      if (score > best) best = score;
    }
    return hits
      .filter(({ score }) => score >= best * ROUND_SHARE)
      .sort((a, b) => b.score - a.score)
      .slice(0, most)
      .map(({ segment, score }) => ({ segment, weight: score / Math.sqrt(signs) }));
  }

  /** Weights that together come nearest to `recalled` (least squares over the codes of the segments). */
  #fit(recalled: Float32Array, segments: readonly RecalledSegment[]): RecalledSegment[] {
    const n = segments.length;
    const codes = segments.map(({ segment }) => {
      const code = new Float32Array(this.layout.signs);
      this.#addCode(code, segment, 1);
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
    return segments.map(({ segment }, i) => ({ segment, weight: right[i] as number }));
  }
}

function addSigns(out: Float32Array, at: number, bits: number, step: number): void {
  for (let i = 0; i < 32; i++) out[at + i] = (out[at + i] as number) + (((bits >>> i) & 1) === 1 ? step : -step);
}

/** For each eight numbers of `r` the sums under all 256 choices of signs: a score is then four look-ups for 32 signs. */
function signSums(r: Float32Array): Float32Array {
  const sums = new Float32Array((r.length / 8) * 256);
  for (let group = 0; group < r.length / 8; group++) {
    const base = group * 256;
    let none = 0;
    for (let i = 0; i < 8; i++) none -= r[group * 8 + i] as number;
    sums[base] = none;
    for (let i = 0; i < 8; i++) {
      const twice = 2 * (r[group * 8 + i] as number);
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
