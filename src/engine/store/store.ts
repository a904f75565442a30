import { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { throwIfCancelled } from "../errors.ts";
import type { SegmentWrites } from "../memory/writes.ts";
import { ChatTable, copyChats } from "./chats.ts";
import { Connection } from "./connection.ts";
import { DiskFullError, StateCorruptError, toStateError } from "./errors.ts";
import { type LexicalHit, LexicalIndex, type LexicalTerm } from "./lexical.ts";
import { LogTable, segmentAt } from "./log-table.ts";
import { type OpenedState, openForWriting, openReadOnly, rebuildPath, type StoreOptions } from "./open.ts";
import { exportState, stageImport } from "./portable.ts";
import { Reader } from "./reader.ts";
import type {
  Chat,
  FileInput,
  FileRecord,
  ReplaceReport,
  SegmentInput,
  SegmentRecord,
  StoredShard,
  StoreStats,
} from "./records.ts";
import { scalar } from "./rows.ts";
import { readMeta, writeMeta } from "./schema.ts";
import { SegmentMemory } from "./segment-memory.ts";
import { SegmentTable } from "./segment-table.ts";
import { ShardTable } from "./shard-table.ts";
import { removeLeftovers, removeState } from "./state-file.ts";
import { readStats } from "./stats.ts";
import { verifyState } from "./verify.ts";

/** Solved in one transaction, about 100 ms each: short enough that a cancellation or a question is not kept waiting. */
const SHARDS_PER_TRANSACTION = 1;

/** Pages that one transaction of `compact` merges or moves: some tens of milliseconds. */
const MERGED_AT_ONCE = 500;
const FREED_AT_ONCE = 4_000;

/** Prepared statements on the open database. */
interface Tables {
  readonly log: LogTable;
  readonly shards: ShardTable;
  readonly segments: SegmentTable;
  readonly memory: SegmentMemory;
  readonly reader: Reader;
  readonly lexical: LexicalIndex;
  readonly chats: ChatTable;
}

/** A value kept until the state changes, by this connection or another. */
interface Cached<T> {
  readonly version: string;
  readonly value: T;
}

/**
 * The state of a workspace: one SQLite file with files, segments, log of writes, shard states, lexical index and chats.
 * Every change is one transaction with the states it touches, so after a crash at any instant the file is either before
 * or after it. Synchronous but for what takes longer than a few shards.
 *
 * Methods throw the classes of `errors.ts`: `DiskFullError` (rolled back, store still usable), `StoreReadOnlyError`,
 * `StateCorruptError` (the next `open` sets the file aside), `WriterLockLostError`, `StateBusyError`, `StateIoError`.
 */
export class Store {
  readonly #file: string;
  readonly #options: StoreOptions;
  readonly #connection: Connection;
  readonly #notices: string[];
  readonly #setAside: string | null;
  #tables: Tables;
  #shards: Cached<StoredShard[]> | undefined;
  #memory: Cached<SegmentMemory> | undefined;

  /**
   * Opens a workspace's state, and creates it where there is none.
   *
   * - damaged: set aside as `<file>.corrupt-<n>`, a new one is made with its chats where they can be read, told in `notices`
   * - another model, layout or an older format: kept, and a new one made beside it (`rebuilding`, `commitRebuild`)
   * - another process writes it: opened for reading, told in `notices`
   *
   * Throws `StateFromNewerVersionError`, `StateOfAnotherWorkspaceError`, `StateNotOursError`, `StateNotWritableError`,
   * `DiskFullError`; for reading also `StateMissingError`, `StateFromAnotherModelError`, `StateCorruptError`.
   */
  static open(file: string, options: StoreOptions): Store {
    try {
      return new Store(file, options);
    } catch (error) {
      // What only a look into the rows could tell has left a mark in the file: it is set aside now.
      if (error instanceof StateCorruptError && options.readOnly !== true) return new Store(file, options);
      throw error;
    }
  }

  private constructor(file: string, options: StoreOptions) {
    this.#file = file;
    this.#options = options;
    const opened = openState(file, options);
    this.#notices = [...opened.notices];
    this.#setAside = opened.setAside;
    this.#connection = new Connection(file, opened);
    try {
      this.#tables = this.#attach();
      if (!this.readOnly) this.#repair();
    } catch (error) {
      const cause = this.#connection.asStateError(error);
      this.#connection.close();
      throw cause;
    }
  }

  get file(): string {
    return this.#file;
  }

  /** Open for reading only, by wish or because another process writes. */
  get readOnly(): boolean {
    return this.#connection.readOnly;
  }

  /** What the user should know about how the state was opened. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /** Where a damaged state that stood here was put; null if none did. */
  get setAside(): string | null {
    return this.#setAside;
  }

  /** This is a new state beside one of another model; `commitRebuild` puts it in its place. */
  get rebuilding(): boolean {
    return this.#connection.path !== this.#file;
  }

  /** The file at the state's path is no longer the one that is open here: open it anew. */
  replacedOnDisk(): boolean {
    return this.#connection.replacedOnDisk;
  }

  /**
   * Runs `fn` as one transaction; inside another one as a part of it. If anything in it fails, all of it is undone,
   * also if `fn` swallows the error. `fn` must be synchronous.
   */
  transaction<T>(fn: () => T): T {
    return this.#connection.transaction(fn, {
      beforeCommit: () => {
        this.#tables.log.flush();
        this.#tables.shards.flush();
      },
      afterRollback: () => {
        this.#tables.log.forget();
        this.#tables.shards.forget();
        this.#tables.segments.forget();
      },
    });
  }

  /**
   * Puts a file's present segments in the place of its former ones, with their writes, words and the states of the
   * shards they touch. Segments with an unchanged hash keep row, writes and place.
   * Throws `MissingEncodingError` and `InvalidWritesError`; nothing is changed then.
   */
  replaceFile(file: FileInput, segments: readonly SegmentInput[]): ReplaceReport {
    return this.transaction(() => this.#tables.segments.replace(file, segments));
  }

  /** Removes a file with all that was learned from it; undefined if it was not known, else how many segments went. */
  removeFile(path: string): number | undefined {
    return this.transaction(() => this.#tables.segments.remove(path));
  }

  /** Notes size and time of a file whose content is unchanged. */
  touchFile(path: string, size: number, mtimeMs: number): void {
    this.transaction(() =>
      this.#connection.db.prepare("UPDATE files SET size = ?, mtime_ms = ? WHERE path = ?").run(size, mtimeMs, path),
    );
  }

  /** Brings every shard to rest; returns how many were not. Can be cancelled between transactions and goes on later. */
  async settle(
    signal?: AbortSignal,
    onShards?: (settled: number) => void,
    pause: () => Promise<void> = nextTurn,
  ): Promise<number> {
    let settled = 0;
    for (;;) {
      throwIfCancelled(signal);
      const batch = this.transaction(() => {
        const ids = this.#tables.shards.unsettled(SHARDS_PER_TRANSACTION);
        for (const id of ids) this.#tables.shards.settle(id);
        return ids.length;
      });
      if (batch === 0) return settled;
      settled += batch;
      onShards?.(settled);
      await pause();
    }
  }

  /**
   * Makes the file as small as it can be, after much was written: merges the lexical index and gives free pages back.
   * Can be cancelled between transactions. A disk without room for it is no error: nothing is lost.
   */
  async compact(signal?: AbortSignal, pause: () => Promise<void> = nextTurn): Promise<void> {
    try {
      for (let pages = -MERGED_AT_ONCE; ; pages = MERGED_AT_ONCE) {
        throwIfCancelled(signal);
        if (!this.transaction(() => this.#tables.lexical.merge(pages))) break;
        await pause();
      }
      while (this.transaction(() => giveBack(this.#connection.db, FREED_AT_ONCE))) {
        throwIfCancelled(signal);
        await pause();
      }
    } catch (error) {
      if (!(error instanceof DiskFullError)) throw error;
    }
  }

  /** All files, by path. */
  files(): FileRecord[] {
    return this.#connection.read(() => this.#tables.reader.files());
  }

  fileOf(path: string): FileRecord | undefined {
    return this.#connection.read(() => this.#tables.reader.file(path));
  }

  /** Segments by id, in the order asked; ids that do not exist (any more) are left out. */
  segmentsOf(ids: readonly number[]): SegmentRecord[] {
    return this.#connection.read(() => {
      const memory = this.memory();
      const lists = new Map<number, Map<number, SegmentRecord>>();
      return ids.flatMap((id) => {
        const file = memory.fileOf(id);
        let list = lists.get(file);
        if (list === undefined) {
          list = new Map(this.#tables.reader.segmentsOf(file).map((segment) => [segment.id, segment]));
          lists.set(file, list);
        }
        return list.get(id) ?? [];
      });
    });
  }

  segmentsOfFile(path: string): SegmentRecord[] {
    return this.#connection.read(() => this.#tables.reader.segmentsOfPath(path));
  }

  /** Content hashes of a file's segments, in order: these need not be encoded again. */
  segmentHashes(path: string): string[] {
    return this.#connection.read(() => this.#tables.reader.segmentsOfPath(path).map(({ hash }) => hash));
  }

  /** Ids of the segments of files and of all files below folders ("src/a.ts", "src/lib/"). */
  segmentsUnder(paths: readonly string[]): Set<number> {
    return this.#connection.read(() => {
      const memory = this.memory();
      const files = this.#tables.reader.filesUnder(paths);
      return new Set(memory.ids().filter((id) => files.has(memory.fileOf(id))));
    });
  }

  /** Bytes of all files, as they were when they were indexed. */
  knownBytes(): number {
    return this.#connection.read(() => this.#tables.reader.knownBytes());
  }

  /** Writes of segments, by id; unknown ids are left out. */
  writesOf(ids: readonly number[]): Map<number, SegmentWrites> {
    return this.#connection.read(() => {
      const memory = this.memory();
      const found = new Map<number, SegmentWrites>();
      for (const id of ids) {
        const writes = memory.writesOf(id);
        if (writes !== undefined) found.set(id, writes);
      }
      return found;
    });
  }

  /** Gist and writes of all segments, as of the last commit. */
  memory(): SegmentMemory {
    const { version } = this.#connection;
    if (this.#memory?.version !== version) {
      const { memory } = this.#tables;
      this.#connection.read(() => memory.refresh());
      this.#memory = { version, value: memory };
    }
    return this.#memory.value;
  }

  /** All shards with their states; kept until the state changes. Do not write into them. */
  shards(): readonly StoredShard[] {
    const { version } = this.#connection;
    if (this.#shards?.version !== version)
      this.#shards = { version, value: this.#connection.read(() => this.#readShards()) };
    return this.#shards.value;
  }

  /** The best `limit` segments by weighted BM25 over path, symbol and body. Terms may hold anything. */
  lexical(terms: readonly LexicalTerm[], limit: number): LexicalHit[] {
    return this.#connection.read(() => this.#tables.lexical.search(terms, limit, this.memory()));
  }

  /** A note of the workspace, e.g. "head". */
  note(key: string): string | undefined {
    return this.#connection.read(() => readMeta(this.#connection.db, `note:${key}`));
  }

  setNote(key: string, value: string | undefined): void {
    this.transaction(() => writeMeta(this.#connection.db, `note:${key}`, value));
  }

  /** Newest first. */
  chats(): Chat[] {
    return this.#connection.read(() => this.#tables.chats.all());
  }

  chat(id: string): Chat | undefined {
    return this.#connection.read(() => this.#tables.chats.get(id));
  }

  putChat(chat: Chat): void {
    this.#changeChats((chats) => chats.put(chat));
  }

  removeChat(id: string): void {
    this.#changeChats((chats) => chats.remove(id));
    // It must not come back when the rebuild is given up.
    if (this.rebuilding) this.#connection.mapped(() => changeChatsIn(this.#file, (chats) => chats.remove(id)));
  }

  /** Moves what was committed from the WAL into the file, as far as readers leave it; only for a writer. */
  foldWal(): void {
    this.#connection.mapped(() => this.#connection.db.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  }

  stats(): StoreStats {
    return this.#connection.read(() => readStats(this.#connection.db, this.#connection.path));
  }

  /**
   * What is wrong with the state, in words; empty if nothing is. Recomputes every shard from its writes. If a writer
   * finds something, the next `open` for writing sets the file aside.
   */
  async verify(signal?: AbortSignal): Promise<string[]> {
    try {
      const problems = await verifyState(this.#connection.db, this.#options, this.#tables.shards, signal);
      if (problems.length > 0) this.#connection.markDamaged();
      return problems;
    } catch (error) {
      throw this.#connection.asStateError(error);
    }
  }

  /** Writes a compact, complete copy without chats. Throws `ExportTargetExistsError`. */
  exportTo(target: string): void {
    this.#connection.mapped(() => exportState(this.#connection.db, target));
  }

  /** Takes a state made elsewhere over, after it was checked; chats stay. Throws `ImportRefusedError`; nothing changed. */
  importFrom(source: string): void {
    this.#connection.requireWriter();
    const staged = `${this.#file}.import`;
    this.#connection.mapped(() =>
      stageImport(source, staged, this.#options, this.#options.workspaceId, this.#connection.path),
    );
    this.#swapIn(staged);
    removeState(rebuildPath(this.#file));
  }

  /** Puts a whole state that was made beside this one, for the same model, in its place; chats stay. */
  adopt(from: string): void {
    this.#connection.requireWriter();
    this.#connection.mapped(() => {
      const fresh = new DatabaseSync(from);
      try {
        copyChats(this.#connection.path, fresh);
      } finally {
        fresh.close();
      }
    });
    this.#swapIn(from);
  }

  /** Forgets all files, segments and states, those of files that stand beside this one too; chats stay. */
  clear(): void {
    this.empty();
    this.commitRebuild();
    this.#connection.mapped(() => removeLeftovers(this.#file));
  }

  /** Forgets what is in the open file; what a rebuild is to take the place of stays. */
  empty(): void {
    this.transaction(() => {
      this.#connection.db.exec(
        "DELETE FROM files; DELETE FROM log; DELETE FROM shards; " +
          "INSERT INTO fts (fts) VALUES ('delete-all'); DELETE FROM meta WHERE key LIKE 'note:%';",
      );
      this.#tables.log.forget();
      this.#tables.segments.forget();
      this.#tables.shards.forget();
    });
    this.#connection.mapped(() => this.#connection.db.exec("VACUUM"));
  }

  /** Puts the finished rebuild in the place of the old state. Does nothing if there is none. */
  commitRebuild(): void {
    this.#connection.requireWriter();
    if (this.rebuilding) this.#swapIn(this.#connection.path);
  }

  close(): void {
    this.#connection.close();
  }

  /** Chats are no part of what the writer's lock guards: each window writes its own, also where another one indexes. */
  #changeChats(change: (chats: ChatTable) => void): void {
    if (!this.readOnly || this.#options.readOnly === true) {
      this.transaction(() => change(this.#tables.chats));
      return;
    }
    this.#connection.mapped(() => changeChatsIn(this.#connection.path, change));
  }

  #readShards(): StoredShard[] {
    const memory = this.memory();
    const { segmentsPerShard } = this.#options.factsLayout;
    return this.#tables.shards.all().map((shard) => {
      const first = segmentAt(shard.id * segmentsPerShard);
      const segments = new Int32Array(Math.min(segmentsPerShard, memory.end - first));
      for (let position = 0; position < segments.length; position++) {
        if (memory.fileOf(first + position) !== 0) segments[position] = first + position;
      }
      return { ...shard, segments, live: Uint8Array.from(segments, (id) => memory.liveOf(id)) };
    });
  }

  #attach(): Tables {
    const { db } = this.#connection;
    const log = new LogTable(db, this.#options);
    const shards = new ShardTable(db, this.#options, log);
    return {
      log,
      shards,
      segments: new SegmentTable(db, this.#options, log, shards),
      memory: new SegmentMemory(db, this.#options),
      reader: new Reader(db),
      lexical: new LexicalIndex(db),
      chats: new ChatTable(db),
    };
  }

  /** Puts the finished state file `from` in the place of the workspace's. */
  #swapIn(from: string): void {
    try {
      this.#connection.swapIn(from);
    } finally {
      this.#tables = this.#attach();
    }
  }

  /** States are derived: a damaged one is made again from the log of writes. */
  #repair(): void {
    const { shards } = this.#tables;
    const damaged = this.#connection.mapped(() => shards.damaged());
    if (damaged.length === 0) return;
    this.transaction(() => {
      for (const id of damaged) shards.settle(id);
    });
    this.#notices.push(`The states of ${damaged.length} shards were damaged and were made again from their writes.`);
  }
}

function changeChatsIn(path: string, change: (chats: ChatTable) => void): void {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    change(new ChatTable(db));
  } finally {
    db.close();
  }
}

function openState(file: string, options: StoreOptions): OpenedState {
  try {
    return options.readOnly === true ? openReadOnly(file, options) : openForWriting(file, options);
  } catch (error) {
    throw toStateError(error, file);
  }
}

/** Gives at most `pages` free pages back to the disk; whether there are more. */
function giveBack(db: DatabaseSync, pages: number): boolean {
  db.exec(`PRAGMA incremental_vacuum(${pages})`);
  return scalar(db, "PRAGMA freelist_count") > 0;
}
