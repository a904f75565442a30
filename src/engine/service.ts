import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type AskDeps, Asking } from "./ask.ts";
import { ArmtError, throwIfCancelled, WorkspaceEmptyError } from "./errors.ts";
import type { ExampleCandidate } from "./examples/candidates.ts";
import { findExamples } from "./examples/find.ts";
import { type IndexCounts, Indexer, type Look, type SkippedFile } from "./indexing/indexer.ts";
import { countReasons, lastRun, noteRun, storedCoverage } from "./indexing/run-note.ts";
import { Model } from "./model/model.ts";
import { type EngineOptions, factsLayout, openStore, storeOptions } from "./open-state.ts";
import type { ReadCandidate } from "./read/candidate.ts";
import { Opener } from "./read/opener.ts";
import { Recall } from "./recall/recall.ts";
import { Scheduler, type Turn, type Urgency } from "./scheduler.ts";
import { DiskFullError, StateNotWritableError } from "./store/errors.ts";
import { WriterLock } from "./store/lock.ts";
import type { Chat } from "./store/records.ts";
import { removeState } from "./store/state-file.ts";
import { Store } from "./store/store.ts";
import type {
  Answer,
  AskStage,
  FileList,
  IndexProgress,
  IndexReport,
  Part,
  StatusReport,
  VerifyReport,
} from "./types.ts";
import { resolveWorkspace } from "./workspace.ts";

/** The bundle that comes with the product. */
export const DEFAULT_MODEL = fileURLToPath(new URL("../../models/armt-code", import.meta.url));

/** Memories that changes left filling are brought to rest when it has been quiet for this long. */
const SETTLE_AFTER_MS = 1_000;

/** What the engines of several workspaces in one process have in common; who made it releases the model. */
export interface Shared {
  readonly model: Model;
  readonly scheduler: Scheduler;
}

/** How a question is asked, beside its words. */
export interface AskOptions {
  readonly onStage?: (stage: AskStage) => void;
  /** Files and folders ("src/a.ts", "src/lib/") that the answer must come from; none: the whole workspace. */
  readonly narrow?: readonly string[];
  /** The place that the question goes on from (`Engine.place`, of this engine unless `foreign`). */
  readonly about?: { readonly place: ReadCandidate; readonly foreign: boolean } | undefined;
}

/** What is made anew when the state is opened anew. */
interface Parts extends AskDeps {
  readonly store: Store;
}

