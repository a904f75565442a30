import { setTimeout as delay } from "node:timers/promises";
import { ArmtError, throwIfCancelled } from "../../engine/errors.ts";
import type { Engine } from "../../engine/service.ts";
import type { Answer, AskStage, IndexProgress, IndexReport } from "../../engine/types.ts";
import { describeIndex } from "../progress.ts";
import { percent } from "../quantities.ts";
import { narrowedTo } from "./narrow.ts";

/** After a question that comes later than this, the whole workspace is looked at again. */
const LOOK_AGAIN_MS = 60_000;
/** Most looks end within this time: a question waits for one that has just begun, no longer. */
const WAIT_MS = 5_000;

/** What happens in the background. */
export interface WorkspaceEvents {
  readonly onProgress: (progress: IndexProgress) => void;
  readonly onIndexed: (report: IndexReport) => void;
  readonly onFailed: (error: unknown) => void;
}

/** How a question is asked. */
export interface ServedQuestion {
  readonly question: string;
  /** Files and folders as the agent names them. */
  readonly narrow: readonly string[];
  readonly onStage: (stage: AskStage) => void;
  /** Of an index run that the question waits for. */
  readonly onProgress: (progress: IndexProgress) => void;
}

/** An answer, and what is to be known of the index that it comes from. */
export interface ServedAnswer {
  readonly answer: Answer;
  readonly notices: readonly string[];
}

/** What is indexed, and what is being done. */
export interface ServedStatus {
  /** Real path. */
  readonly workspace: string;
  readonly files: number;
  readonly segments: number;
  /** Share of the workspace's bytes that answers can come from, 0..1. */
  readonly coverage: number;
  /** How far a run under way is; null if none is. */
  readonly indexing: string | null;
  /** When the last complete run ended, ISO 8601. */
  readonly lastIndexed: string | null;
  /** Another program writes the state, or nobody may. */
  readonly readOnly: boolean;
  /** Files left out by the last run, counted by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly notices: readonly string[];
}

interface IndexRun {
  /** `performance.now()` then. */
  readonly started: number;
  /** Never rejects: what failed is told with the next answer. */
  readonly ended: Promise<void>;
}

/**
 * A workspace that questions come to over a long time: opened and indexed in the background, looked at again when a
 * question comes and the last look is old. The state is written by one process; others answer from it and take over when
 * that one has ended.
 */
export class ServedWorkspace {
  readonly #open: (signal: AbortSignal) => Promise<Engine>;
  readonly #events: WorkspaceEvents;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #watchers = new Set<(progress: IndexProgress) => void>();
  #engine: Promise<Engine> | undefined;
  #takingOver: Promise<boolean> | undefined;
  #run: IndexRun | undefined;
  #progress: IndexProgress | undefined;
  #streamStart: IndexProgress | undefined;
  /** `performance.now()` when the last complete run ended. */
  #indexedAt = Number.NEGATIVE_INFINITY;
  #failure: unknown;

  /** `open` is called when the engine is first needed, and again after it failed. */
  constructor(open: (signal: AbortSignal) => Promise<Engine>, events: WorkspaceEvents) {
    this.#open = open;
    this.#events = events;
  }

