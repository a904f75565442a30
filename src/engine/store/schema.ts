import type { DatabaseSync } from "node:sqlite";
import type { FactsLayout, MemoryDims } from "../memory/layout.ts";
import { textOf } from "./rows.ts";

/** Raised with every change of the tables or of the blobs in them. */
export const FORMAT_VERSION = 1;

/** "ARMT", in the database header: tells our files from other programs'. */
export const APPLICATION_ID = 0x41524d54;

/** What a state was made with; another identity means that nothing in it can be used with this model. */
export interface StateIdentity {
  readonly modelHash: string;
  readonly dims: MemoryDims;
  readonly factsLayout: FactsLayout;
}

/** `segments.mask` has a bit per slot whose write is in the shard's state; `crc` covers gist and writes. */
const TABLES = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE files (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  mtime_ms REAL NOT NULL,
  hash TEXT NOT NULL,
  lines INTEGER NOT NULL,
  segments INTEGER NOT NULL
) STRICT;
CREATE TABLE segments (
  id INTEGER PRIMARY KEY,
  file INTEGER NOT NULL REFERENCES files (id),
  ordinal INTEGER NOT NULL,
  char_from INTEGER NOT NULL,
  char_to INTEGER NOT NULL,
  byte_from INTEGER NOT NULL,
  byte_to INTEGER NOT NULL,
  line_from INTEGER NOT NULL,
  line_to INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  hash TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  shard INTEGER NOT NULL,
  position INTEGER NOT NULL,
  mask INTEGER NOT NULL,
  gist_scale REAL NOT NULL,
  gist BLOB NOT NULL,
  crc INTEGER NOT NULL
) STRICT;
CREATE INDEX segments_file ON segments (file, ordinal);
CREATE UNIQUE INDEX segments_place ON segments (shard, position);
CREATE TABLE writes (segment INTEGER PRIMARY KEY REFERENCES segments (id), log BLOB NOT NULL) STRICT;
CREATE TABLE shards (
  id INTEGER PRIMARY KEY,
  live INTEGER NOT NULL,
  rest INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  state BLOB NOT NULL
) STRICT;
CREATE TABLE chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, created REAL NOT NULL, json TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE fts USING fts5 (
  path, symbol, body, content = '', contentless_delete = 1, tokenize = 'porter unicode61'
);
`;

/** Settings of a connection that writes: WAL with NORMAL survives a killed process at any instant. */
export function configureWriter(db: DatabaseSync): void {
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
