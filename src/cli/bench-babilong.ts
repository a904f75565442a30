import { benchModule } from "./bench-module.ts";

/** The options of `armt bench babilong`. Undefined stands for the default named in the comment. */
export interface BenchBabilongOptions {
  /** Folder of the bAbI tasks' files in their original format. */
  readonly babi: string;
  readonly tasks: readonly ("qa1" | "qa2" | "qa3" | "qa4" | "qa5")[];
  /** Tokens of background; 0: the statements alone. */
  readonly lengths: readonly number[];
  /** Questions of a cell; default: 100 up to a million tokens, 30 beyond. */
  readonly n?: number | undefined;
  /** Folder of code and documentation; default: the packages of this checkout. */
  readonly background?: string | undefined;
  /** Model bundle; default: models/armt-babilong. */
  readonly model?: string | undefined;
  /** Of the places, the order of the files and the choice of questions; default: 1. */
  readonly seed?: number | undefined;
  /** Journal of a long run, to go on from where it was cut off; default: none. */
  readonly resume?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Runs the long-stream bench: its table or report to stdout, progress to stderr. Returns the exit code. */
export async function benchBabilong(options: BenchBabilongOptions, signal: AbortSignal): Promise<number> {
  const bench = await benchModule<{ readonly runBabilong: typeof benchBabilong }>("babilong/babilong.ts");
  return bench.runBabilong(options, signal);
}
