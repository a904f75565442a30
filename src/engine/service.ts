import { fileURLToPath } from "node:url";
import { type AskDeps, Asking } from "./ask.ts";
import { Segmenter } from "./corpus/segment.ts";
import { Tokenizer } from "./corpus/tokenize.ts";
import { throwIfCancelled, WorkspaceEmptyError } from "./errors.ts";
import { Indexer, type SkippedFile } from "./indexing/indexer.ts";
import { DEFAULT_FACTS_LAYOUT, type FactsLayout } from "./memory/layout.ts";
import { type Bundle, loadBundle } from "./model/bundle.ts";
import { Stepper } from "./model/stepper.ts";
import { Recall } from "./recall/recall.ts";
import { defaultStateFile } from "./store/location.ts";
import { Store } from "./store/store.ts";
import type {
  Answer,
  AskStage,
  IndexProgress,
  IndexReport,
  Part,
  ProviderChoice,
  StatusReport,
  VerifyReport,
} from "./types.ts";
import { resolveWorkspace } from "./workspace.ts";

/** The bundle that comes with the product. */
export const DEFAULT_MODEL = fileURLToPath(new URL("../../models/armt-code", import.meta.url));

/** Position numbers stay below this when all segments share one shard. */
const ALL_SEGMENTS = 1 << 20;

export interface EngineOptions {
  readonly workspace: string;
  /** State file; default: one per workspace in the user's state folder. */
  readonly state?: string;
  /** Bundle folder. */
  readonly model?: string;
  readonly provider?: ProviderChoice;
  readonly without?: readonly Part[];
  readonly segmentsPerShard?: number | "all";
  readonly readOnly?: boolean;
}

/** Files left out that are kept by name for `status`. */
const SKIPPED_KEPT = 500;

/** What a complete run notes for `status`. */
interface RunNote {
  readonly ended: string;
  readonly head: string | null;
  readonly indexedBytes: number;
  readonly counts: Record<string, number>;
  readonly examples: SkippedFile[];
}

