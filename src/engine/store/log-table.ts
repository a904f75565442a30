import type { DatabaseSync, StatementSync } from "node:sqlite";
import { checksum } from "../memory/quantize.ts";
import type { SegmentWrites } from "../memory/writes.ts";
import { LogBlock, PLACES_PER_BLOCK } from "./log-block.ts";
import type { EncodedSegment } from "./records.ts";
import { blobOf, MalformedRowError, numberOf } from "./rows.ts";
import type { StateIdentity } from "./schema.ts";

/** Blocks kept after they were read or written; places are given from the lowest on, so few are in use at a time. */
const BLOCKS_KEPT = 32;

/** Id of the segment at a place, counted through all shards. Segments have no other: 0 is none. */
export function segmentAt(place: number): number {
  return place + 1;
}

export function placeOf(segment: number): number {
  return segment - 1;
}

/** A segment's writes in the log. */
export interface LoggedWrites {
  readonly place: number;
  readonly writes: SegmentWrites;
}

/** Reads and writes the log, a block of places at a time. Changes wait for `flush`. */
export class LogTable {
  readonly #identity: StateIdentity;
  readonly #blocks = new Map<number, LogBlock>();
  readonly #changed = new Set<number>();
  readonly #select: StatementSync;
  readonly #last: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, identity: StateIdentity) {
    this.#identity = identity;
    this.#select = db.prepare("SELECT crc, data FROM log WHERE id = ?");
    this.#last = db.prepare("SELECT coalesce(max(id), -1) AS last FROM log");
    this.#put = db.prepare(
      "INSERT INTO log (id, segments, writes, crc, data) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
        "segments = excluded.segments, writes = excluded.writes, crc = excluded.crc, data = excluded.data",
    );
    this.#delete = db.prepare("DELETE FROM log WHERE id = ?");
  }

  put(place: number, file: number, words: number, encoded: EncodedSegment): void {
    this.#change(place).put(place % PLACES_PER_BLOCK, file, words, encoded);
  }

  clear(place: number): void {
    this.#change(place).clear(place % PLACES_PER_BLOCK);
  }

  /** The free places of a block. */
  free(id: number): number[] {
    const { files } = this.#block(id);
    return Array.from(files.keys())
      .filter((position) => files[position] === 0)
      .map((position) => id * PLACES_PER_BLOCK + position);
  }

  /** Writes of the segments at the places `from .. to-1`, in order. Throws `MalformedRowError` on damage. */
  *writes(from: number, to: number): Generator<LoggedWrites> {
    const end = Math.min(to, (this.#lastBlock() + 1) * PLACES_PER_BLOCK);
    for (let place = from; place < end; place++) {
      const writes = this.#block(Math.floor(place / PLACES_PER_BLOCK)).writes(place % PLACES_PER_BLOCK);
      if (writes !== undefined) yield { place, writes };
    }
  }

  /** Writes the changed blocks to the database. */
  flush(): void {
    for (const id of this.#changed) {
      const block = this.#block(id);
      const { segments, writes } = block.count();
      if (segments === 0) {
        this.#delete.run(id);
        continue;
      }
      const data = block.encode();
      this.#put.run(id, segments, writes, checksum(data), data);
    }
    this.#changed.clear();
    for (const id of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS_KEPT) break;
      this.#blocks.delete(id);
    }
  }

  /** Forgets what a rolled-back transaction did. */
  forget(): void {
    this.#changed.clear();
    this.#blocks.clear();
  }

  #change(place: number): LogBlock {
    const id = Math.floor(place / PLACES_PER_BLOCK);
    this.#changed.add(id);
    return this.#block(id);
  }

  #block(id: number): LogBlock {
    const known = this.#blocks.get(id);
    if (known !== undefined) return known;
    const row = this.#select.get(id);
    const { dims } = this.#identity;
    const block = row === undefined ? new LogBlock(dims) : readBlock(blobOf(row, "data"), numberOf(row, "crc"), dims);
    this.#blocks.set(id, block);
    return block;
  }

  #lastBlock(): number {
    return Math.max(numberOf(this.#last.get() ?? {}, "last"), ...this.#changed);
  }
}

/** Parses a block whose checksum fits. Throws `MalformedRowError` otherwise. */
export function readBlock(data: Uint8Array, crc: number, dims: StateIdentity["dims"]): LogBlock {
  if (checksum(data) !== crc) throw new MalformedRowError("data", "intact block of the log");
  return LogBlock.parse(data, dims);
}
