import { ArmtError } from "../engine/errors.ts";
import type { Engine } from "../engine/service.ts";
import type { IndexReport } from "../engine/types.ts";
import { resolveWorkspace } from "../engine/workspace.ts";
import { type CommonFlags, engineOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import { safeLine } from "./terminal.ts";

/** What a command gets from the program: its cancellation and where its words go. */
export interface Context {
  readonly signal: AbortSignal;
  /** Prints a result: the object as JSON with `--json`, else the text. */
  readonly result: (flags: { readonly json?: boolean }, value: unknown, text: string) => void;
  /** Prints a note for people on stderr. */
  readonly note: (text: string) => void;
}

/** A command: resolves to the exit code (0 done, 1 failed, 3 not found in the workspace). */
export type Action<Arguments extends unknown[]> = (context: Context, ...args: Arguments) => Promise<number>;

/** Makes of a command what commander calls: with a context, with errors told and the exit code set. */
export type Runner = <Arguments extends unknown[]>(action: Action<Arguments>) => (...args: Arguments) => Promise<void>;

/**
 * Checks the folder, then loads the engine and opens the workspace. The engine comes with onnxruntime, tree-sitter and
 * SQLite: a wrong argument is answered before any of them is loaded.
 */
export async function openEngine(
  context: Context,
  folder: string,
  flags: CommonFlags,
  mode: { readonly readOnly: boolean },
): Promise<Engine> {
  const workspace = resolveWorkspace(folder);
  const { Engine } = await import("../engine/service.ts");
  return Engine.open(engineOptions(workspace, flags, mode.readOnly), context.signal);
}

/** Causes for which a state cannot be brought up to date but still answers. */
const STILL_ANSWERS: ReadonlySet<string> = new Set(["state-not-writable", "state-read-only", "lock-lost"]);

/** Whether a state that cannot be written, for this cause, still answers as it is. */
export function stillAnswers(error: unknown): error is ArmtError {
  return error instanceof ArmtError && STILL_ANSWERS.has(error.code);
}

/** Opens for reading what cannot be written. Throws `cause` if there is no state to read either. */
export async function openToRead(
  context: Context,
  folder: string,
  flags: CommonFlags,
  cause: ArmtError,
): Promise<Engine> {
  const reading = await openEngine(context, folder, flags, { readOnly: true }).catch((second: unknown) => {
    throw second instanceof ArmtError && second.code === "state-missing" ? cause : second;
  });
  context.note(`${safeLine(cause.message)} Answers come from the state as it is.`);
  return reading;
}

/**
 * Opens the workspace for questions and brings the index up to date. A state that cannot be written (a read-only
 * folder, another process at work) answers as it is: changed files are not quoted then, and a note says so.
 */
export async function openToAsk(
  context: Context,
  folder: string,
  flags: CommonFlags,
): Promise<{ readonly engine: Engine; readonly index: IndexReport | null }> {
  let engine: Engine | undefined;
  try {
    engine = await openEngine(context, folder, flags, { readOnly: false });
    return { engine, index: await indexWithProgress(context, engine) };
  } catch (error) {
    await engine?.[Symbol.asyncDispose]();
    if (!stillAnswers(error)) throw error;
    return { engine: await openToRead(context, folder, flags, error), index: null };
  }
}

/** Brings the index up to date with the disk, drawing progress; notices go to stderr. */
export async function indexWithProgress(context: Context, engine: Engine): Promise<IndexReport> {
  using progress = new Progress(context.signal);
  const report = await engine.index({ onProgress: progress.onIndex }, context.signal);
  progress.stop();
  for (const notice of report.notices) context.note(safeLine(notice));
  return report;
}
