import { ByteReader, ByteWriter } from "../memory/bytes.ts";
import { encodeTrits, tritBytes } from "../memory/codes.ts";
import type { MemoryDims } from "../memory/layout.ts";
import { decodeWrites, encodeWrites, type SegmentWrites, skipWrites } from "../memory/writes.ts";
import type { EncodedSegment } from "./records.ts";
import { MalformedRowError } from "./rows.ts";

/** Places of one block: enough that what a row costs is little for each, few enough to be written again with an edit. */
export const PLACES_PER_BLOCK = 64;

/** The longest segment that is told apart from longer ones, in words. */
const LONGEST = 255;

/** Resolution of a gist's share. */
const SHARES = 255;

/**
 * What the log knows of the segments at 64 places in a row: file, length in words, gist and writes. One blob for all:
 * a row for each segment would cost half as much again.
 */
export class LogBlock {
  /** By position: file, 0 where the place is free. */
  readonly files: Int32Array = new Int32Array(PLACES_PER_BLOCK);
  /** By position: length in words, at most 255. */
  readonly lengths: Uint8Array = new Uint8Array(PLACES_PER_BLOCK);
  /** By position: share of the gist that its code holds, 0..255 for 0..1 (`encodeTrits`). */
  readonly shares: Uint8Array = new Uint8Array(PLACES_PER_BLOCK);
  /** [PLACES_PER_BLOCK, tritBytes(G)] */
  readonly gists: Uint8Array;
  readonly #dims: MemoryDims;
  /** By position, encoded. */
  readonly #writes: (Uint8Array | undefined)[] = [];

  constructor(dims: MemoryDims) {
    this.#dims = dims;
    this.gists = new Uint8Array(PLACES_PER_BLOCK * tritBytes(dims.gistWidth));
  }

  /** Throws `MalformedRowError` if the bytes are no block. */
  static parse(data: Uint8Array, dims: MemoryDims): LogBlock {
    const block = new LogBlock(dims);
    try {
      block.#read(new ByteReader(data));
    } catch (error) {
      if (error instanceof RangeError) throw new MalformedRowError("data", "block of the log");
      throw error;
    }
    return block;
  }

  put(position: number, file: number, words: number, { gist, writes }: EncodedSegment): void {
    const bytes = tritBytes(this.#dims.gistWidth);
    const share = encodeTrits(gist, this.#dims.gistWidth, this.gists, position * bytes);
    this.shares[position] = Math.max(1, Math.round(share * SHARES));
    this.files[position] = file;
    this.lengths[position] = Math.min(LONGEST, words);
    this.#writes[position] = encodeWrites(writes, this.#dims.dMem);
  }

  clear(position: number): void {
    this.files[position] = 0;
    this.#writes[position] = undefined;
  }

  /** Writes of the segment at a position; undefined where the place is free. */
  writes(position: number): SegmentWrites | undefined {
    const encoded = this.#writes[position];
    return encoded === undefined ? undefined : decodeWrites(new ByteReader(encoded), this.#dims.dMem);
  }

  /** β of the writes at a position, without their keys. */
  betas(position: number): Uint8Array {
    const encoded = this.#writes[position];
    return encoded === undefined ? new Uint8Array(0) : skipWrites(new ByteReader(encoded), this.#dims.dMem);
  }

  /** How many segments it has, and how many writes these. */
  count(): { readonly segments: number; readonly writes: number } {
    const taken = Array.from(this.files.keys()).filter((position) => this.files[position] !== 0);
    return { segments: taken.length, writes: taken.reduce((sum, position) => sum + this.betas(position).length, 0) };
  }

  encode(): Uint8Array {
    const { gists } = this;
    const end = this.files.findLastIndex((file) => file !== 0) + 1;
    const bytes = tritBytes(this.#dims.gistWidth);
    const out = new ByteWriter();
    out.varint(end);
    for (let i = 0, before = 0; i < end; i++) {
      out.signed((this.files[i] as number) - before);
      before = this.files[i] as number;
    }
    for (let i = 0; i < end; i++) {
      const writes = this.#writes[i];
      if (writes === undefined) continue;
      out.byte(this.lengths[i] as number);
      out.byte(this.shares[i] as number);
      out.append(gists.subarray(i * bytes, (i + 1) * bytes));
      out.append(writes);
    }
    return out.done();
  }

  #read(data: ByteReader): void {
    const bytes = tritBytes(this.#dims.gistWidth);
    const end = data.varint();
    if (end > PLACES_PER_BLOCK) throw new RangeError("The block has too many places.");
    for (let i = 0, before = 0; i < end; i++) {
      before += data.signed();
      this.files[i] = before;
    }
    for (let i = 0; i < end; i++) {
      if (this.files[i] === 0) continue;
      this.lengths[i] = data.byte();
      this.shares[i] = data.byte();
      this.gists.set(data.take(bytes), i * bytes);
      const from = data.at;
      skipWrites(data, this.#dims.dMem);
      this.#writes[i] = data.since(from);
    }
    if (data.left > 0) throw new RangeError("The block is longer than it says.");
  }
}
