import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { throwIfCancelled } from "../errors.ts";
import { checksum } from "../memory/quantize.ts";
import { PLACES_PER_BLOCK } from "./log-block.ts";
import { readBlock, segmentAt } from "./log-table.ts";
import { blobOf, MalformedRowError, numberOf, textOf } from "./rows.ts";
import type { StateIdentity } from "./schema.ts";
import { decodeList } from "./segment-list.ts";
import type { ShardTable } from "./shard-table.ts";

/** At most this many lines of one kind: one torn page can break thousands of rows. */
const LINES_PER_KIND = 20;

/**
 * Checks a state against itself: SQLite's own check, checksums, every shard's state against the one that its live
 * writes give, counts, and that files, log and lexical index have the same segments. Returns what is wrong, in words;
 * empty if nothing is. Yields to other work between shards.
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
  const logged = readLog(db, identity, problems);
  compareFiles(db, logged, problems);
  compareLexical(db, logged, problems);
  const { segmentsPerShard } = identity.factsLayout;
  const filled = new Set(Array.from(logged.keys(), (id) => Math.floor((id - 1) / segmentsPerShard)));
  for (const row of db.prepare("SELECT id, live, rest, crc, state FROM shards ORDER BY id").all()) {
    throwIfCancelled(signal);
    await nextTurn();
    const id = numberOf(row, "id");
    const state = blobOf(row, "state");
    if (!filled.delete(id)) problems.push(`shard ${id}: no segment is in it`);
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
  problems.push(...lines(filled, (id) => `shard ${id}: it is missing`));
  return problems;
}

/** File of each segment in the log. */
function readLog(db: DatabaseSync, { dims, factsLayout }: StateIdentity, problems: string[]): Map<number, number> {
  const files = new Map<number, number>();
  for (const row of db.prepare("SELECT id, segments, writes, crc, data FROM log ORDER BY id").iterate()) {
    const id = numberOf(row, "id");
    try {
      const block = readBlock(blobOf(row, "data"), numberOf(row, "crc"), dims);
      const { segments, writes } = block.count();
      if (segments !== numberOf(row, "segments") || writes !== numberOf(row, "writes"))
        problems.push(`block ${id} of the log: ${segments} segments and ${writes} writes are not what is counted`);
      for (const [position, file] of block.files.entries()) {
        if (file === 0) continue;
        const segment = segmentAt(id * PLACES_PER_BLOCK + position);
        files.set(segment, file);
        if (block.betas(position).length > factsLayout.slotsPerSegment)
          problems.push(`segment ${segment}: too many writes`);
      }
    } catch (error) {
      if (!(error instanceof MalformedRowError)) throw error;
      problems.push(`block ${id} of the log does not match its checksum`);
    }
  }
  return files;
}

/** What the files list must be what the log has, one for one. */
function compareFiles(db: DatabaseSync, logged: ReadonlyMap<number, number>, problems: string[]): void {
  const rest = new Map(logged);
  for (const row of db.prepare("SELECT id, path, segments, list FROM files ORDER BY path").iterate()) {
    const path = textOf(row, "path");
    try {
      const list = decodeList(blobOf(row, "list"));
      const missing = list.filter(({ id }) => logged.get(id) !== numberOf(row, "id") || !rest.delete(id));
      problems.push(...lines(missing, ({ id }) => `segment ${id} of ${path}: its writes are missing`));
      if (list.length !== numberOf(row, "segments"))
        problems.push(`file ${path}: ${list.length} segments, ${numberOf(row, "segments")} counted`);
    } catch (error) {
      if (!(error instanceof MalformedRowError)) throw error;
      problems.push(`file ${path}: its list of segments is damaged`);
    }
  }
  problems.push(...lines(rest.keys(), (id) => `segment ${id}: its file does not list it`));
}

function compareLexical(db: DatabaseSync, logged: ReadonlyMap<number, number>, problems: string[]): void {
  const rest = new Set(logged.keys());
  const unknown: number[] = [];
  for (const row of db.prepare("SELECT rowid AS id FROM fts").iterate()) {
    const id = numberOf(row, "id");
    if (!rest.delete(id)) unknown.push(id);
  }
  problems.push(...lines(rest, (id) => `segment ${id}: the lexical index does not have it`));
  problems.push(...lines(unknown, (id) => `lexical row ${id}: there is no such segment`));
}

function lines<T>(of: Iterable<T>, says: (one: T) => string): string[] {
  return Array.from(of).slice(0, LINES_PER_KIND).map(says);
}
