import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { FileRecord, SegmentRecord } from "./records.ts";
import { blobOf, numberOf, type Row, textOf } from "./rows.ts";
import { decodeList } from "./segment-list.ts";

const FILE_COLUMNS = "id, path, size, mtime_ms, hash, lines, segments";

/** Reads files and their lists of segments. */
export class Reader {
  readonly #files: StatementSync;
  readonly #file: StatementSync;
  readonly #listOfPath: StatementSync;
  readonly #listOfFile: StatementSync;
  readonly #knownBytes: StatementSync;
  readonly #filesUnder: StatementSync;

  constructor(db: DatabaseSync) {
    this.#files = db.prepare(`SELECT ${FILE_COLUMNS} FROM files ORDER BY path`);
    this.#file = db.prepare(`SELECT ${FILE_COLUMNS} FROM files WHERE path = ?`);
    this.#listOfPath = db.prepare("SELECT id, path, list FROM files WHERE path = ?");
    this.#listOfFile = db.prepare("SELECT id, path, list FROM files WHERE id = ?");
    this.#knownBytes = db.prepare("SELECT coalesce(sum(size), 0) AS n FROM files");
    this.#filesUnder = db.prepare("SELECT id FROM files WHERE path = ? OR (path > ? AND path < ?)");
  }

  files(): FileRecord[] {
    return this.#files.all().map(fileOf);
  }

  file(path: string): FileRecord | undefined {
    const row = this.#file.get(path);
    return row === undefined ? undefined : fileOf(row);
  }

  /** Segments of a file by its number, in order. */
  segmentsOf(file: number): SegmentRecord[] {
    return this.#listOfFile.all(file).flatMap(segmentsOf);
  }

  segmentsOfPath(path: string): SegmentRecord[] {
    return this.#listOfPath.all(path).flatMap(segmentsOf);
  }

  filesUnder(paths: readonly string[]): Set<number> {
    const ids = new Set<number>();
    for (const path of paths) {
      const name = path.replace(/\/+$/, "");
      // "0" follows "/" in the order of the paths.
      for (const row of this.#filesUnder.iterate(name, `${name}/`, `${name}0`)) ids.add(numberOf(row, "id"));
    }
    return ids;
  }

  knownBytes(): number {
    return numberOf(this.#knownBytes.get() ?? {}, "n");
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

function segmentsOf(row: Row): SegmentRecord[] {
  const place = { file: numberOf(row, "id"), path: textOf(row, "path") };
  return decodeList(blobOf(row, "list")).map((segment, ordinal) => ({ ...segment, ...place, ordinal }));
}
