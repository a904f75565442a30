import { randomUUID } from "node:crypto";
import { renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { hostname } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { StateBusyError, StateCorruptError, toStateError } from "./errors.ts";
import { textOf } from "./rows.ts";

/** Who writes a state. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** When the owner's process started, ISO 8601. */
  readonly started: string;
}

/** Times of the lock, in milliseconds. */
export interface LockTiming {
  readonly heartbeatMs: number;
  /** A heartbeat older than this is a sign that the owner hangs. */
  readonly staleMs: number;
}

const DEFAULT_TIMING: LockTiming = { heartbeatMs: 5_000, staleMs: 60_000 };

/**
 * The single writer of a state. The lock is an open write transaction on a small database `<state>.lock`, so the
 * operating system releases it the moment its owner dies, however that dies: nothing to clean up, nothing to guess from
 * a pid. The owner's name is committed in the file, readable while it is held. The file's time is the heartbeat.
 *
 * An owner that lives but stands still for `staleMs` loses the lock: the file is moved away and a new one made. Should
 * it wake up, the `token`, which the state itself holds and every transaction checks, keeps it from writing.
 */
export class WriterLock {
  readonly token: string = randomUUID();
  readonly #file: string;
  readonly #db: DatabaseSync;
  readonly #timer: NodeJS.Timeout;

  private constructor(file: string, db: DatabaseSync, timing: LockTiming) {
    this.#file = file;
    this.#db = db;
    this.#timer = setInterval(() => this.beat(), timing.heartbeatMs);
    this.#timer.unref();
  }

  /** Takes the lock of a state, or says who has it. Throws the state errors of a folder that cannot be written. */
  static acquire(stateFile: string, timing: LockTiming = DEFAULT_TIMING): WriterLock | LockOwner {
    const file = `${stateFile}.lock`;
    for (let attempt = 0; ; attempt++) {
      const db = tryLock(file, stateFile, attempt);
      if (db === "again") continue;
      if (db !== undefined) return new WriterLock(file, db, timing);
      if (attempt > 1 || ageMs(file) < timing.staleMs) return readOwner(file);
      takeAway(file);
    }
  }

  /** Whether another holds the lock of a state and shows signs of life. Does not wait. */
  static held(stateFile: string, timing: LockTiming = DEFAULT_TIMING): boolean {
    const file = `${stateFile}.lock`;
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(file, { timeout: 0 });
      db.exec("BEGIN IMMEDIATE; ROLLBACK");
      return false;
    } catch {
      return ageMs(file) < timing.staleMs;
    } finally {
      db?.close();
    }
  }

  /** Shows a sign of life. Long synchronous work should call it between steps. */
  beat(): void {
    const now = new Date();
    try {
      utimesSync(this.#file, now, now);
    } catch {
      // A missing heartbeat costs at most the lock, which the token then tells.
    }
  }

  release(): void {
    clearInterval(this.#timer);
    if (this.#db.isOpen) this.#db.close();
  }
}

/** The locked database; undefined if another has it; "again" if a damaged lock file was removed. */
function tryLock(file: string, stateFile: string, attempt: number): DatabaseSync | undefined | "again" {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 200 });
    const owner: LockOwner = {
      pid: process.pid,
      host: hostname(),
      started: new Date(Date.now() - process.uptime() * 1000).toISOString(),
    };
    db.exec("BEGIN IMMEDIATE");
    db.exec("CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL) STRICT");
    db.prepare("INSERT INTO owner VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET json = excluded.json").run(
      JSON.stringify(owner),
    );
    db.exec("COMMIT");
    db.exec("BEGIN IMMEDIATE");
    return db;
  } catch (error) {
    db?.close();
    const cause = toStateError(error, stateFile);
    if (cause instanceof StateBusyError) return undefined;
    if (cause instanceof StateCorruptError && attempt === 0) {
      rmSync(file, { force: true });
      return "again";
    }
    throw cause;
  }
}

function ageMs(file: string): number {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

function takeAway(file: string): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
    rmSync(aside, { force: true });
  } catch {
    // An open file cannot be moved on Windows: then the owner keeps the lock until it ends.
  }
}

function readOwner(file: string): LockOwner {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: 200 });
    const row = db.prepare("SELECT json FROM owner").get();
    const owner: unknown = row === undefined ? undefined : JSON.parse(textOf(row, "json"));
    if (isOwner(owner)) return owner;
  } catch {
    // The owner is still writing its name: held, by whom is not known yet.
  } finally {
    db?.close();
  }
  return { pid: 0, host: "unknown", started: "unknown" };
}

function isOwner(value: unknown): value is LockOwner {
  return (
    typeof value === "object" &&
    value !== null &&
    "pid" in value &&
    typeof value.pid === "number" &&
    "host" in value &&
    typeof value.host === "string" &&
    "started" in value &&
    typeof value.started === "string"
  );
}
