import { ArmtError } from "../errors.ts";

/**
 * The writes of one segment as the log keeps them: row i is the write of slot i.
 * A key has no scale, because φ has unit length.
 */
export interface SegmentWrites {
  /** Keys [count, dMem], int8. */
  readonly keys: Int8Array;
  /** β of each write, 0..255 for 0..1. */
  readonly betas: Uint8Array;
  /** Token (from 0, in the segment's code) that each write is anchored on. */
  readonly anchors: Uint16Array;
}

/** Writes that do not fit the layout of the state. */
export class InvalidWritesError extends ArmtError {
  constructor(reason: string) {
    super(
      "invalid-writes",
      `The model's writes cannot be stored: ${reason}. Use a bundle that matches its config.json.`,
    );
  }
}

/** Writes of a segment that has none. */
export const NO_WRITES: SegmentWrites = {
  keys: new Int8Array(0),
  betas: new Uint8Array(0),
  anchors: new Uint16Array(0),
};

/**
 * Quantises a step's writes for the log.
 *
 * @param keys [count, dMem] before φ
 * @param betas [count], 0..1
 * @param anchors [count] token positions
 */
export function quantizeWrites(
  keys: Float32Array,
  betas: ArrayLike<number>,
  anchors: ArrayLike<number>,
  dMem: number,
): SegmentWrites {
  const count = betas.length;
  if (keys.length !== count * dMem || anchors.length !== count) {
    throw new InvalidWritesError(`${keys.length} key numbers, ${count} β and ${anchors.length} anchors do not agree`);
  }
  const packed = new Int8Array(count * dMem);
  for (let row = 0; row < count; row++) quantizeRow(keys, row * dMem, dMem, packed, row * dMem);
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = Math.round(Math.min(1, Math.max(0, betas[i] as number)) * 255);
  return { keys: packed, betas: bytes, anchors: Uint16Array.from(anchors) };
}

/**
 * Scales a vector to int8 by its largest magnitude, into `out`; returns the scale (`x ≈ out · scale`).
 * A vector with a number that is not finite is refused, so that none reaches the state.
 */
export function quantizeRow(x: Float32Array, at: number, width: number, out: Int8Array, outAt = 0): number {
  let most = 0;
  for (let i = 0; i < width; i++) {
    const magnitude = Math.abs(x[at + i] as number);
    if (!Number.isFinite(magnitude)) throw new InvalidWritesError("a vector holds a number that is not finite");
    if (magnitude > most) most = magnitude;
  }
  if (most === 0) {
    out.fill(0, outAt, outAt + width);
    return 0;
  }
  for (let i = 0; i < width; i++) out[outAt + i] = Math.round(((x[at + i] as number) / most) * 127);
  return most / 127;
}

/** Bytes that one write takes in the log: key, β and anchor; the slot is its place. */
export function bytesPerWrite(dMem: number): number {
  return dMem + 3;
}

/**
 * One blob per segment: all β, all anchors (little-endian), then all keys. One blob of 12 writes is 804 bytes; a row
 * per write would add a row header, a segment id, a slot and an index entry, about a third more, and be read 12 times.
 */
export function encodeWrites(writes: SegmentWrites, dMem: number): Uint8Array {
  const count = writes.betas.length;
  if (writes.keys.length !== count * dMem || writes.anchors.length !== count) {
    throw new InvalidWritesError("keys, β and anchors are not equally many");
  }
  const blob = new Uint8Array(count * bytesPerWrite(dMem));
  const view = new DataView(blob.buffer);
  blob.set(writes.betas);
  for (let i = 0; i < count; i++) view.setUint16(count + 2 * i, writes.anchors[i] as number, true);
  blob.set(new Uint8Array(writes.keys.buffer, writes.keys.byteOffset, writes.keys.length), 3 * count);
  return blob;
}

/** Inverse of `encodeWrites`. Throws `InvalidWritesError` on a length that no number of writes has. */
export function decodeWrites(blob: Uint8Array, dMem: number): SegmentWrites {
  const count = blob.length / bytesPerWrite(dMem);
  if (!Number.isInteger(count)) throw new InvalidWritesError(`a blob of ${blob.length} bytes holds no whole writes`);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const anchors = new Uint16Array(count);
  for (let i = 0; i < count; i++) anchors[i] = view.getUint16(count + 2 * i, true);
  return {
    betas: blob.slice(0, count),
    anchors,
    keys: new Int8Array(blob.buffer, blob.byteOffset + 3 * count, count * dMem).slice(),
  };
}

/** Bit i is set if the write of slot i is strong enough to be in the shard's state. */
export function liveMask(betas: Uint8Array, betaThreshold: number): number {
  let mask = 0;
  for (let i = 0; i < betas.length; i++) if ((betas[i] as number) / 255 > betaThreshold) mask |= 1 << i;
  return mask >>> 0;
}