/**
 * The engine of one workspace: everything that command line, editor and other front ends ask for.
 * Errors are the classes of `errors.ts` and of the parts, each with the user's next step.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #root: string;
  readonly #bundle: Bundle;
  readonly #store: Store;
  readonly #parts: Omit<AskDeps, "recall"> & { readonly recall: Recall };
  #without: ReadonlySet<Part>;
  #coverage: number;

  /** Opens the workspace's state and the model. The model's session starts at its first step. */
  static async open(options: EngineOptions, signal?: AbortSignal): Promise<Engine> {
    const root = resolveWorkspace(options.workspace);
    const bundle = await loadBundle(options.model ?? DEFAULT_MODEL);
    throwIfCancelled(signal);
    const layout = factsLayout(bundle, options.segmentsPerShard);
    const store = Store.open(options.state ?? defaultStateFile(root), {
      modelHash: bundle.hash,
      dims: bundle.memoryDims,
      factsLayout: layout,
      workspaceId: root,
      readOnly: options.readOnly ?? false,
    });
    return new Engine(options, root, bundle, store, layout);
  }

  private constructor(options: EngineOptions, root: string, bundle: Bundle, store: Store, layout: FactsLayout) {
    this.#options = options;
    this.#root = root;
    this.#bundle = bundle;
    this.#store = store;
    this.#without = new Set(options.without);
    const tokenizer = Tokenizer.load(bundle.tokenizerFile);
    const segmenter = Segmenter.create(tokenizer, { maxTokens: bundle.limits.segmentTokens });
    const stepper = new Stepper(bundle, options.provider ?? "auto");
    const indexer = new Indexer(root, store, segmenter, stepper);
    const { calibration, memoryDims: dims } = bundle;
    const recall = new Recall(store, dims, layout, calibration.fusion);
    this.#parts = { root, store, tokenizer, segmenter, stepper, indexer, calibration, recall };
    this.#coverage = this.#lastRun() === undefined ? 0 : 1;
  }

  /** Parts to leave out from the next question on. */
  setWithout(parts: readonly Part[]): void {
    this.#without = new Set(parts);
  }

  /** Brings the state up to date with the disk. Throws `WorkspaceEmptyError` if there is nothing to index. */
  async index(
    { onProgress }: { readonly onProgress?: (progress: IndexProgress) => void },
    signal?: AbortSignal,
  ): Promise<IndexReport> {
    const started = performance.now();
    const { indexer } = this.#parts;
    const watch = (progress: IndexProgress) => {
      if (progress.bytesTotal > 0) this.#coverage = progress.bytesDone / progress.bytesTotal;
      onProgress?.(progress);
    };
    const { counts, skipped, discovery } = await indexer.update(watch, signal);
    this.#coverage = 1;
    if (this.#store.rebuilding) this.#store.commitRebuild();
    const skippedCounts = countReasons(skipped);
    this.#noteRun({
      ended: new Date().toISOString(),
      head: discovery.head,
      indexedBytes: discovery.files.reduce((sum, file) => sum + file.size, 0),
      counts: skippedCounts,
      examples: skipped.slice(0, SKIPPED_KEPT),
    });
    const stats = this.#store.stats();
    if (stats.files === 0) throw new WorkspaceEmptyError(this.#root, skipped.length);
    const ms = performance.now() - started;
    return {
      workspace: this.#root,
      state: this.#store.file,
      files: stats.files,
      segments: stats.segments,
      writes: stats.writes,
      shards: stats.shards,
      ...counts,
      skipped: skippedCounts,
      notices: this.#store.notices,
      ms: Math.round(ms),
      tokensPerSecond: Math.round((counts.streamedTokens / ms) * 1000),
      megabytesPerSecond: counts.streamedBytes / 1e6 / (ms / 1000),
      stateBytes: stats.bytes.total,
      peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
    };
  }

  /** Answers from what is indexed; files that changed since are streamed first where they matter. */
  async ask(
    question: string,
    { onStage }: { readonly onStage?: (stage: AskStage) => void },
    signal?: AbortSignal,
  ): Promise<Answer> {
    return new Asking(this.#parts, this.#without, onStage ?? (() => {}), signal).answer(question, this.#coverage);
  }

  async status(): Promise<StatusReport> {
    const run = this.#lastRun();
    return {
      workspace: this.#root,
      state: this.#store.file,
      model: { name: this.#bundle.name, hash: this.#bundle.hash },
      provider: this.#options.provider ?? "auto",
      stats: this.#store.stats(),
      coverage: this.#coverage,
      head: run?.head ?? null,
      lastIndexed: run?.ended ?? null,
      skipped: { counts: run?.counts ?? {}, examples: run?.examples ?? [] },
      notices: this.#store.notices,
    };
  }

  /** Checks the state against itself: checksums, and that each shard's state follows from its writes. */
  async verify(signal?: AbortSignal): Promise<VerifyReport> {
    const problems = await this.#store.verify(signal);
    const { files, segments, writes, shards } = this.#store.stats();
    return { ok: problems.length === 0, problems, checked: { files, segments, writes, shards } };
  }

  async clear(): Promise<void> {
    this.#store.clear();
    this.#coverage = 0;
  }

  async exportTo(file: string): Promise<void> {
    this.#store.exportTo(file);
  }

  async importFrom(file: string): Promise<void> {
    this.#store.importFrom(file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.stepper.release();
    this.#store.close();
  }

  #noteRun(run: RunNote): void {
    if (!this.#store.readOnly) this.#store.setNote("run", JSON.stringify(run));
  }

  #lastRun(): RunNote | undefined {
    const note = this.#store.note("run");
    return note === undefined ? undefined : (JSON.parse(note) as RunNote);
  }
}

function factsLayout(bundle: Bundle, segmentsPerShard: number | "all" | undefined): FactsLayout {
  const layout = { ...DEFAULT_FACTS_LAYOUT, ...bundle.factsLayout };
  if (segmentsPerShard === undefined) return layout;
  return { ...layout, segmentsPerShard: segmentsPerShard === "all" ? ALL_SEGMENTS : segmentsPerShard };
}

function countReasons(skipped: readonly SkippedFile[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of skipped) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
