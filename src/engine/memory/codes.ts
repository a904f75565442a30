/**
 * Short codes for vectors that are only ever compared: each number becomes -1, 0 or 1 (five to a byte), or its sign
 * alone (eight to a byte). Neither needs training or a table; why these: models/training/experiments.md.
 */

/** As a share of a vector's root mean square: numbers below it become 0. Best for a normal distribution (Max 1960). */
const ZERO_BELOW = 0.612;

const TRITS_PER_BYTE = 5;
const TRIT_BYTES = 3 ** TRITS_PER_BYTE;

/** Bytes of `width` trits. */
export function tritBytes(width: number): number {
  return Math.ceil(width / TRITS_PER_BYTE);
}

/**
 * Writes the trits of `x` [width] into `out` from `at`. Returns `x·code / (|x| √width)`, 0..1 (0 for a vector of
 * zeros): what products with the code must be divided by to be those with the vector.
 */
export function encodeTrits(x: ArrayLike<number>, width: number, out: Uint8Array, at: number): number {
  let square = 0;
  for (let i = 0; i < width; i++) square += (x[i] as number) ** 2;
  const border = ZERO_BELOW * Math.sqrt(square / width);
  let product = 0;
  for (let group = 0; group < tritBytes(width); group++) {
    let byte = 0;
    for (let i = (group + 1) * TRITS_PER_BYTE - 1; i >= group * TRITS_PER_BYTE; i--) {
      const value = i < width ? (x[i] as number) : 0;
      let trit = 1;
      if (Math.abs(value) > border) {
        trit = value > 0 ? 2 : 0;
        product += Math.abs(value);
      }
      byte = byte * 3 + trit;
    }
    out[at + group] = byte;
  }
  return square === 0 ? 0 : product / Math.sqrt(square * width);
}

/** Products of one vector with many codes: five trits are one table look-up. */
export class TritProducts {
  readonly #bytes: number;
  /** [bytes, 243] */
  readonly #sums: Float32Array;

  /** @param x vector [width] */
  constructor(x: ArrayLike<number>, width: number) {
    this.#bytes = tritBytes(width);
    this.#sums = new Float32Array(this.#bytes * TRIT_BYTES);
    for (let group = 0; group < this.#bytes; group++) {
      const base = group * TRIT_BYTES;
      // The table of the first i numbers is three times in that of the first i + 1: with -x, 0 and +x added.
      for (let i = 0, size = 1; i < TRITS_PER_BYTE; i++, size *= 3) {
        const at = group * TRITS_PER_BYTE + i;
        const value = at < width ? (x[at] as number) : 0;
        for (let byte = 0; byte < size; byte++) {
          const sum = this.#sums[base + byte] as number;
          this.#sums[base + byte] = sum - value;
          this.#sums[base + size + byte] = sum;
          this.#sums[base + 2 * size + byte] = sum + value;
        }
      }
    }
  }

  /** The vector's product with the code at `at`. */
  with(codes: Uint8Array, at: number): number {
    let even = 0;
    let odd = 0;
    let base = 0;
    let group = 0;
    for (; group + 1 < this.#bytes; group += 2, base += 2 * TRIT_BYTES) {
      even += this.#sums[base + (codes[at + group] as number)] as number;
      odd += this.#sums[base + TRIT_BYTES + (codes[at + group + 1] as number)] as number;
    }
    if (group < this.#bytes) even += this.#sums[base + (codes[at + group] as number)] as number;
    return even + odd;
  }
}

/** Bytes of `width` signs. */
export function signBytes(width: number): number {
  return Math.ceil(width / 8);
}

/** Writes the signs of `x[from .. from+width]` into zeroed `out` from `at`, lowest bit first; a set bit is a plus. */
export function encodeSigns(x: ArrayLike<number>, from: number, width: number, out: Uint8Array, at: number): void {
  for (let i = 0; i < width; i++) {
    if ((x[from + i] as number) > 0) out[at + (i >> 3)] = (out[at + (i >> 3)] as number) | (1 << (i & 7));
  }
}

/** Inverse of `encodeSigns`: numbers of ±1. */
export function decodeSigns(codes: Uint8Array, at: number, width: number, out: Int8Array, outAt: number): void {
  for (let i = 0; i < width; i++) out[outAt + i] = (((codes[at + (i >> 3)] as number) >> (i & 7)) & 1) === 1 ? 1 : -1;
}
