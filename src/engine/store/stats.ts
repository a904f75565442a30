import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { StoreStats } from "./records.ts";
import { numberOf, scalar, textOf } from "./rows.ts";

/** Counts, and the bytes of each part by the pages it takes in the file. */
export function readStats(db: DatabaseSync, file: string): StoreStats {
  const bytes = { meta: 0, files: 0, log: 0, shards: 0, fts: 0, chats: 0, total: 0 };
  const pages = db.prepare(
    "SELECT m.tbl_name AS part, sum(s.pgsize) AS size FROM dbstat s LEFT JOIN sqlite_schema m ON m.name = s.name GROUP BY 1",
  );
  for (const row of pages.iterate()) {
    const part = row["part"] === null ? "sqlite_schema" : textOf(row, "part");
    const size = numberOf(row, "size");
    if (part.startsWith("fts")) bytes.fts += size;
    else if (isPart(part, bytes)) bytes[part] += size;
    else bytes.meta += size;
  }
  for (const name of [file, `${file}-wal`]) bytes.total += statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  return {
    files: scalar(db, "SELECT count(*) FROM files"),
    segments: scalar(db, "SELECT coalesce(sum(segments), 0) FROM log"),
    writes: scalar(db, "SELECT coalesce(sum(writes), 0) FROM log"),
    liveWrites: scalar(db, "SELECT coalesce(sum(live), 0) FROM shards"),
    shards: scalar(db, "SELECT count(*) FROM shards"),
    shardsAtRest: scalar(db, "SELECT coalesce(sum(rest), 0) FROM shards"),
    tokens: scalar(db, "SELECT coalesce(sum(tokens), 0) FROM files"),
    bytes,
  };
}

function isPart<T extends object>(name: string, parts: T): name is string & keyof T {
  return Object.hasOwn(parts, name);
}
