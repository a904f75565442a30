import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import {
  StateBusyError,
  StateCorruptError,
  StateNotAFileError,
  StateNotWritableError,
  toStateError,
} from "./errors.ts";
import { MalformedRowError, scalar } from "./rows.ts";
import { APPLICATION_ID, FORMAT_VERSION, layoutKey, readMeta, type StateIdentity } from "./schema.ts";

/** What stands at a state's path. */
export type StateKind =
  /** `emptied`: a file of no bytes is there. */
  | { readonly kind: "absent"; readonly emptied: boolean }
  | { readonly kind: "usable"; readonly workspace: string | undefined }
  /** Another model or layout, or an older format. */
  | { readonly kind: "outdated"; readonly workspace: string | undefined }
  | { readonly kind: "newer"; readonly format: number }
  | { readonly kind: "not-ours" }
  | { readonly kind: "corrupt"; readonly reason: string };

const COMPANIONS = ["", "-wal", "-shm"] as const;

/** Looks at a state file without changing it. Throws the state errors of a file that cannot be opened at all. */
export function inspectState(file: string, identity: StateIdentity): StateKind {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return { kind: "absent", emptied: false };
  if (!stats.isFile()) throw new StateNotAFileError(file);
  const { size } = stats;
  if (size === 0 && !existsSync(`${file}-wal`)) return { kind: "absent", emptied: true };
  if (size === 0) return { kind: "corrupt", reason: "it is empty" };
  let db: DatabaseSync | undefined;
  try {
    db = openForReading(file);
    return inspectOpened(db, identity);
  } catch (error) {
    if (error instanceof MalformedRowError) return { kind: "corrupt", reason: error.message };
    const cause = toStateError(error, file);
    if (cause instanceof StateCorruptError) return { kind: "corrupt", reason: reasonOf(error) };
    throw cause;
  } finally {
    db?.close();
  }
}

function inspectOpened(db: DatabaseSync, identity: StateIdentity): StateKind {
  const tables = scalar(db, "SELECT count(*) FROM sqlite_schema");
  if (scalar(db, "PRAGMA application_id") !== APPLICATION_ID)
    return tables === 0 ? { kind: "absent", emptied: false } : { kind: "not-ours" };
  const format = scalar(db, "PRAGMA user_version");
  if (format > FORMAT_VERSION) return { kind: "newer", format };
  const model = readMeta(db, "model");
  const layout = readMeta(db, "layout");
  if (model === undefined || layout === undefined) return { kind: "corrupt", reason: "its description is missing" };
  if (readMeta(db, "suspect") !== undefined) return { kind: "corrupt", reason: "a checksum did not match" };
  const found = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
  if (found !== "ok") return { kind: "corrupt", reason: String(found) };
  const workspace = readMeta(db, "workspace");
  const same = format === FORMAT_VERSION && model === identity.modelHash && layout === layoutKey(identity);
  return { kind: same ? "usable" : "outdated", workspace };
}

/**
 * Opens for reading. In a folder that cannot be written SQLite has no place for the WAL's index; if there is no WAL
 * either, the file is complete and is opened as one that nobody changes.
 */
export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    return db;
  } catch (error) {
    db.close();
    if (!(toStateError(error, file) instanceof StateNotWritableError) || existsSync(`${file}-wal`)) throw error;
    const url = pathToFileURL(file);
    url.searchParams.set("immutable", "1");
    return new DatabaseSync(url, { readOnly: true });
  }
}

/** Moves a damaged file and its companions to `<file>.corrupt-<n>`; returns that name. Nothing is deleted. */
export function setAside(file: string): string {
  let n = 1;
  while (COMPANIONS.some((companion) => existsSync(`${file}.corrupt-${n}${companion}`))) n++;
  const aside = `${file}.corrupt-${n}`;
  // The main file last: if this is interrupted, the next opener still sees a damaged file and goes on with the rest.
  for (const companion of [...COMPANIONS].reverse()) {
    if (existsSync(file + companion)) renameSync(file + companion, aside + companion);
  }
  return aside;
}

/** Removes a file that was derived and not finished, with its companions. */
export function removeState(file: string): void {
  for (const companion of COMPANIONS) rmSync(file + companion, { force: true });
}

/** What stands beside a state: damaged ones that were set aside, and what a killed process did not finish. */
const LEFTOVER = /^\.(?:fresh|import|(?:rebuild\.)?corrupt-\d+)(?:-wal|-shm|\.lock)?$/;

/** Removes all that was read of the workspace and stands beside its state. */
export function removeLeftovers(file: string): void {
  const folder = dirname(file);
  const name = basename(file);
  for (const beside of readdirSync(folder)) {
    if (beside.startsWith(name) && LEFTOVER.test(beside.slice(name.length))) rmSync(join(folder, beside));
  }
}

/**
 * Puts the finished state `from` in the place of `to`; both must be closed by this process. At every instant `to` is
 * either the old state or the new one. Old readers keep the old file until they open anew.
 *
 * Throws `StateBusyError` if a reader is in the middle of something and the old WAL cannot be emptied.
 */
export function swapState(from: string, to: string): void {
  emptyWal(from);
  if (existsSync(to)) {
    // A WAL left beside a new main file would be replayed into it.
    if (existsSync(`${to}-wal`)) emptyWal(to);
    rmSync(`${to}-wal`, { force: true });
    rmSync(`${to}-shm`, { force: true });
  }
  renameSync(from, to);
}

function emptyWal(file: string): void {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  let busy: unknown;
  try {
    busy = Object.values(db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? {})[0];
  } finally {
    db.close();
  }
  if (busy === 1) throw new StateBusyError(file);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
