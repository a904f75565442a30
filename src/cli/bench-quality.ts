import type { Part, ProviderChoice } from "../engine/types.ts";
import { benchModule } from "./bench-module.ts";

/** The options of `armt bench quality`. Undefined stands for the default named in the comment. */
export interface BenchQualityOptions {
  /** Which questions: `dev` (10 repositories, never trained on) or `train`. */
  readonly set: "dev" | "train";
  /** Folder with `ws/<repo>/` for each pinned repository; default: fetched into the cache folder. */
  readonly sources?: string | undefined;
  /** Only these repositories; default: all of the set. */
  readonly repos?: readonly string[] | undefined;
  /** At most so many questions per repository; default: all. */
  readonly limit?: number | undefined;
  /** One extra row for the product without these parts together. */
  readonly without?: readonly Part[] | undefined;
  /** One extra row for each part left out alone. */
  readonly ablations?: boolean | undefined;
  /** Rows for the peers: BM25, pretrained MiniLM, their rank fusion. */
  readonly peers?: boolean | undefined;
  /** Leave the product out, e.g. to measure the peers before a bundle exists. */
  readonly peersOnly?: boolean | undefined;
  /** Where to write the report with every single result; default: none, the journal in the cache folder stays. */
  readonly json?: string | undefined;
  /** Go on with a run that was cut off, from its journal. */
  readonly resume?: boolean | undefined;
  /** Keep indexes in the cache folder, keyed by model and engine sources, and use them again. */
  readonly reuseIndex?: boolean | undefined;
  /** Folder with `model.onnx` and `tokenizer.json` of the MiniLM peer; default: built by Python into the cache folder. */
  readonly minilm?: string | undefined;
  /** Model bundle; default: the engine's. */
  readonly model?: string | undefined;
  readonly provider?: ProviderChoice | undefined;
  /** Cache folder for sources, embeddings, journals; default: `armt-bench` in the user's cache folder. */
  readonly cache?: string | undefined;
}

/**
 * Runs the quality bench and prints its tables to stdout, progress to stderr.
 * Returns the exit code: 0 done, 1 a quote differed from the disk (the tables are printed all the same).
 */
export async function benchQuality(options: BenchQualityOptions, signal: AbortSignal): Promise<number> {
  const bench = await benchModule<{ readonly runQualityBench: typeof benchQuality }>("quality.ts");
  return bench.runQualityBench(options, signal);
}
