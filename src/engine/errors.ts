/**
 * One class per cause. A message says what happened and what the user can do next;
 * `code` is stable for scripts, `exitCode` is what the command line returns.
 */
export class ArmtError extends Error {
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, options: { cause?: unknown; exitCode?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The folder to index does not exist or is not a folder. */
export class WorkspaceNotFoundError extends ArmtError {
  constructor(folder: string) {
    super("workspace-not-found", `No such folder: ${folder}. Check the path, or run armt in the folder itself.`, {
      exitCode: 2,
    });
  }
}

/** The folder is one that must not be indexed whole: a home folder or a file-system root. */
export class WorkspaceRefusedError extends ArmtError {
  constructor(folder: string, what: "home folder" | "file-system root") {
    super(
      "workspace-refused",
      `${folder} is a ${what}; indexing all of it is refused. Open a project folder inside it instead.`,
      { exitCode: 2 },
    );
  }
}

/** The folder, or everything in it, cannot be read with this user's permissions. */
export class WorkspaceUnreadableError extends ArmtError {
  constructor(folder: string, cause?: unknown) {
    super("workspace-unreadable", `No permission to read ${folder}. Grant read access to it, then index again.`, {
      cause,
    });
  }
}

/** Nothing to index. */
export class WorkspaceEmptyError extends ArmtError {
  constructor(folder: string, skipped: number) {
    super(
      "workspace-empty",
      skipped === 0
        ? `${folder} holds no files. Add source files, or choose another folder.`
        : `${folder} holds no file that can be indexed; ${skipped} were left out. Run armt status to see why.`,
    );
  }
}

/** The operation was cancelled by its signal. */
export class CancelledError extends ArmtError {
  constructor() {
    super("cancelled", "Stopped. What was done so far is kept; run the command again to go on.");
  }
}

/** Throws `CancelledError` if the signal is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError();
}
