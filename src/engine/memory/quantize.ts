import { crc32 } from "node:zlib";
import type { StateBits } from "./layout.ts";

/** Bytes of a packed state of `rows` × `width` numbers: a float32 scale a row, then its numbers. */
export function packedStateBytes(rows: number, width: number, bits: StateBits): number {
  return rows * 4 + (rows * width * bits) / 8;
}

/**
 * Quantises a state [rows, width] with one scale per row, symmetric about zero. The lab found int4 as good as float32
 * for recall. Layout: `rows` float32 scales (little-endian), then the numbers row by row; int4 holds two a byte, the
 * first in the low half. `width` must be even.
 */
export function packState(state: Float32Array, rows: number, width: number, bits: StateBits): Uint8Array {
  const out = new Uint8Array(packedStateBytes(rows, width, bits));
  const view = new DataView(out.buffer);
  const most = bits === 8 ? 127 : 7;
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    let largest = 0;
    for (let i = from; i < from + width; i++) largest = Math.max(largest, Math.abs(state[i] as number));
    // Rounded to float32 first, so that packing an unpacked state gives the same bytes.
    const scale = Math.fround(largest / most);
    view.setFloat32(row * 4, scale, true);
    if (scale === 0) continue;
    if (bits === 8) {
      for (let i = 0; i < width; i++) out[rows * 4 + from + i] = level(state[from + i] as number, scale, most) & 0xff;
    } else {
      for (let i = 0; i < width; i += 2) {
        const low = level(state[from + i] as number, scale, most) & 0xf;
        const high = level(state[from + i + 1] as number, scale, most) & 0xf;
        out[rows * 4 + ((from + i) >> 1)] = low | (high << 4);
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
  for (let row = 0; row < rows; row++) {
    const scale = view.getFloat32(row * 4, true);
    const from = row * width;
    if (bits === 8) {
      for (let i = from; i < from + width; i++) out[i] = (((packed[rows * 4 + i] as number) << 24) >> 24) * scale;
    } else {
      for (let i = from; i < from + width; i += 2) {
        const pair = packed[rows * 4 + (i >> 1)] as number;
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
