/**
 * Fixed random ±1/√V codes, one per address: the value of every write (learned values are slow, fixed ones are not in
 * the way). Codes are kept as bits and made on demand; the same seed gives the same codes everywhere.
 */
export class AddressCodes {
  readonly width: number;
  /** Length of a sign: a code is `sign · scale`, so that it has unit length. */
  readonly scale: number;
  readonly #seed: number;
  readonly #bytesPerCode: number;
  #bits: Uint8Array;
  #count = 0;

  /** @param width V, a multiple of 8 */
  constructor(width: number, seed: number) {
    if (width <= 0 || width % 8 !== 0)
      throw new RangeError(`The width of a code must be a multiple of 8, not ${width}.`);
    this.width = width;
    this.scale = 1 / Math.sqrt(width);
    this.#seed = seed | 0;
    this.#bytesPerCode = width / 8;
    this.#bits = new Uint8Array(0);
  }

  /** Bits of the codes 0..count-1, `width / 8` bytes each, lowest bit first; a set bit is a plus. Longer than asked at times. */
  bits(count: number): Uint8Array {
    if (count > this.#count) this.#grow(Math.max(count, 2 * this.#count, 64));
    return this.#bits;
  }

  /** Sign (+1 or -1) of one number of a code. */
  sign(address: number, i: number): 1 | -1 {
    const byte = this.bits(address + 1)[address * this.#bytesPerCode + (i >> 3)] as number;
    return ((byte >> (i & 7)) & 1) === 1 ? 1 : -1;
  }

  /** Writes `strength · code(address)` into `out[at .. at+V]`. */
  encode(address: number, out: Float32Array | Float64Array, at = 0, strength = 1): void {
    const bits = this.bits(address + 1);
    const from = address * this.#bytesPerCode;
    const plus = strength * this.scale;
    for (let i = 0; i < this.width; i++) {
      const byte = bits[from + (i >> 3)] as number;
      out[at + i] = ((byte >> (i & 7)) & 1) === 1 ? plus : -plus;
    }
  }

  #grow(count: number): void {
    const bits = new Uint8Array(count * this.#bytesPerCode);
    bits.set(this.#bits);
    for (let address = this.#count; address < count; address++) {
      for (let byte = 0; byte < this.#bytesPerCode; byte++) {
        const at = address * this.#bytesPerCode + byte;
        bits[at] = hash32(at, this.#seed) >>> 24;
      }
    }
    this.#bits = bits;
    this.#count = count;
  }
}

/** A well-mixed 32-bit hash of a counter (the finaliser of MurmurHash3 over two rounds): exact in integers everywhere. */
export function hash32(counter: number, seed: number): number {
  let h = Math.imul(counter + 1, 0x9e3779b9) ^ seed;
  for (let round = 0; round < 2; round++) {
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return h >>> 0;
}

/**
 * Scores of addresses under a recalled vector r [V]: `r · code(address)`.
 * Eight signs are one table look-up: the 256 sums of each eight numbers of r are made once per vector, then a score is
 * V/8 additions instead of V products.
 */
export class AddressDecoder {
  readonly #codes: AddressCodes;
  readonly #groups: number;
  readonly #sums: Float32Array;

  constructor(codes: AddressCodes) {
    this.#codes = codes;
    this.#groups = codes.width / 8;
    this.#sums = new Float32Array(this.#groups * 256);
  }

  /** Takes r [V], read from `at`; scores of this vector follow. */
  load(r: Float32Array, at = 0): void {
    const sums = this.#sums;
    const scale = this.#codes.scale;
    for (let group = 0; group < this.#groups; group++) {
      const base = group * 256;
      let none = 0;
      for (let i = 0; i < 8; i++) none -= (r[at + group * 8 + i] as number) * scale;
      sums[base] = none;
      for (let i = 0; i < 8; i++) {
        const twice = 2 * (r[at + group * 8 + i] as number) * scale;
        const half = 1 << i;
        for (let k = 0; k < half; k++) sums[base + half + k] = (sums[base + k] as number) + twice;
      }
    }
  }

  /** Score of one address. */
  score(address: number): number {
    const bits = this.#codes.bits(address + 1);
    const at = address * this.#groups;
    let score = 0;
    for (let group = 0; group < this.#groups; group++) {
      score += this.#sums[group * 256 + (bits[at + group] as number)] as number;
    }
    return score;
  }
}
