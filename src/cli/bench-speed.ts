import { benchModule } from "./bench-module.ts";

/** The options of `armt bench speed`. Undefined stands for the default named in the comment. */
export interface BenchSpeedOptions {
  /** One small workspace and short measurements: under a minute on two cores. */
  readonly quick?: boolean | undefined;
  /** Tokens of the workspace at each measurement, rising; default: 0.1, 1, 3.5 and 10 million, quick 0.1. */
  readonly sizes?: readonly number[] | undefined;
  /** Print the report as JSON instead of the table. */
  readonly json?: boolean | undefined;
  /** Write the report as JSON to a file. */
  readonly out?: string | undefined;
  /** Draw cost against workspace size to an SVG file; default: none. */
  readonly plot?: string | undefined;
  /** Folder with `ws/<repo>/` for each training repository; default: fetched into the cache folder. */
  readonly sources?: string | undefined;
  /** Model bundle; default: the engine's. */
  readonly model?: string | undefined;
  /** Cache folder for sources; default: `armt-bench` in the user's cache folder. */
  readonly cache?: string | undefined;
}

/** Runs the speed bench: the table or the JSON goes to stdout, progress to stderr. Returns the exit code. */
export async function benchSpeed(options: BenchSpeedOptions, signal: AbortSignal): Promise<number> {
  const bench = await benchModule<{ readonly runSpeedBench: typeof benchSpeed }>("speed/speed.ts");
  return bench.runSpeedBench(options, signal);
}
