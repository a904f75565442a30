import { DatabaseSync } from "node:sqlite";
import { copyChats } from "./chats.ts";
import {
  StateCorruptError,
  StateFromAnotherModelError,
  StateFromNewerVersionError,
  StateMissingError,
  StateNotOursError,
  StateOfAnotherWorkspaceError,
  toStateError,
} from "./errors.ts";
import { createStateFolder } from "./location.ts";
import { type LockOwner, type LockTiming, WriterLock } from "./lock.ts";
import { scalar } from "./rows.ts";
import { configureWriter, createSchema, FORMAT_VERSION, readMeta, type StateIdentity, writeMeta } from "./schema.ts";
import { inspectState, openForReading, removeState, type StateKind, setAside } from "./state-file.ts";

export interface StoreOptions extends StateIdentity {
  /** Tells workspaces apart, e.g. the folder's real path. */
  readonly workspaceId: string;
  /** Open for reading only; nothing is created. */
  readonly readOnly?: boolean;
  /** Noted in a new state, e.g. "armt 0.1.0". */
  readonly createdBy?: string;
  readonly lockTiming?: LockTiming;
}

/** An opened state file. */
export interface OpenedState {
  readonly db: DatabaseSync;
  /** The file that is open: the state itself, or what is being rebuilt beside it. */
  readonly path: string;
  /** Undefined when open for reading. */
  readonly lock: WriterLock | undefined;
  /** What the user should know. */
  readonly notices: readonly string[];
  /** Where a damaged state was put; null if none was. */
  readonly setAside: string | null;
}

/** Where a state is rebuilt while the old one is kept. */
export function rebuildPath(file: string): string {
  return `${file}.rebuild`;
}

/** Opens for writing, or for reading if another process writes. */
export function openForWriting(file: string, options: StoreOptions): OpenedState {
  createStateFolder(file);
  const lock =
    options.lockTiming === undefined ? WriterLock.acquire(file) : WriterLock.acquire(file, options.lockTiming);
  if (!(lock instanceof WriterLock)) {
    const opened = openReadOnly(file, options);
    return { ...opened, notices: [...opened.notices, heldBy(lock)] };
  }
  const notices: string[] = [];
  let db: DatabaseSync | undefined;
  try {
    const { path, setAside, chatsOf } = choosePath(file, options, notices);
    db = new DatabaseSync(path, { timeout: 5_000 });
    configureWriter(db);
    if (scalar(db, "SELECT count(*) FROM sqlite_schema") === 0) {
      createSchema(db, options, options.createdBy ?? "armt");
      if (chatsOf !== null) rescueChats(chatsOf, db);
    }
    if (path === file) giveUpRebuild(file, db);
    if (readMeta(db, "workspace") === undefined) writeMeta(db, "workspace", options.workspaceId);
    writeMeta(db, "writer", lock.token);
    return { db, path, lock, notices, setAside };
  } catch (error) {
    db?.close();
    lock.release();
    throw toStateError(error, file);
  }
}

/** Opens the state, or the one being rebuilt beside it if only that fits the model. */
export function openReadOnly(file: string, options: StoreOptions): OpenedState {
  let found: StateKind = { kind: "absent", emptied: false };
  for (const path of [file, rebuildPath(file)]) {
    const kind = inspectState(path, options);
    if (kind.kind === "usable") {
      refuseForeign(path, kind.workspace, options);
      return { db: openForReading(path), path, lock: undefined, notices: [], setAside: null };
    }
    if (path === file) found = kind;
  }
  switch (found.kind) {
    case "absent":
      throw new StateMissingError(file);
    case "corrupt":
      throw new StateCorruptError(file, found.reason);
    case "newer":
      throw new StateFromNewerVersionError(file, found.format, FORMAT_VERSION);
    case "not-ours":
      throw new StateNotOursError(file);
    case "outdated":
      throw new StateFromAnotherModelError(file);
  }
}

/** Decides which file to write, and moves out of the way what cannot be used. The writer's lock must be held. */
function choosePath(
  file: string,
  options: StoreOptions,
  notices: string[],
): {
  readonly path: string;
  readonly setAside: string | null;
  /** The state whose chats a new one begins with. */
  readonly chatsOf: string | null;
} {
  const found = inspectState(file, options);
  switch (found.kind) {
    case "absent":
      if (found.emptied) notices.push(`${file} was empty; a new one is built.`);
      return { path: file, setAside: null, chatsOf: null };
    case "usable":
      refuseForeign(file, found.workspace, options);
      return { path: file, setAside: null, chatsOf: null };
    case "outdated":
      refuseForeign(file, found.workspace, options);
      notices.push(
        `${file} was made with another model, layout or older format: it is kept until a new one is complete.`,
      );
      return { path: chooseRebuild(file, options, notices), setAside: null, chatsOf: file };
    case "corrupt": {
      const aside = setAside(file);
      notices.push(`${file} was damaged (${found.reason}). It was set aside as ${aside}; a new one is built.`);
      return { path: file, setAside: aside, chatsOf: aside };
    }
    case "newer":
      throw new StateFromNewerVersionError(file, found.format, FORMAT_VERSION);
    case "not-ours":
      throw new StateNotOursError(file);
  }
}

/** Goes on with an unfinished rebuild for the same model; of one for another model only the chats are of use. */
function chooseRebuild(file: string, options: StoreOptions, notices: string[]): string {
  const path = rebuildPath(file);
  const { kind } = inspectState(path, options);
  if (kind === "usable") return path;
  const db = new DatabaseSync(file, { timeout: 5_000 });
  try {
    if (kind === "corrupt") {
      const aside = setAside(path);
      notices.push(`An unfinished rebuild was damaged and set aside as ${aside}.`);
      rescueChats(aside, db);
    } else giveUpRebuild(file, db);
  } finally {
    db.close();
  }
  return path;
}

/** Removes an unfinished rebuild; chats were written to it alone. */
function giveUpRebuild(file: string, db: DatabaseSync): void {
  rescueChats(rebuildPath(file), db);
  removeState(rebuildPath(file));
}

/** Copies what chats can be read of a state that may be damaged. */
function rescueChats(from: string, db: DatabaseSync): void {
  try {
    copyChats(from, db);
  } catch (error) {
    if (!(toStateError(error, from) instanceof StateCorruptError)) throw error;
  }
}

function refuseForeign(file: string, owner: string | undefined, options: StoreOptions): void {
  if (owner !== undefined && owner !== options.workspaceId) {
    throw new StateOfAnotherWorkspaceError(file, owner, options.workspaceId);
  }
}

function heldBy(owner: LockOwner): string {
  return `Another process (${owner.pid} on ${owner.host}, since ${owner.started}) writes this state; it is opened for reading.`;
}
