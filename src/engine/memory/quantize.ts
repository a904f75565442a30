import { crc32 } from "node:zlib";
import type { StateBits } from "./layout.ts";

/** Steps of a row's scale. */
const SCALES = 255;

/** Where the rows' scales begin: behind the largest of them. */
const HEADER = 4;

/** Bytes of a packed state of `rows` × `width` numbers: the largest scale, a byte a row for its own, the numbers. */
export function packedStateBytes(rows: number, width: number, bits: StateBits): number {
  return HEADER + rows + (rows * width * bits) / 8;
}

/**
 * Quantises a state [rows, width] with one scale per row, symmetric about zero. The lab found int4 as good as float32
 * for recall. Layout: the largest scale as float32 (little-endian), each row's as a share of it in 255 steps, then the
 * numbers row by row; int4 holds two a byte, the first in the low half. `width` must be even.
 */
export function packState(state: Float32Array, rows: number, width: number, bits: StateBits): Uint8Array {
  const out = new Uint8Array(packedStateBytes(rows, width, bits));
  const view = new DataView(out.buffer);
  const most = bits === 8 ? 127 : 7;
  const numbers = HEADER + rows;
  let largest = 0;
  for (const x of state) largest = Math.max(largest, Math.abs(x));
  const step = Math.fround(largest / most / SCALES);
  view.setFloat32(0, step, true);
  if (step === 0) return out;
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    let top = 0;
    for (let i = from; i < from + width; i++) top = Math.max(top, Math.abs(state[i] as number));
    const steps = Math.min(SCALES, Math.ceil(top / most / step));
    out[HEADER + row] = steps;
    if (steps === 0) continue;
    const scale = steps * step;
    if (bits === 8) {
      for (let i = 0; i < width; i++) out[numbers + from + i] = level(state[from + i] as number, scale, most) & 0xff;
    } else {
      for (let i = 0; i < width; i += 2) {
        const low = level(state[from + i] as number, scale, most) & 0xf;
        const high = level(state[from + i + 1] as number, scale, most) & 0xf;
        out[numbers + ((from + i) >> 1)] = low | (high << 4);
      }
    }
  }
  return out;
}

function level(value: number, scale: number, most: number): number {
  return Math.max(-most, Math.min(most, Math.round(value / scale)));
}

/** Inverse of `packState`, into `out` [rows, width]. Throws `RangeError` if the bytes have another length. */
export function unpackState(packed: Uint8Array, rows: number, width: number, bits: StateBits, out: Float32Array): void {
  if (packed.length !== packedStateBytes(rows, width, bits)) {
    throw new RangeError(`A state of ${packed.length} bytes does not have ${rows} rows of ${width} int${bits}.`);
  }
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const step = view.getFloat32(0, true);
  const numbers = HEADER + rows;
  for (let row = 0; row < rows; row++) {
    const scale = (packed[HEADER + row] as number) * step;
    const from = row * width;
    if (bits === 8) {
      for (let i = from; i < from + width; i++) out[i] = (((packed[numbers + i] as number) << 24) >> 24) * scale;
    } else {
      for (let i = from; i < from + width; i += 2) {
        const pair = packed[numbers + (i >> 1)] as number;
        out[i] = ((pair << 28) >> 28) * scale;
        out[i + 1] = ((pair << 24) >> 28) * scale;
      }
    }
  }
}

/** CRC-32 over parts in turn: tells damage, not malice. */
export function checksum(...parts: readonly Uint8Array[]): number {
  let crc = 0;
  for (const part of parts) crc = crc32(part, crc);
  return crc;
}
