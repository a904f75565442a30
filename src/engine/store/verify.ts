import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { throwIfCancelled } from "../errors.ts";
import { checksum } from "../memory/quantize.ts";
import { bytesPerWrite, decodeWrites, liveMask } from "../memory/writes.ts";
import { blobOf, numberOf, textOf } from "./rows.ts";
import type { StateIdentity } from "./schema.ts";
import type { ShardTable } from "./shard-table.ts";

/** At most this many lines of one kind: one torn page can break thousands of rows. */
const LINES_PER_KIND = 20;

/**
 * Checks a state against itself: SQLite's own check, checksums, every shard's state against the one that its live
 * writes give, counts, orphans, the lexical index against the segments. Returns what is wrong, in words; empty if
 * nothing is. Yields to other work between shards.
 */
export async function verifyState(
  db: DatabaseSync,
  identity: StateIdentity,
  shards: ShardTable,
  signal?: AbortSignal,
): Promise<string[]> {
  const problems: string[] = [];
  for (const row of db.prepare(`PRAGMA integrity_check(${LINES_PER_KIND})`).all()) {
    const line = Object.values(row)[0];
    if (line !== "ok") problems.push(`database: ${String(line)}`);
  }
  if (problems.length > 0) return problems;
  problems.push(...orphans(db), ...brokenSegments(db, identity));
  for (const row of db.prepare("SELECT id, live, rest, crc, state FROM shards ORDER BY id").all()) {
    throwIfCancelled(signal);
    await nextTurn();
    const id = numberOf(row, "id");
    const state = blobOf(row, "state");
    if (checksum(state) !== numberOf(row, "crc")) problems.push(`shard ${id}: its state does not match its checksum`);
    try {
      const expected = shards.recompute(id, numberOf(row, "rest") === 1);
      if (Buffer.compare(expected.state, state) !== 0)
        problems.push(`shard ${id}: its state is not that of its writes`);
      if (expected.live !== numberOf(row, "live")) {
        problems.push(`shard ${id}: ${expected.live} live writes, ${numberOf(row, "live")} counted`);
      }
    } catch (error) {
      problems.push(
        `shard ${id}: its writes cannot be read (${error instanceof Error ? error.message : String(error)})`,
      );
    }
  }
  return problems;
}

/** Rows that point at nothing, and counts that do not agree. */
const RELATIONS: readonly { readonly sql: string; readonly says: (name: string) => string }[] = [
  {
    sql: "SELECT s.id AS name FROM segments s LEFT JOIN files f ON f.id = s.file WHERE f.id IS NULL",
    says: (id) => `segment ${id}: its file is missing`,
  },
  {
    sql: "SELECT s.id AS name FROM segments s LEFT JOIN shards h ON h.id = s.shard WHERE h.id IS NULL",
    says: (id) => `segment ${id}: its shard is missing`,
  },
  {
    sql: "SELECT s.id AS name FROM segments s LEFT JOIN writes w ON w.segment = s.id WHERE w.segment IS NULL",
    says: (id) => `segment ${id}: its writes are missing`,
  },
  {
    sql: "SELECT w.segment AS name FROM writes w LEFT JOIN segments s ON s.id = w.segment WHERE s.id IS NULL",
    says: (id) => `writes of segment ${id}: there is no such segment`,
  },
  {
    sql: "SELECT h.id AS name FROM shards h WHERE NOT EXISTS (SELECT 1 FROM segments s WHERE s.shard = h.id)",
    says: (id) => `shard ${id}: no segment is in it`,
  },
  {
    sql:
      "SELECT f.path AS name FROM files f LEFT JOIN segments s ON s.file = f.id GROUP BY f.id " +
      "HAVING count(s.id) <> f.segments OR (count(s.id) > 0 AND max(s.ordinal) <> count(s.id) - 1)",
    says: (path) => `file ${path}: its segments are not complete`,
  },
  {
    sql: "SELECT s.id AS name FROM segments s WHERE s.id NOT IN (SELECT rowid FROM fts)",
    says: (id) => `segment ${id}: the lexical index does not have it`,
  },
  {
    sql: "SELECT rowid AS name FROM fts WHERE rowid NOT IN (SELECT id FROM segments)",
    says: (id) => `lexical row ${id}: there is no such segment`,
  },
];

function orphans(db: DatabaseSync): string[] {
  return RELATIONS.flatMap(({ sql, says }) =>
    db
      .prepare(`${sql} LIMIT ${LINES_PER_KIND}`)
      .all()
      .map((row) => says(String(row["name"]))),
  );
}

function brokenSegments(db: DatabaseSync, { dims, factsLayout }: StateIdentity): string[] {
  const problems: string[] = [];
  const rows = db.prepare(
    "SELECT s.id, s.position, s.mask, s.gist, s.crc, w.log, f.path FROM segments s " +
      "JOIN writes w ON w.segment = s.id JOIN files f ON f.id = s.file ORDER BY s.id",
  );
  for (const row of rows.iterate()) {
    if (problems.length >= LINES_PER_KIND) break;
    const name = `segment ${numberOf(row, "id")} of ${textOf(row, "path")}`;
    const gist = blobOf(row, "gist");
    const log = blobOf(row, "log");
    const writes = log.length / bytesPerWrite(dims.dMem);
    if (checksum(gist, log) !== numberOf(row, "crc"))
      problems.push(`${name}: gist or writes do not match their checksum`);
    else if (gist.length !== dims.gistWidth) problems.push(`${name}: its gist has another width`);
    else if (!Number.isInteger(writes) || writes > factsLayout.slotsPerSegment)
      problems.push(`${name}: too many writes`);
    else if (liveMask(decodeWrites(log, dims.dMem).betas, factsLayout.betaThreshold) !== numberOf(row, "mask")) {
      problems.push(`${name}: its mask is not that of its writes`);
    } else if (numberOf(row, "position") >= factsLayout.segmentsPerShard) problems.push(`${name}: no such position`);
  }
  return problems;
}