  /** Opens the state and brings it up to date, in the background; what fails is told by `onFailed`. */
  start(): void {
    const starting = this.#opened().then(async (engine) => {
      if (!engine.readOnly) await this.#index(engine).ended;
    });
    this.#track(starting).catch((error: unknown) => this.#events.onFailed(error));
  }

  /** Answers from what is indexed. Throws `CancelledError`, `NarrowedOutsideError` and what the engine throws. */
  ask({ question, narrow, onStage, onProgress }: ServedQuestion, signal: AbortSignal): Promise<ServedAnswer> {
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    const asking = async (): Promise<ServedAnswer> => {
      const engine = await this.#opened();
      const places = narrowedTo(engine.root, narrow);
      await this.#lookAgain(engine, onProgress, stop);
      throwIfCancelled(stop);
      if (this.#failure !== undefined && engine.list().files.length === 0) throw this.#failure;
      const answer = await engine.ask(question, { narrow: places, onStage }, stop);
      return { answer, notices: this.#notices(engine, answer.coverage) };
    };
    return this.#track(asking());
  }

  async status(): Promise<ServedStatus> {
    const engine = await this.#opened();
    const { workspace, stats, coverage, lastIndexed, skipped, notices } = await engine.status();
    return {
      workspace,
      files: stats.files,
      segments: stats.segments,
      coverage,
      indexing: this.#progress === undefined ? null : describeIndex(this.#progress, this.#streamStart),
      lastIndexed,
      readOnly: engine.readOnly,
      skipped: skipped.counts,
      notices: [...notices, ...this.#notices(engine, coverage)],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
    const engine = await this.#engine?.catch(() => undefined);
    await engine?.[Symbol.asyncDispose]();
  }

  #opened(): Promise<Engine> {
    if (this.#engine === undefined) {
      this.#engine = this.#open(this.#closing.signal);
      this.#engine.catch(() => {
        this.#engine = undefined;
      });
    }
    return this.#engine;
  }

  /** Begins a run if the last one is old, and waits for one that has just begun. */
  async #lookAgain(engine: Engine, onProgress: (p: IndexProgress) => void, signal: AbortSignal): Promise<void> {
    if (engine.readOnly && !(await this.#takeOver(engine))) return;
    if (this.#run === undefined && performance.now() - this.#indexedAt < LOOK_AGAIN_MS) return;
    const run = this.#index(engine);
    this.#watchers.add(onProgress);
    try {
      await endOr(run.ended, run.started + WAIT_MS - performance.now(), signal);
    } finally {
      this.#watchers.delete(onProgress);
    }
  }

  /** One attempt for all questions that come at the same time: a second one would open the state under the first's run. */
  async #takeOver(engine: Engine): Promise<boolean> {
    this.#takingOver ??= engine.takeOver().finally(() => {
      this.#takingOver = undefined;
    });
    return await this.#takingOver;
  }

  #index(engine: Engine): IndexRun {
    this.#run ??= { started: performance.now(), ended: this.#track(this.#update(engine)) };
    return this.#run;
  }

  async #update(engine: Engine): Promise<void> {
    const { signal } = this.#closing;
    try {
      const report = await engine.index({ onProgress: this.#tell }, signal);
      this.#indexedAt = performance.now();
      this.#failure = undefined;
      this.#events.onIndexed(report);
    } catch (error) {
      if (signal.aborted) return;
      this.#failure = error;
      this.#events.onFailed(error);
    } finally {
      this.#run = undefined;
      this.#progress = undefined;
      this.#streamStart = undefined;
    }
  }

  readonly #tell = (progress: IndexProgress): void => {
    this.#progress = progress;
    if (progress.phase === "stream") this.#streamStart ??= progress;
    this.#events.onProgress(progress);
    for (const watcher of this.#watchers) watcher(progress);
  };

  #notices(engine: Engine, coverage: number): string[] {
    const notices: string[] = [];
    if (engine.readOnly) {
      notices.push(
        "The index is open for reading only (another program may be writing it): files that changed since are not quoted.",
      );
    } else if (this.#failure !== undefined) {
      notices.push(`The index could not be brought up to date: ${reason(this.#failure)}`);
    }
    if (coverage < 1) {
      const later = this.#run === undefined ? "" : " Ask again later for an answer from all of it.";
      notices.push(`Only ${percent(coverage)} of the workspace is indexed so far.${later}`);
    }
    return notices;
  }

  #track<T>(task: Promise<T>): Promise<T> {
    this.#running.add(task);
    const done = () => this.#running.delete(task);
    task.then(done, done);
    return task;
  }
}

/** What went wrong, with the user's next step where it is known. */
export function reason(error: unknown): string {
  if (error instanceof ArmtError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `${message}. This is a fault in armt: its stderr tells more.`;
}

/** Waits for the end of a task, at most `ms` milliseconds or until the signal is aborted. */
async function endOr(task: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  const over = new AbortController();
  const limit = delay(ms, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => {});
  await Promise.race([task, limit]);
  over.abort();
}
