import { ArmtError } from "../errors.ts";
import { type ByteReader, ByteWriter } from "./bytes.ts";
import { decodeSigns, encodeSigns, signBytes } from "./codes.ts";

/**
 * The writes of one segment: row i is the write of slot i. What is read back from the log has keys of ±1 and β in steps.
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

/** β is logged as one of 16 levels: its place above or below the threshold and its rank are all that is used of it. */
const BETA_STEP = 17;

/**
 * What the log keeps of a segment: count, β (half a byte each), anchors (about a byte), then the signs of each key.
 * φ takes products of neighbouring numbers where the signs of question and key agree, so signs are most of a key: 8
 * bytes instead of 64 (models/training/experiments.md).
 */
export function encodeWrites(writes: SegmentWrites, dMem: number): Uint8Array {
  const count = writes.betas.length;
  if (writes.keys.length !== count * dMem || writes.anchors.length !== count) {
    throw new InvalidWritesError("keys, β and anchors are not equally many");
  }
  const out = new ByteWriter();
  out.varint(count);
  for (let i = 0; i < count; i += 2) out.byte(levelOf(writes.betas[i]) | (levelOf(writes.betas[i + 1]) << 4));
  let before = 0;
  for (const anchor of writes.anchors) {
    out.signed(anchor - before);
    before = anchor;
  }
  const keys = new Uint8Array(count * signBytes(dMem));
  for (let i = 0; i < count; i++) encodeSigns(writes.keys, i * dMem, dMem, keys, i * signBytes(dMem));
  out.append(keys);
  return out.done();
}

function levelOf(beta: number | undefined): number {
  return Math.round((beta ?? 0) / BETA_STEP);
}

/** The writes of a segment as the log has them, from where `log` stands. Throws `RangeError` if the bytes end too early. */
export function decodeWrites(log: ByteReader, dMem: number): SegmentWrites {
  const { count, betas } = readBetas(log);
  const anchors = new Uint16Array(count);
  for (let i = 0, before = 0; i < count; i++) {
    before += log.signed();
    anchors[i] = before;
  }
  const signs = log.take(count * signBytes(dMem));
  const keys = new Int8Array(count * dMem);
  for (let i = 0; i < count; i++) decodeSigns(signs, i * signBytes(dMem), dMem, keys, i * dMem);
  return { betas, anchors, keys };
}

/** Passes over the writes of a segment; returns their β. Throws `RangeError` if the bytes end too early. */
export function skipWrites(log: ByteReader, dMem: number): Uint8Array {
  const { count, betas } = readBetas(log);
  for (let i = 0; i < count; i++) log.signed();
  log.take(count * signBytes(dMem));
  return betas;
}

function readBetas(log: ByteReader): { count: number; betas: Uint8Array } {
  const count = log.varint();
  const levels = log.take(Math.ceil(count / 2));
  const betas = new Uint8Array(count);
  for (let i = 0; i < count; i++) betas[i] = (((levels[i >> 1] as number) >> (4 * (i & 1))) & 15) * BETA_STEP;
  return { count, betas };
}

/** Whether any write is strong enough to be in the shard's state. */
export function anyLive(betas: Uint8Array, betaThreshold: number): boolean {
  return betas.some((beta) => beta / 255 > betaThreshold);
}