/**
 * The engine of one workspace: everything that command line, editor and other front ends ask for. Calls may overlap:
 * questions go before changed files, these before index runs (`Scheduler`).
 * Errors are the classes of `errors.ts` and of the parts, each with the user's next step.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #root: string;
  readonly #model: Model;
  readonly #ownsModel: boolean;
  readonly #scheduler: Scheduler;
  readonly #closing = new AbortController();
  #parts: Parts;
  #without: ReadonlySet<Part>;
  /** Of an index run under way. */
  #progress: IndexProgress | undefined;
  #skipped: readonly SkippedFile[] | undefined;
  #settling: NodeJS.Timeout | undefined;

  /** Opens the workspace's state and the model. The model's session starts at its first step. */
  static async open(options: EngineOptions, signal?: AbortSignal, shared?: Shared): Promise<Engine> {
    const root = resolveWorkspace(options.workspace);
    const model = shared?.model ?? (await Model.load(options.model ?? DEFAULT_MODEL, options.provider ?? "auto"));
    throwIfCancelled(signal);
    const store = await openStore(options, root, model.bundle);
    return new Engine(options, root, model, shared === undefined, shared?.scheduler ?? new Scheduler(), store);
  }

  private constructor(
    options: EngineOptions,
    root: string,
    model: Model,
    ownsModel: boolean,
    scheduler: Scheduler,
    store: Store,
  ) {
    this.#options = options;
    this.#root = root;
    this.#model = model;
    this.#ownsModel = ownsModel;
    this.#scheduler = scheduler;
    this.#without = new Set(options.without);
    this.#parts = this.#partsOn(store);
  }

  /** Real path of the workspace. */
  get root(): string {
    return this.#root;
  }

  /** The state can only be read: by wish, or because another process writes it. */
  get readOnly(): boolean {
    return this.#store.readOnly;
  }

  /** The state was made with another model: a new one is being built, and answers from what it holds so far. */
  get rebuilding(): boolean {
    return this.#store.rebuilding;
  }

  /** Where a damaged state was put when this one was opened; null if it was not. */
  get setAside(): string | null {
    return this.#store.setAside;
  }

  /** The provider whose session runs; null before the first step. */
  get provider(): string | null {
    return this.#model.stepper.provider;
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
    const used = this.#processorMs();
    const watch = this.#watch(started, onProgress);
    const { store } = this.#parts;
    try {
      const look = await this.#parts.indexer.look(signal);
      const done = await this.#exclusively(
        "index",
        (turn) => this.#parts.indexer.update(look, turn, watch, signal),
        signal,
      );
      if (this.#store.rebuilding) this.#store.commitRebuild();
      this.#note(look, done.skipped);
      return this.#report(done.counts, done.skipped, started, used);
    } catch (error) {
      // The state was damaged and set aside, or another process took it over and is gone: begin with what is open now.
      if (this.#store !== store && !this.#store.readOnly && signal?.aborted !== true)
        return await this.index({ ...(onProgress && { onProgress }) }, signal);
      throw error;
    } finally {
      this.#progress = undefined;
    }
  }

  /**
   * Makes the whole state anew beside the present one, which answers until then and receives saved files; chats stay.
   * Interrupted, it leaves everything as it was.
   */
  async rebuild(
    { onProgress }: { readonly onProgress?: (progress: IndexProgress) => void },
    signal?: AbortSignal,
  ): Promise<IndexReport> {
    if (this.#store.rebuilding) {
      await this.#exclusively("refresh", async () => this.#store.empty());
      return await this.index({ ...(onProgress && { onProgress }) }, signal);
    }
    const started = performance.now();
    const used = this.#processorMs();
    const file = `${this.#store.file}.fresh`;
    removeState(file);
    try {
      const look = await this.#parts.indexer.look(signal);
      const done = await this.#exclusively(
        "index",
        async (turn) => {
          const fresh = Store.open(file, storeOptions(this.#options, this.#root, this.#model.bundle));
          try {
            const result = await this.#indexerOn(fresh).update(look, turn, onProgress ?? (() => {}), signal);
            fresh.close();
            this.#store.adopt(file);
            return result;
          } finally {
            fresh.close();
          }
        },
        signal,
      );
      this.#note(look, done.skipped);
      // Files that were saved meanwhile.
      await this.index({}, signal);
      return this.#report(done.counts, done.skipped, started, used);
    } finally {
      removeState(file);
      rmSync(`${file}.lock`, { force: true });
    }
  }

  /**
   * Brings single files up to date, or all files of a folder: saved, created, deleted or renamed ones, relative to the
   * workspace with forward slashes. Returns whether the state changed.
   */
  async refresh(paths: readonly string[], signal?: AbortSignal): Promise<boolean> {
    const changed = await this.#exclusively(
      "refresh",
      (turn) => this.#parts.indexer.refresh(paths, turn, signal),
      signal,
    );
    this.#settleSoon();
    return changed;
  }

  /** Answers from what is indexed; files that changed since are streamed first where they matter. */
  async ask(question: string, options: AskOptions, signal?: AbortSignal): Promise<Answer> {
    const answer = await this.#exclusively(
      "ask",
      (turn) => {
        const { onStage = () => {}, narrow = [], about } = options;
        const run = { without: this.#without, narrow, about, onStage, coverage: this.#coverage() };
        return new Asking(this.#parts, run, turn, signal).answer(question);
      },
      signal,
    );
    this.#settleSoon();
    return answer;
  }

  /** The segment around a line (from 1) as a question goes on from it; undefined if nothing is known of it. */
  place(file: string, line: number, signal?: AbortSignal): Promise<ReadCandidate | undefined> {
    return this.#exclusively("ask", (turn) => new Opener(this.#parts, turn, signal).at(file, line), signal);
  }

  /** At most so many questions that this workspace should answer, with the places where the answers stand. */
  examples(most: number, signal?: AbortSignal): Promise<ExampleCandidate[]> {
    const { segmenter } = this.#model;
    return this.#exclusively(
      "index",
      (turn) => findExamples(this.#root, this.list().files, segmenter, turn, most),
      signal,
    );
  }

  async status(): Promise<StatusReport> {
    const run = lastRun(this.#store);
    const { bundle } = this.#model;
    return {
      workspace: this.#root,
      state: this.#store.file,
      model: { name: bundle.name, hash: bundle.hash },
      provider: this.#options.provider ?? "auto",
      stats: this.#store.stats(),
      coverage: this.#coverage(),
      head: run?.head ?? null,
      lastIndexed: run?.ended ?? null,
      skipped: { counts: run?.counts ?? {}, examples: run?.examples ?? [] },
      notices: this.#notices(),
    };
  }

  /** The files that are indexed, and those that the last run left out. */
  list(): FileList {
    const files = this.#store.files().map(({ path, segments, size }) => ({ path, segments, bytes: size }));
    return { files, skipped: this.#skipped ?? lastRun(this.#store)?.examples ?? [] };
  }

  /** Newest first. */
  chats(): Chat[] {
    return this.#store.chats();
  }

  saveChat(chat: Chat): void {
    this.#store.putChat(chat);
  }

  deleteChat(id: string): void {
    this.#store.removeChat(id);
  }

  /**
   * Where another process wrote the state and has ended, takes its place; returns whether it did. What that process left
   * unfinished is brought up to date by the next `index`.
   */
  async takeOver(): Promise<boolean> {
    const store = this.#store;
    if (!store.readOnly || this.#options.readOnly === true || WriterLock.held(store.file)) return false;
    await this.#scheduler.run("refresh", () => this.#reopen());
    return !this.#store.readOnly;
  }

  /** Checks the state against itself: checksums, and that each shard's state follows from its writes. */
  async verify(signal?: AbortSignal): Promise<VerifyReport> {
    const problems = await this.#store.verify(signal);
    const { files, segments, writes, shards } = this.#store.stats();
    const marked = problems.length > 0 && (await this.#markDamaged(signal));
    return { ok: problems.length === 0, problems, marked, checked: { files, segments, writes, shards } };
  }

  async clear(): Promise<void> {
    await this.#exclusively("refresh", async () => this.#store.clear());
  }

  async exportTo(file: string): Promise<void> {
    this.#store.exportTo(file);
  }

  async importFrom(file: string): Promise<void> {
    this.#store.importFrom(file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#settling);
    this.#closing.abort();
    if (this.#ownsModel) await this.#model.release();
    this.#store.close();
  }

  get #store(): Store {
    return this.#parts.store;
  }

  #partsOn(store: Store): Parts {
    const { bundle, tokenizer, segmenter, stepper } = this.#model;
    const { calibration } = bundle;
    const layout = factsLayout(bundle, this.#options.segmentsPerShard);
    return {
      root: this.#root,
      store,
      tokenizer,
      segmenter,
      stepper,
      calibration,
      indexer: this.#indexerOn(store),
      recall: new Recall(store, bundle.memoryDims, layout, calibration.fusion),
      maxFileBytes: this.#options.maxFileBytes,
    };
  }

  #indexerOn(store: Store): Indexer {
    return new Indexer(this.#root, store, this.#model, this.#options);
  }

  /** Runs a task in its turn, on a state that is open and whole. */
  async #exclusively<T>(urgency: Urgency, task: (turn: Turn) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return await this.#scheduler.run(
      urgency,
      async (turn) => {
        // The writer has put another file in the place of the one that is read here.
        if (this.#store.readOnly && this.#store.replacedOnDisk()) await this.#reopen();
        try {
          return await task(turn);
        } catch (error) {
          if (error instanceof ArmtError && REOPEN.has(error.code)) await this.#reopen();
          throw error;
        }
      },
      signal,
    );
  }

  /**
   * Leaves the mark of damage in a state that is only read here, by a look with the writer's lock: what a running writer
   * had half done is no damage. False where another process writes the state, or it may not be written.
   */
  async #markDamaged(signal?: AbortSignal): Promise<boolean> {
    if (!this.#store.readOnly) return true;
    try {
      const store = await openStore({ ...this.#options, readOnly: false }, this.#root, this.#model.bundle);
      try {
        if (store.readOnly) return false;
        await store.verify(signal);
        return true;
      } finally {
        store.close();
      }
    } catch (error) {
      if (error instanceof StateNotWritableError || error instanceof DiskFullError) return false;
      throw error;
    }
  }

  /** Opens the state anew: a damaged one is set aside by that, and who writes it is decided again. */
  async #reopen(): Promise<void> {
    const former = this.#store;
    // A writer's lock must be free before it can be taken again.
    if (!former.readOnly) former.close();
    this.#parts = this.#partsOn(await openStore(this.#options, this.#root, this.#model.bundle));
    if (former.readOnly) former.close();
  }

  /** What the user should know of the state and of what the model runs on. */
  #notices(): readonly string[] {
    return [...this.#store.notices, ...this.#model.stepper.notices];
  }

  /** Share of the workspace's bytes that answers can come from, 0..1. */
  #coverage(): number {
    const progress = this.#progress;
    if (progress === undefined || progress.bytesTotal === 0) return storedCoverage(this.#store);
    return progress.bytesDone / progress.bytesTotal;
  }

  #watch(started: number, onProgress: ((progress: IndexProgress) => void) | undefined): (p: IndexProgress) => void {
    const nothing = { filesDone: 0, filesTotal: 0, bytesDone: 0, bytesTotal: 0, segmentsDone: 0, tokensDone: 0 };
    onProgress?.({ phase: "discover", ...nothing, elapsedMs: performance.now() - started });
    return (progress) => {
      this.#progress = progress;
      onProgress?.(progress);
    };
  }

  #settleSoon(): void {
    if (this.#store.readOnly || this.#progress !== undefined || this.#closing.signal.aborted) return;
    clearTimeout(this.#settling);
    const settle = () => {
      const { signal } = this.#closing;
      // What fails here is left filling, which answers too, and the next run tries again and tells.
      this.#exclusively("index", (turn) => this.#parts.indexer.settle(turn, signal), signal).catch(() => {});
    };
    this.#settling = setTimeout(settle, SETTLE_AFTER_MS);
    this.#settling.unref();
  }

  #note({ discovery }: Look, skipped: readonly SkippedFile[]): void {
    this.#skipped = skipped;
    const indexedBytes = discovery.files.reduce((sum, file) => sum + file.size, 0);
    noteRun(this.#store, discovery.head, indexedBytes, skipped);
  }

  /** Milliseconds of processors that this process and its encoders have taken. */
  #processorMs(): number {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000 + this.#model.encoders.usage.processorMs;
  }

  #report(counts: IndexCounts, skipped: readonly SkippedFile[], started: number, used: number): IndexReport {
    this.#store.foldWal();
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
      skipped: countReasons(skipped),
      notices: this.#notices(),
      ms: Math.round(ms),
      tokensPerSecond: Math.round((counts.streamedTokens / ms) * 1000),
      megabytesPerSecond: counts.streamedBytes / 1e6 / (ms / 1000),
      stateBytes: stats.bytes.total,
      peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024) + this.#model.encoders.usage.peakMb,
      processorMs: Math.round(this.#processorMs() - used),
    };
  }
}

/** Codes of errors after which the state must be opened anew. */
const REOPEN: ReadonlySet<string> = new Set(["state-corrupt", "lock-lost"]);
