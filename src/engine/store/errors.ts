import { ArmtError } from "../errors.ts";

/** The state file is damaged and was not (or could not be) set aside. */
export class StateCorruptError extends ArmtError {
  constructor(file: string, reason: string, cause?: unknown) {
    super(
      "state-corrupt",
      `The state file ${file} is damaged (${reason}). Run armt index: it sets the file aside and builds a new one.`,
      { cause },
    );
  }
}

/** The state was written by a newer version; it is left exactly as it is. */
export class StateFromNewerVersionError extends ArmtError {
  constructor(file: string, found: number, known: number) {
    super(
      "state-newer",
      `The state file ${file} has format ${found}, this version of ARMT knows up to ${known}. ` +
        "Update ARMT, or choose another file with --state. The file was not changed.",
    );
  }
}

/** The state belongs to another model, layout or older format and this opener may not rebuild it. */
export class StateFromAnotherModelError extends ArmtError {
  constructor(file: string) {
    super(
      "state-other-model",
      `The state file ${file} was made with another model, layout or older format. Run armt index to build one for this model.`,
    );
  }
}

/** The state belongs to another workspace. */
export class StateOfAnotherWorkspaceError extends ArmtError {
  constructor(file: string, owner: string, wanted: string) {
    super(
      "state-other-workspace",
      `The state file ${file} belongs to the workspace ${owner}, not to ${wanted}. ` +
        "Choose another file with --state, or armt import it to take it over.",
    );
  }
}

/** The file is a SQLite database of some other program; it is never renamed or written. */
export class StateNotOursError extends ArmtError {
  constructor(file: string) {
    super("state-not-ours", `${file} is another program's database. Choose another file with --state.`);
  }
}

/** The runtime's SQLite was built without what the state needs (Node before 22.16, some Linux distributions' own). */
export class SqliteLacksSearchError extends ArmtError {
  constructor(cause: unknown) {
    super(
      "sqlite-without-fts5",
      `The SQLite of this runtime (Node ${process.versions.node}) has no full-text search (FTS5). ` +
        "Update VS Code, or on the command line run it with Node 24.",
      { cause },
    );
  }
}

/** A folder, or something else that is no file, stands at the state's path. */
export class StateNotAFileError extends ArmtError {
  constructor(file: string) {
    super("state-not-a-file", `${file} is not a file. Choose another path with --state.`);
  }
}

/** There is no state to read. */
export class StateMissingError extends ArmtError {
  constructor(file: string) {
    super("state-missing", `There is no state file ${file}. Run armt index first.`);
  }
}

/** The state's folder or file cannot be written. */
export class StateNotWritableError extends ArmtError {
  constructor(file: string, cause?: unknown) {
    super(
      "state-not-writable",
      `No permission to write the state ${file}. Grant write access to its folder, or choose another file with --state.`,
      { cause },
    );
  }
}

/** The disk (or quota) is full; the transaction was rolled back and the state is as before it. */
export class DiskFullError extends ArmtError {
  constructor(file: string, cause?: unknown) {
    super(
      "disk-full",
      `The disk is full: ${file} could not be written. What was stored before is intact; free some space and run the command again.`,
      { cause },
    );
  }
}

/** Another connection holds the file for longer than the time-out. */
export class StateBusyError extends ArmtError {
  constructor(file: string, cause?: unknown) {
    super(
      "state-busy",
      `The state ${file} is in use by another window or command. Close it, or try again in a moment.`,
      {
        cause,
      },
    );
  }
}

/** A read or write of the file system failed for another reason. */
export class StateIoError extends ArmtError {
  constructor(file: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super("state-io", `The state ${file} could not be read or written (${reason}). Check the disk, then try again.`, {
      cause,
    });
  }
}

/** A write was asked of a store that is open for reading. */
export class StoreReadOnlyError extends ArmtError {
  constructor(file: string) {
    super(
      "state-read-only",
      `The state ${file} is open for reading only: another window or command writes it. Use that one.`,
    );
  }
}

/** Another process took the writer's lock over, because this one did not show a sign of life for long. */
export class WriterLockLostError extends ArmtError {
  constructor(file: string) {
    super(
      "lock-lost",
      `Another process has taken over the state ${file} while this one stood still. Run the command again.`,
    );
  }
}

/** A file to export to is there already. */
export class ExportTargetExistsError extends ArmtError {
  constructor(target: string) {
    super("export-exists", `${target} exists already. Choose another name, or remove it first.`, { exitCode: 2 });
  }
}

/** A file to import is no state that can be used here. */
export class ImportRefusedError extends ArmtError {
  constructor(source: string, reason: string, cause?: unknown) {
    super("import-refused", `${source} cannot be imported: ${reason}. The present state was not changed.`, { cause });
  }
}

/** A segment that the store does not have came without its encoding. */
export class MissingEncodingError extends ArmtError {
  constructor(path: string, ordinal: number) {
    super(
      "missing-encoding",
      `Segment ${ordinal} of ${path} is new to the state but was not encoded. Index the file again.`,
    );
  }
}

/** SQLite's result codes (sqlite.org/rescode.html) that have a cause of their own here. */
const FULL = 13;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const SHORT_READ = 522;
const NOT_WRITABLE: ReadonlySet<number> = new Set([3, 8, 14, 23]);
const BUSY: ReadonlySet<number> = new Set([5, 6]);
/** IOERR_WRITE (a quota) and IOERR_SHMSIZE (no room for the WAL's index). */
const NO_ROOM: ReadonlySet<number> = new Set([778, 4874]);

/** Turns an error of SQLite or of the file system into the class of its cause; others come back as they are. */
export function toStateError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || error instanceof ArmtError) return error;
  if ("errcode" in error && typeof error.errcode === "number") return fromResultCode(error.errcode, error, file);
  if (!("code" in error)) return error;
  switch (error.code) {
    case "ENOSPC":
    case "EDQUOT":
      return new DiskFullError(file, error);
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
    case "EISDIR":
    case "EEXIST":
      return new StateNotWritableError(file, error);
    case "ENOENT":
      return new StateNotWritableError(file, error);
    case "EBUSY":
      return new StateBusyError(file, error);
    default:
      return typeof error.code === "string" && /^E[A-Z]+$/.test(error.code) ? new StateIoError(file, error) : error;
  }
}

function fromResultCode(extended: number, error: Error, file: string): unknown {
  const primary = extended & 0xff;
  if (/no such module: fts5/.test(error.message)) return new SqliteLacksSearchError(error);
  if (primary === FULL || NO_ROOM.has(extended)) return new DiskFullError(file, error);
  if (primary === CORRUPT || primary === NOT_A_DATABASE || extended === SHORT_READ) {
    return new StateCorruptError(file, error.message, error);
  }
  if (NOT_WRITABLE.has(primary)) return new StateNotWritableError(file, error);
  if (BUSY.has(primary)) return new StateBusyError(file, error);
  return new StateIoError(file, error);
}
