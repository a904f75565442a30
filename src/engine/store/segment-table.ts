import type { DatabaseSync, StatementSync } from "node:sqlite";
import { checksum } from "../memory/quantize.ts";
import { encodeWrites, InvalidWritesError, liveMask } from "../memory/writes.ts";
import { MissingEncodingError } from "./errors.ts";
import { Places } from "./places.ts";
import type { EncodedSegment, FileInput, ReplaceReport, SegmentInput } from "./records.ts";
import { bytesOf, numberOf, textOf } from "./rows.ts";
import type { StateIdentity } from "./schema.ts";
import type { ShardTable } from "./shard-table.ts";

/** A stored segment that a new version of its file may keep. */
interface Kept {
  readonly id: number;
  readonly shard: number;
  readonly position: number;
}

/** Writes files with their segments, writes and lexical rows. Call inside a transaction only. */
export class SegmentTable {
  readonly #identity: StateIdentity;
  readonly #shards: ShardTable;
  readonly #db: DatabaseSync;
  #places: Places | undefined;
  readonly #putFile: StatementSync;
  readonly #selectFile: StatementSync;
  readonly #deleteFile: StatementSync;
  readonly #selectSegments: StatementSync;
  readonly #insert: StatementSync;
  readonly #move: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertWrites: StatementSync;
  readonly #deleteWrites: StatementSync;
  readonly #insertText: StatementSync;
  readonly #deleteText: StatementSync;

  constructor(db: DatabaseSync, identity: StateIdentity, shards: ShardTable) {
    this.#db = db;
    this.#identity = identity;
    this.#shards = shards;
    this.#putFile = db.prepare(
      "INSERT INTO files (path, size, mtime_ms, hash, lines, segments) VALUES (?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ms = excluded.mtime_ms, hash = excluded.hash, " +
        "lines = excluded.lines, segments = excluded.segments RETURNING id",
    );
    this.#selectFile = db.prepare("SELECT id FROM files WHERE path = ?");
    this.#deleteFile = db.prepare("DELETE FROM files WHERE id = ?");
    this.#selectSegments = db.prepare("SELECT id, hash, shard, position FROM segments WHERE file = ? ORDER BY ordinal");
    this.#insert = db.prepare(
      "INSERT INTO segments (file, ordinal, char_from, char_to, byte_from, byte_to, line_from, line_to, symbol, hash, " +
        "tokens, shard, position, mask, gist_scale, gist, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#move = db.prepare(
      "UPDATE segments SET ordinal = ?, char_from = ?, char_to = ?, byte_from = ?, byte_to = ?, line_from = ?, " +
        "line_to = ? WHERE id = ?",
    );
    this.#delete = db.prepare("DELETE FROM segments WHERE id = ?");
    this.#insertWrites = db.prepare("INSERT INTO writes (segment, log) VALUES (?, ?)");
    this.#deleteWrites = db.prepare("DELETE FROM writes WHERE segment = ?");
    this.#insertText = db.prepare("INSERT INTO fts (rowid, path, symbol, body) VALUES (?, ?, ?, ?)");
    this.#deleteText = db.prepare("DELETE FROM fts WHERE rowid = ?");
  }

  /** Puts a file's present segments in the place of its former ones; those with an unchanged hash keep everything. */
  replace(file: FileInput, segments: readonly SegmentInput[]): ReplaceReport {
    const row = this.#putFile.get(file.path, file.size, file.mtimeMs, file.hash, file.lines, segments.length);
    if (row === undefined) throw new Error("INSERT … RETURNING gave no row");
    const fileId = numberOf(row, "id");
    const former = this.#formerByHash(fileId);
    const kept = segments.map((segment) => former.get(segment.hash)?.shift());
    let removed = 0;
    // Old places are freed before new ones are taken: an edit reuses its own.
    for (const rest of former.values()) {
      for (const segment of rest) {
        this.#drop(segment);
        removed++;
      }
    }
    let reused = 0;
    const segmentIds = segments.map((segment, ordinal) => {
      const old = kept[ordinal];
      if (old === undefined) {
        if (segment.encoded === undefined) throw new MissingEncodingError(file.path, ordinal);
        return this.#add(fileId, ordinal, segment, segment.encoded);
      }
      reused++;
      this.#move.run(ordinal, ...rangeOf(segment), old.id);
      return old.id;
    });
    return { file: fileId, reused, added: segments.length - reused, removed, segmentIds };
  }

  /** Returns how many segments went; undefined if the file was not known. */
  remove(path: string): number | undefined {
    const row = this.#selectFile.get(path);
    if (row === undefined) return undefined;
    const file = numberOf(row, "id");
    const segments = this.#selectSegments.all(file);
    for (const segment of segments) {
      this.#drop({
        id: numberOf(segment, "id"),
        shard: numberOf(segment, "shard"),
        position: numberOf(segment, "position"),
      });
    }
    this.#deleteFile.run(file);
    return segments.length;
  }

  /** Forgets what a rolled-back transaction did. */
  forget(): void {
    this.#places = undefined;
  }

  #formerByHash(file: number): Map<string, Kept[]> {
    const former = new Map<string, Kept[]>();
    for (const row of this.#selectSegments.iterate(file)) {
      const hash = textOf(row, "hash");
      const kept = { id: numberOf(row, "id"), shard: numberOf(row, "shard"), position: numberOf(row, "position") };
      const same = former.get(hash);
      if (same === undefined) former.set(hash, [kept]);
      else same.push(kept);
    }
    return former;
  }

  #add(file: number, ordinal: number, segment: SegmentInput, encoded: EncodedSegment): number {
    const { dims, factsLayout } = this.#identity;
    if (encoded.gist.length !== dims.gistWidth) {
      throw new InvalidWritesError(`a gist has ${encoded.gist.length} numbers instead of ${dims.gistWidth}`);
    }
    if (encoded.writes.betas.length > factsLayout.slotsPerSegment) {
      throw new InvalidWritesError(
        `a segment has ${encoded.writes.betas.length} writes for ${factsLayout.slotsPerSegment} slots`,
      );
    }
    const log = encodeWrites(encoded.writes, dims.dMem);
    const gist = bytesOf(encoded.gist);
    const place = this.#allPlaces().take();
    const { lastInsertRowid } = this.#insert.run(
      file,
      ordinal,
      ...rangeOf(segment),
      segment.symbol,
      segment.hash,
      segment.tokens,
      place.shard,
      place.position,
      liveMask(encoded.writes.betas, factsLayout.betaThreshold),
      encoded.gistScale,
      gist,
      checksum(gist, log),
    );
    const id = Number(lastInsertRowid);
    this.#insertWrites.run(id, log);
    this.#insertText.run(id, segment.lexical.path, segment.lexical.symbol, segment.lexical.body);
    this.#shards.touch(place.shard, place.position);
    return id;
  }

  #drop(segment: Kept): void {
    this.#deleteText.run(segment.id);
    this.#deleteWrites.run(segment.id);
    this.#delete.run(segment.id);
    this.#allPlaces().free(segment);
    this.#shards.touch(segment.shard, segment.position);
  }

  #allPlaces(): Places {
    this.#places ??= new Places(this.#db, this.#identity.factsLayout.segmentsPerShard);
    return this.#places;
  }
}

function rangeOf(segment: SegmentInput): [number, number, number, number, number, number] {
  return [segment.charFrom, segment.charTo, segment.byteFrom, segment.byteTo, segment.lineFrom, segment.lineTo];
}
