import type { DatabaseSync, StatementSync } from "node:sqlite";
import { anyLive, type SegmentWrites } from "../memory/writes.ts";
import { type LogBlock, PLACES_PER_BLOCK } from "./log-block.ts";
import { placeOf, readBlock, segmentAt } from "./log-table.ts";
import { blobOf, numberOf } from "./rows.ts";
import type { StateIdentity } from "./schema.ts";

/** A block with the checksum that it was read with. */
interface KnownBlock {
  readonly crc: number;
  readonly block: LogBlock;
  /** By position: 1 if a write of the segment is in the shard's state. */
  readonly live: Uint8Array;
}

/**
 * The log in memory: gist and writes of every segment, as they are stored. `refresh` reads the blocks that changed, so
 * that a saved file costs its own blocks and not the workspace's.
 */
export class SegmentMemory {
  readonly #identity: StateIdentity;
  readonly #blocks = new Map<number, KnownBlock>();
  readonly #sums: StatementSync;
  readonly #select: StatementSync;
  #end = 0;
  #segments = 0;
  #words = 0;

  constructor(db: DatabaseSync, identity: StateIdentity) {
    this.#identity = identity;
    this.#sums = db.prepare("SELECT id, crc FROM log ORDER BY id");
    this.#sums.setReturnArrays(true);
    this.#select = db.prepare("SELECT crc, data FROM log WHERE id = ?");
  }

  /** Throws `MalformedRowError` if a block is damaged. */
  refresh(): void {
    const gone = new Set(this.#blocks.keys());
    for (const row of this.#sums.iterate()) {
      const id = numberOf(row, "0");
      gone.delete(id);
      if (this.#blocks.get(id)?.crc !== numberOf(row, "1")) this.#read(id);
    }
    for (const id of gone) this.#blocks.delete(id);
    this.#end = (Math.max(-1, ...this.#blocks.keys()) + 1) * PLACES_PER_BLOCK;
    this.#segments = 0;
    this.#words = 0;
    for (const { block } of this.#blocks.values()) {
      for (const [position, file] of block.files.entries()) {
        if (file === 0) continue;
        this.#segments++;
        this.#words += block.lengths[position] as number;
      }
    }
  }

  /** Above every segment's id. */
  get end(): number {
    return this.#end + 1;
  }

  /** Count of segments. */
  get segments(): number {
    return this.#segments;
  }

  /** Mean length of a segment in words. */
  get meanLength(): number {
    return this.#segments === 0 ? 0 : this.#words / this.#segments;
  }

  /** All blocks; the segment at position i of one has the id `first + i`, and is there if `files[i]` is not 0. */
  *blocks(): Generator<{ readonly first: number; readonly block: LogBlock }> {
    for (const [id, { block }] of this.#blocks) yield { first: segmentAt(id * PLACES_PER_BLOCK), block };
  }

  /** Ids of all segments, by place. */
  ids(): number[] {
    const ids: number[] = [];
    for (const { first, block } of this.blocks()) {
      for (const [position, file] of block.files.entries()) if (file !== 0) ids.push(first + position);
    }
    return ids.sort((a, b) => a - b);
  }

  /** File of a segment; 0 if there is none. */
  fileOf(segment: number): number {
    return this.#at(segment)?.block.files[placeOf(segment) % PLACES_PER_BLOCK] ?? 0;
  }

  /** Length in words. */
  lengthOf(segment: number): number {
    return this.#at(segment)?.block.lengths[placeOf(segment) % PLACES_PER_BLOCK] ?? 0;
  }

  /** Undefined if there is no such segment. */
  writesOf(segment: number): SegmentWrites | undefined {
    return this.#at(segment)?.block.writes(placeOf(segment) % PLACES_PER_BLOCK);
  }

  /** 1 if a write of the segment is in the shard's state. */
  liveOf(segment: number): number {
    return this.#at(segment)?.live[placeOf(segment) % PLACES_PER_BLOCK] ?? 0;
  }

  #at(segment: number): KnownBlock | undefined {
    return this.#blocks.get(Math.floor(placeOf(segment) / PLACES_PER_BLOCK));
  }

  #read(id: number): void {
    const { dims, factsLayout } = this.#identity;
    const row = this.#select.get(id) ?? {};
    const crc = numberOf(row, "crc");
    const block = readBlock(blobOf(row, "data"), crc, dims);
    const live = new Uint8Array(PLACES_PER_BLOCK);
    for (let i = 0; i < live.length; i++) live[i] = anyLive(block.betas(i), factsLayout.betaThreshold) ? 1 : 0;
    this.#blocks.set(id, { crc, block, live });
  }
}
