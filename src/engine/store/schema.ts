import type { DatabaseSync } from "node:sqlite";
import type { FactsLayout, MemoryDims } from "../memory/layout.ts";
import { textOf } from "./rows.ts";

/** Raised with every change of the tables or of the blobs in them. */
export const FORMAT_VERSION = 2;

/** "ARMT", in the database header: tells our files from other programs'. */
export const APPLICATION_ID = 0x41524d54;

/** Small pages: a dozen tables and indexes each leave half of their last one empty, and large blobs theirs. */
const PAGE_BYTES = 1024;

/** What a state was made with; another identity means that nothing in it can be used with this model. */
export interface StateIdentity {
  readonly modelHash: string;
  readonly dims: MemoryDims;
  readonly factsLayout: FactsLayout;
}

/**
 * `files.list` has a file's segments (`segment-list.ts`), `log.data` what the memory keeps of up to 64 of them
 * (`log-block.ts`); `log.segments` and `log.writes` count.
 */
const TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE files (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  mtime_ms REAL NOT NULL,
  hash TEXT NOT NULL,
  lines INTEGER NOT NULL,
  segments INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  list BLOB NOT NULL
) STRICT;
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  segments INTEGER NOT NULL,
  writes INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE TABLE shards (
  id INTEGER PRIMARY KEY,
  live INTEGER NOT NULL,
  rest INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  state BLOB NOT NULL
) STRICT;
CREATE TABLE chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, created REAL NOT NULL, json TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE fts USING fts5 (
  words, content = '', contentless_delete = 1, detail = none, tokenize = 'porter ascii'
);
INSERT INTO fts (fts, rank) VALUES ('pgsz', ${PAGE_BYTES - 48});
`;

/**
 * Settings of a connection that writes: WAL with NORMAL survives a killed process at any instant. The first two hold
 * for a new file only.
 */
export function configureWriter(db: DatabaseSync): void {
  db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL;`);
  db.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;" +
      "PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 16777216;",
  );
}

/** Makes the tables in one transaction: a file has either all of them or none. */
export function createSchema(db: DatabaseSync, identity: StateIdentity, createdBy: string): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    db.exec(TABLES);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT_VERSION};`);
    const put = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
    put.run("model", identity.modelHash);
    put.run("layout", layoutKey(identity));
    put.run("created", new Date().toISOString());
    put.run("createdBy", createdBy);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** Dims and layout as one string with a fixed order of keys. */
export function layoutKey({ dims, factsLayout }: StateIdentity): string {
  return JSON.stringify([
    dims.dMem,
    dims.nu,
    dims.valueWidth,
    dims.gistWidth,
    factsLayout.slotsPerSegment,
    factsLayout.segmentsPerShard,
    factsLayout.codeSeed,
    factsLayout.lambda,
    factsLayout.betaThreshold,
    factsLayout.stateBits,
  ]);
}

export function readMeta(db: DatabaseSync, key: string): string | undefined {
  const row = db.prepare("SELECT value FROM meta WHERE key = ?").get(key);
  return row === undefined ? undefined : textOf(row, "value");
}

export function writeMeta(db: DatabaseSync, key: string, value: string | undefined): void {
  if (value === undefined) db.prepare("DELETE FROM meta WHERE key = ?").run(key);
  else
    db.prepare(
      "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    ).run(key, value);
}
