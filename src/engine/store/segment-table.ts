import type { DatabaseSync, StatementSync } from "node:sqlite";
import { InvalidWritesError } from "../memory/writes.ts";
import { MissingEncodingError } from "./errors.ts";
import { foldAccents } from "./lexical.ts";
import { type LogTable, placeOf, segmentAt } from "./log-table.ts";
import { Places } from "./places.ts";
import type { EncodedSegment, FileInput, ReplaceReport, SegmentInput } from "./records.ts";
import { blobOf, numberOf } from "./rows.ts";
import type { StateIdentity } from "./schema.ts";
import { decodeList, encodeList, type ListedSegment } from "./segment-list.ts";
import type { ShardTable } from "./shard-table.ts";

/** Writes files with their segments, writes and lexical rows. Call inside a transaction only. */
export class SegmentTable {
  readonly #identity: StateIdentity;
  readonly #log: LogTable;
  readonly #shards: ShardTable;
  readonly #db: DatabaseSync;
  #places: Places | undefined;
  readonly #putFile: StatementSync;
  readonly #putList: StatementSync;
  readonly #selectFile: StatementSync;
  readonly #deleteFile: StatementSync;
  readonly #insertText: StatementSync;
  readonly #deleteText: StatementSync;

  constructor(db: DatabaseSync, identity: StateIdentity, log: LogTable, shards: ShardTable) {
    this.#identity = identity;
    this.#log = log;
    this.#shards = shards;
    this.#db = db;
    this.#putFile = db.prepare(
      "INSERT INTO files (path, size, mtime_ms, hash, lines, segments, tokens, list) VALUES (?, ?, ?, ?, ?, ?, ?, x'') " +
        "ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ms = excluded.mtime_ms, hash = excluded.hash, " +
        "lines = excluded.lines, segments = excluded.segments, tokens = excluded.tokens RETURNING id",
    );
    this.#putList = db.prepare("UPDATE files SET list = ? WHERE id = ?");
    this.#selectFile = db.prepare("SELECT id, list FROM files WHERE path = ?");
    this.#deleteFile = db.prepare("DELETE FROM files WHERE id = ?");
    this.#insertText = db.prepare("INSERT INTO fts (rowid, words) VALUES (?, ?)");
    this.#deleteText = db.prepare("DELETE FROM fts WHERE rowid = ?");
  }

  /** Puts a file's present segments in the place of its former ones; those with an unchanged hash keep everything. */
  replace(file: FileInput, segments: readonly SegmentInput[]): ReplaceReport {
    const former = this.#formerByHash(file.path);
    const tokens = segments.reduce((sum, segment) => sum + segment.tokens, 0);
    const row = this.#putFile.get(file.path, file.size, file.mtimeMs, file.hash, file.lines, segments.length, tokens);
    if (row === undefined) throw new Error("INSERT … RETURNING gave no row");
    const fileId = numberOf(row, "id");
    const kept = segments.map((segment) => former.get(segment.hash)?.shift());
    let removed = 0;
    // Old places are freed before new ones are taken: an edit reuses its own.
    for (const rest of former.values()) {
      for (const id of rest) this.#drop(id);
      removed += rest.length;
    }
    const list = segments.map((segment, ordinal): ListedSegment => {
      const old = kept[ordinal];
      if (old !== undefined) return { ...segment, id: old };
      if (segment.encoded === undefined) throw new MissingEncodingError(file.path, ordinal);
      return { ...segment, id: this.#add(fileId, segment, segment.encoded) };
    });
    this.#putList.run(encodeList(list), fileId);
    const reused = kept.filter((id) => id !== undefined).length;
    const segmentIds = list.map(({ id }) => id);
    return { file: fileId, reused, added: segments.length - reused, removed, segmentIds };
  }

  /** Returns how many segments went; undefined if the file was not known. */
  remove(path: string): number | undefined {
    const row = this.#selectFile.get(path);
    if (row === undefined) return undefined;
    const segments = decodeList(blobOf(row, "list"));
    for (const { id } of segments) this.#drop(id);
    this.#deleteFile.run(numberOf(row, "id"));
    return segments.length;
  }

  /** Forgets what a rolled-back transaction did. */
  forget(): void {
    this.#places = undefined;
  }

  #formerByHash(path: string): Map<string, number[]> {
    const former = new Map<string, number[]>();
    const row = this.#selectFile.get(path);
    if (row === undefined) return former;
    for (const { hash, id } of decodeList(blobOf(row, "list"))) {
      const same = former.get(hash);
      if (same === undefined) former.set(hash, [id]);
      else same.push(id);
    }
    return former;
  }

  #add(file: number, { lexical }: SegmentInput, encoded: EncodedSegment): number {
    const { dims, factsLayout } = this.#identity;
    if (encoded.gist.length !== dims.gistWidth) {
      throw new InvalidWritesError(`a gist has ${encoded.gist.length} numbers instead of ${dims.gistWidth}`);
    }
    if (encoded.writes.betas.length > factsLayout.slotsPerSegment) {
      throw new InvalidWritesError(
        `a segment has ${encoded.writes.betas.length} writes for ${factsLayout.slotsPerSegment} slots`,
      );
    }
    const words = foldAccents(`${lexical.path} ${lexical.symbol} ${lexical.body}`);
    const place = this.#allPlaces().take();
    const id = segmentAt(place);
    this.#log.put(place, file, words.split(" ").length, encoded);
    this.#insertText.run(id, words);
    this.#shards.touch(place);
    return id;
  }

  #drop(id: number): void {
    const place = placeOf(id);
    // First, as it looks at the log when it is made.
    this.#allPlaces().free(place);
    this.#deleteText.run(id);
    this.#log.clear(place);
    this.#shards.touch(place);
  }

  #allPlaces(): Places {
    this.#places ??= new Places(this.#db, this.#log);
    return this.#places;
  }
}
