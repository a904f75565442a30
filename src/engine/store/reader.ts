import type { DatabaseSync, StatementSync } from "node:sqlite";
import { decodeWrites, type SegmentWrites } from "../memory/writes.ts";
import type { FileRecord, PackedGists, SegmentRecord } from "./records.ts";
import { blobOf, int8Of, numberOf, type Row, textOf } from "./rows.ts";
import type { StateIdentity } from "./schema.ts";

const SEGMENT_COLUMNS =
  "s.id, s.file, f.path, s.ordinal, s.char_from, s.char_to, s.byte_from, s.byte_to, s.line_from, s.line_to, s.symbol, " +
  "s.hash, s.tokens, s.shard, s.position";

/** Reads files, segments, gists and writes. */
export class Reader {
  readonly #identity: StateIdentity;
  readonly #files: StatementSync;
  readonly #file: StatementSync;
  readonly #segment: StatementSync;
  readonly #segmentsOfFile: StatementSync;
  readonly #segmentHashes: StatementSync;
  readonly #gists: StatementSync;
  readonly #writes: StatementSync;
  readonly #count: StatementSync;
  readonly #knownBytes: StatementSync;
  readonly #segmentsUnder: StatementSync;

  constructor(db: DatabaseSync, identity: StateIdentity) {
    this.#identity = identity;
    this.#files = db.prepare("SELECT id, path, size, mtime_ms, hash, lines, segments FROM files ORDER BY path");
    this.#file = db.prepare("SELECT id, path, size, mtime_ms, hash, lines, segments FROM files WHERE path = ?");
    const from = `SELECT ${SEGMENT_COLUMNS} FROM segments s JOIN files f ON f.id = s.file`;
    this.#segment = db.prepare(`${from} WHERE s.id = ?`);
    this.#segmentsOfFile = db.prepare(`${from} WHERE f.path = ? ORDER BY s.ordinal`);
    this.#segmentHashes = db.prepare(
      "SELECT s.hash FROM segments s JOIN files f ON f.id = s.file WHERE f.path = ? ORDER BY s.ordinal",
    );
    this.#gists = db.prepare("SELECT id, gist_scale, gist FROM segments ORDER BY id");
    this.#writes = db.prepare("SELECT log FROM writes WHERE segment = ?");
    this.#count = db.prepare("SELECT count(*) AS n FROM segments");
    this.#knownBytes = db.prepare("SELECT coalesce(sum(size), 0) AS n FROM files");
    this.#segmentsUnder = db.prepare(
      "SELECT s.id FROM segments s JOIN files f ON f.id = s.file WHERE f.path = ? OR (f.path > ? AND f.path < ?)",
    );
  }

  files(): FileRecord[] {
    return this.#files.all().map(fileOf);
  }

  file(path: string): FileRecord | undefined {
    const row = this.#file.get(path);
    return row === undefined ? undefined : fileOf(row);
  }

  /** Those of the segments that exist, in the order asked. */
  segments(ids: readonly number[]): SegmentRecord[] {
    return ids.flatMap((id) => this.#segment.all(id).map(segmentOf));
  }

  segmentsOfFile(path: string): SegmentRecord[] {
    return this.#segmentsOfFile.all(path).map(segmentOf);
  }

  segmentHashes(path: string): string[] {
    return this.#segmentHashes.all(path).map((row) => textOf(row, "hash"));
  }

  segmentsUnder(paths: readonly string[]): Set<number> {
    const ids = new Set<number>();
    for (const path of paths) {
      const name = path.replace(/\/+$/, "");
      // "0" follows "/" in the order of the paths.
      for (const row of this.#segmentsUnder.iterate(name, `${name}/`, `${name}0`)) ids.add(numberOf(row, "id"));
    }
    return ids;
  }

  knownBytes(): number {
    return numberOf(this.#knownBytes.get() ?? {}, "n");
  }

  gists(): PackedGists {
    const width = this.#identity.dims.gistWidth;
    const count = numberOf(this.#count.get() ?? {}, "n");
    const ids = new Int32Array(count);
    const vectors = new Int8Array(count * width);
    const scales = new Float32Array(count);
    let at = 0;
    for (const row of this.#gists.iterate()) {
      ids[at] = numberOf(row, "id");
      scales[at] = numberOf(row, "gist_scale");
      vectors.set(int8Of(blobOf(row, "gist")), at * width);
      at++;
    }
    return { ids, vectors, scales };
  }

  /** Writes of a segment; undefined if there is no such segment. */
  writes(segment: number): SegmentWrites | undefined {
    const row = this.#writes.get(segment);
    return row === undefined ? undefined : decodeWrites(blobOf(row, "log"), this.#identity.dims.dMem);
  }
}

function fileOf(row: Row): FileRecord {
  return {
    id: numberOf(row, "id"),
    path: textOf(row, "path"),
    size: numberOf(row, "size"),
    mtimeMs: numberOf(row, "mtime_ms"),
    hash: textOf(row, "hash"),
    lines: numberOf(row, "lines"),
    segments: numberOf(row, "segments"),
  };
}

function segmentOf(row: Row): SegmentRecord {
  return {
    id: numberOf(row, "id"),
    file: numberOf(row, "file"),
    path: textOf(row, "path"),
    ordinal: numberOf(row, "ordinal"),
    charFrom: numberOf(row, "char_from"),
    charTo: numberOf(row, "char_to"),
    byteFrom: numberOf(row, "byte_from"),
    byteTo: numberOf(row, "byte_to"),
    lineFrom: numberOf(row, "line_from"),
    lineTo: numberOf(row, "line_to"),
    symbol: textOf(row, "symbol"),
    hash: textOf(row, "hash"),
    tokens: numberOf(row, "tokens"),
    shard: numberOf(row, "shard"),
    position: numberOf(row, "position"),
  };
}
