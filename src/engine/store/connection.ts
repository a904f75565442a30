import { statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StateCorruptError, StoreReadOnlyError, toStateError, WriterLockLostError } from "./errors.ts";
import type { WriterLock } from "./lock.ts";
import type { OpenedState } from "./open.ts";
import { MalformedRowError, numberOf } from "./rows.ts";
import { configureWriter, writeMeta } from "./schema.ts";
import { swapState } from "./state-file.ts";

/** What belongs to a transaction beside the database. */
export interface TransactionHooks {
  /** The last statements before the commit. */
  readonly beforeCommit: () => void;
  readonly afterRollback: () => void;
}

/** The open database of a state with its writer's lock: transactions, errors by cause, and the swap of the file. */
export class Connection {
  readonly #file: string;
  readonly #lock: WriterLock | undefined;
  #db: DatabaseSync;
  #path: string;
  #inode: number;
  #dataVersion: StatementSync;
  #changes = 0;
  #inTransaction = false;
  #failed: unknown;

  constructor(file: string, opened: OpenedState) {
    this.#file = file;
    this.#lock = opened.lock;
    this.#db = opened.db;
    this.#path = opened.path;
    this.#inode = inodeOf(opened.path);
    this.#dataVersion = opened.db.prepare("PRAGMA data_version");
  }

  get db(): DatabaseSync {
    return this.#db;
  }

  /** The file that is open. */
  get path(): string {
    return this.#path;
  }

  get readOnly(): boolean {
    return this.#lock === undefined;
  }

  /** Another file stands where the open one was. */
  get replacedOnDisk(): boolean {
    return inodeOf(this.#path) !== this.#inode;
  }

  /** Changes with every commit, of this connection or another. */
  get version(): string {
    return this.mapped(() => `${this.#changes}:${numberOf(this.#dataVersion.get() ?? {}, "data_version")}`);
  }

  requireWriter(): WriterLock {
    if (this.#lock === undefined) throw new StoreReadOnlyError(this.#file);
    return this.#lock;
  }

  /** See `Store.transaction`. */
  transaction<T>(fn: () => T, hooks: TransactionHooks): T {
    const lock = this.requireWriter();
    if (this.#inTransaction) return this.#join(fn);
    this.#inTransaction = true;
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      const writer = this.#db.prepare("SELECT value FROM meta WHERE key = 'writer'").get();
      if (writer?.["value"] !== lock.token) throw new WriterLockLostError(this.#file);
      const result = fn();
      if (this.#failed !== undefined) throw this.#failed;
      hooks.beforeCommit();
      this.#db.exec("COMMIT");
      this.#changes++;
      lock.beat();
      return result;
    } catch (error) {
      // A full disk has rolled back already.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      hooks.afterRollback();
      throw this.#mark(this.#cause(error));
    } finally {
      this.#inTransaction = false;
      this.#failed = undefined;
    }
  }

  /** Reads at one point in time, whatever another process commits meanwhile. */
  read<T>(fn: () => T): T {
    return this.mapped(() => {
      if (this.#db.isTransaction) return fn();
      this.#db.exec("BEGIN");
      try {
        return fn();
      } finally {
        if (this.#db.isTransaction) this.#db.exec("COMMIT");
      }
    });
  }

  /** Runs `fn`, throwing the error class of the cause. */
  mapped<T>(fn: () => T): T {
    try {
      return fn();
    } catch (error) {
      throw this.asStateError(error);
    }
  }

  /** The error class of a cause; notes damage in the file. */
  asStateError(error: unknown): unknown {
    return this.#mark(this.#cause(error));
  }

  /** Leaves a mark of damage that only a look into the rows can tell, so that the next opener sets the file aside. */
  markDamaged(): void {
    if (this.readOnly || !this.#db.isOpen || this.#db.isTransaction) return;
    try {
      writeMeta(this.#db, "suspect", "1");
    } catch {
      // Too damaged to be written: then the check at the next opening finds it anyway.
    }
  }

  /** Closes, puts the state file `from` in the place of the workspace's and opens that; on failure the former again. */
  swapIn(from: string): void {
    const lock = this.requireWriter();
    this.#db.close();
    let path = this.#path;
    try {
      this.mapped(() => swapState(from, this.#file));
      path = this.#file;
    } finally {
      this.#db = new DatabaseSync(path, { timeout: 5_000 });
      configureWriter(this.#db);
      writeMeta(this.#db, "writer", lock.token);
      this.#path = path;
      this.#inode = inodeOf(path);
      this.#dataVersion = this.#db.prepare("PRAGMA data_version");
      this.#changes++;
    }
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
    this.#lock?.release();
  }

  #join<T>(fn: () => T): T {
    try {
      return fn();
    } catch (error) {
      this.#failed ??= error;
      throw error;
    }
  }

  #cause(error: unknown): unknown {
    return error instanceof MalformedRowError
      ? new StateCorruptError(this.#file, error.message, error)
      : toStateError(error, this.#file);
  }

  #mark(error: unknown): unknown {
    if (error instanceof StateCorruptError) this.markDamaged();
    return error;
  }
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? -1;
}
