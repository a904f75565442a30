import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Emitter, type Event, type RequestType } from "vscode-jsonrpc/node";
import type { ExampleCandidate } from "../engine/examples/candidates.ts";
import type { AskStage, FileList, IndexProgress, IndexReport, Preview } from "../engine/types.ts";
import * as protocol from "../protocol/engine.ts";
import { type Crash, EngineChild, type Log } from "./engine/child.ts";
import {
  type CrashCause,
  causeInWords,
  EngineCrashedError,
  EngineDisposedError,
  EngineRequestError,
  EngineStoppedError,
} from "./engine/errors.ts";

/** What the process is doing. */
export type EngineState =
  /** Not needed so far. */
  | { readonly state: "idle" }
  | { readonly state: "starting" }
  | { readonly state: "running" }
  /** It ended; it is started again in a moment. */
  | { readonly state: "restarting"; readonly cause: CrashCause }
  /** It ended too often: until `restart`. */
  | { readonly state: "stopped"; readonly cause: CrashCause }
  | { readonly state: "disposed" };

/** Times in milliseconds. */
export interface EngineTimes {
  readonly pingMs: number;
  readonly silenceMs: number;
  /** Pauses before the first, second … start after a crash; the last one holds for all further ones. */
  readonly backOffMs: readonly number[];
  /** This many crashes within `windowMs` stop it. */
  readonly crashes: number;
  readonly windowMs: number;
  /** To close its files when it is asked to end. */
  readonly graceMs: number;
}

export const ENGINE_TIMES: EngineTimes = {
  pingMs: 5_000,
  silenceMs: 30_000,
  backOffMs: [500, 2_000, 8_000],
  crashes: 3,
  windowMs: 600_000,
  graceMs: 1_000,
};

export interface EngineClientOptions {
  /** The engine's program: `dist/node/engine.js`. */
  readonly module: string;
  readonly log: Log;
  readonly env?: Readonly<Record<string, string>>;
  readonly times?: Partial<EngineTimes>;
}

/** A folder that was opened again after the process was started again. */
export interface Reopened {
  readonly folder: string;
  readonly status: protocol.FolderStatus;
}

/** A folder that could not be, e.g. because it is gone. */
export interface Lost {
  readonly folder: string;
  readonly error: EngineRequestError;
}

/**
 * The engine process as the host sees it: started by the first request, watched by a heartbeat, started again with its
 * folders open when it ends, and stopped when it ends too often. Requests wait while it starts.
 *
 * Requests throw `EngineRequestError` (code "cancelled" for an aborted signal), `EngineCrashedError`,
 * `EngineStoppedError`, `EngineDisposedError`.
 */
export class EngineClient {
  readonly #options: EngineClientOptions;
  readonly #times: EngineTimes;
  readonly #folders = new Map<string, protocol.OpenParams>();
  readonly #progress = new Map<string, Set<(progress: IndexProgress) => void>>();
  readonly #stages = new Map<string, (stage: AskStage, folder: string) => void>();
  readonly #stateChanged = new Emitter<EngineState>();
  readonly #reopened = new Emitter<Reopened>();
  readonly #lost = new Emitter<Lost>();
  readonly #writer = new Emitter<Reopened>();
  readonly #providerChanged = new Emitter<string | null>();
  readonly #disposing = new AbortController();
  /** `performance.now()` of each, the latest last. */
  #crashes: number[] = [];
  #state: EngineState = { state: "idle" };
  #child: EngineChild | undefined;
  #ready: Promise<EngineChild> | undefined;
  #provider: string | null = null;
  /** The provider whose driver was touched last. */
  #tried: string | null = null;
  #cpuOnly = false;
  /** A start that waits gives way to one that the user asked for. */
  #generation = 0;

  constructor(options: EngineClientOptions) {
    this.#options = options;
    this.#times = { ...ENGINE_TIMES, ...options.times };
  }

  get state(): EngineState {
    return this.#state;
  }

  /** The provider that the model runs on; null before its first step. */
  get provider(): string | null {
    return this.#provider;
  }

  /** The model is kept to the CPU, after a crash on a GPU or by `restart`. */
  get cpuOnly(): boolean {
    return this.#cpuOnly;
  }

  /** Process id, for tests and the log. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  readonly onState: Event<EngineState> = this.#stateChanged.event;
  /** After a restart: what ran on these folders has to be asked for again. */
  readonly onReopened: Event<Reopened> = this.#reopened.event;
  /** After a restart: such a folder has to be opened anew, once its cause is mended. */
  readonly onLost: Event<Lost> = this.#lost.event;
  /** The other window that wrote a folder's state is gone: this one may index. */
  readonly onWriter: Event<Reopened> = this.#writer.event;
  readonly onProvider: Event<string | null> = this.#providerChanged.event;

  /** Opens a folder, or opens it anew with other parameters. */
  async open(params: protocol.OpenParams, signal?: AbortSignal): Promise<protocol.FolderStatus> {
    const child = await this.#running(signal);
    const before = this.#folders.get(params.folder);
    this.#folders.set(params.folder, params);
    try {
      return await child.request(protocol.openFolder, this.#effective(params), { working: false, signal });
    } catch (error) {
      if (error instanceof EngineRequestError) {
        if (before === undefined) this.#folders.delete(params.folder);
        else this.#folders.set(params.folder, before);
      }
      throw error;
    }
  }

  async close(folder: string): Promise<void> {
    this.#folders.delete(folder);
    if (this.#child !== undefined) await this.#request(protocol.closeFolder, { folder });
  }

  /** What would be indexed, by names and sizes alone. */
  preview(params: protocol.PreviewParams, signal?: AbortSignal): Promise<Preview> {
    return this.#request(protocol.previewFolder, params, signal);
  }

  /** Brings the whole folder up to date. Abort to pause or stop: what was done stays, and the next call goes on. */
  index(
    folder: string,
    onProgress: (progress: IndexProgress) => void = () => {},
    signal?: AbortSignal,
  ): Promise<IndexReport> {
    return this.#indexing(protocol.indexFolder, folder, onProgress, signal);
  }

  /** Indexes anew beside the present state, which answers meanwhile. */
  rebuild(
    folder: string,
    onProgress: (progress: IndexProgress) => void = () => {},
    signal?: AbortSignal,
  ): Promise<IndexReport> {
    return this.#indexing(protocol.rebuildFolder, folder, onProgress, signal);
  }

  /** Paths relative to the folder, with forward slashes; a folder stands for its files. Whether anything changed. */
  async refresh(folder: string, paths: readonly string[], signal?: AbortSignal): Promise<boolean> {
    return (await this.#request(protocol.refreshFiles, { folder, paths }, signal, true)).changed;
  }

  status(folder: string, signal?: AbortSignal): Promise<protocol.FolderStatus> {
    return this.#request(protocol.folderStatus, { folder }, signal);
  }

  files(folder: string, signal?: AbortSignal): Promise<FileList> {
    return this.#request(protocol.listFiles, { folder }, signal);
  }

  /** Questions that the folder should answer. */
  examples(folder: string, most: number, signal?: AbortSignal): Promise<readonly ExampleCandidate[]> {
    return this.#request(protocol.listExamples, { folder, most }, signal, true);
  }

  async clear(folder: string, signal?: AbortSignal): Promise<void> {
    await this.#request(protocol.clearFolder, { folder }, signal);
  }

  async ask(
    params: Omit<protocol.AskParams, "id">,
    onStage: (stage: AskStage, folder: string) => void = () => {},
    signal?: AbortSignal,
  ): Promise<protocol.AskResult> {
    const id = randomUUID();
    this.#stages.set(id, onStage);
    try {
      // Whoever stops does not wait for an engine that is slow to hear of it.
      return await abortable(this.#request(protocol.ask, { ...params, id }, signal, true), signal);
    } finally {
      this.#stages.delete(id);
    }
  }

  /** Newest first. */
  chats(folder: string, signal?: AbortSignal): Promise<readonly protocol.StoredChat[]> {
    return this.#request(protocol.listChats, { folder }, signal);
  }

  async saveChat(folder: string, chat: protocol.StoredChat, signal?: AbortSignal): Promise<void> {
    await this.#request(protocol.saveChat, { folder, chat }, signal);
  }

  async deleteChat(folder: string, id: string, signal?: AbortSignal): Promise<void> {
    await this.#request(protocol.deleteChat, { folder, id }, signal);
  }

  /** By the user's wish: forgets the crashes and starts anew, on the CPU alone if so wished. */
  async restart(options: { readonly cpuOnly: boolean } = { cpuOnly: false }): Promise<void> {
    if (this.#disposing.signal.aborted) throw new EngineDisposedError();
    this.#crashes = [];
    this.#cpuOnly = options.cpuOnly;
    this.#generation++;
    const child = this.#child;
    this.#ready = (async () => {
      await child?.end(this.#times.graceMs);
      return await this.#start(0);
    })();
    await this.#running();
  }

  /** Ends the process. */
  async dispose(): Promise<void> {
    this.#disposing.abort();
    const child = this.#child;
    this.#become({ state: "disposed" });
    await child?.end(this.#times.graceMs);
    const emitters = [this.#stateChanged, this.#reopened, this.#lost, this.#writer, this.#providerChanged];
    for (const emitter of emitters) emitter.dispose();
  }

  async #indexing(
    type: typeof protocol.indexFolder,
    folder: string,
    onProgress: (progress: IndexProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<IndexReport> {
    using _ = this.#follow(folder, onProgress);
    return await this.#request(type, { folder }, signal, true);
  }

  #follow(folder: string, onProgress: (progress: IndexProgress) => void): { [Symbol.dispose](): void } {
    const followers = this.#progress.get(folder) ?? new Set();
    this.#progress.set(folder, followers.add(onProgress));
    return { [Symbol.dispose]: () => followers.delete(onProgress) };
  }

  async #request<P, R>(
    type: RequestType<P, R, protocol.EngineErrorData>,
    params: P,
    signal?: AbortSignal,
    working = false,
  ): Promise<R> {
    const child = await this.#running(signal);
    return await child.request(type, params, { working, signal });
  }

  /** The process, started and with its folders open. */
  async #running(signal?: AbortSignal): Promise<EngineChild> {
    for (;;) {
      if (this.#disposing.signal.aborted) throw new EngineDisposedError();
      if (this.#state.state === "stopped" && this.#ready === undefined) throw new EngineStoppedError(this.#state.cause);
      this.#ready ??= this.#start(0);
      const ready = this.#ready;
      try {
        return await abortable(ready, signal);
      } catch (error) {
        // It ended while it started: another start is under way, or it is stopped.
        if (signal?.aborted) throw error;
        if (this.#ready !== ready) continue;
        this.#ready = undefined;
        throw error;
      }
    }
  }

  async #start(pauseMs: number): Promise<EngineChild> {
    const generation = this.#generation;
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal: this.#disposing.signal }).catch(() => {});
    if (this.#disposing.signal.aborted || generation !== this.#generation) throw new EngineDisposedError();
    this.#become({ state: "starting" });
    this.#setProvider(null);
    this.#tried = null;
    const { module, env = {}, log } = this.#options;
    const { pingMs, silenceMs } = this.#times;
    const child: EngineChild = new EngineChild({ module, env, log, pingMs, silenceMs }, (crash) =>
      this.#crashed(child, crash),
    );
    this.#child = child;
    this.#listen(child);
    log("info", `Engine process ${child.pid ?? "?"} started${this.#cpuOnly ? ", on the CPU only" : ""}.`);
    for (const params of [...this.#folders.values()]) await this.#reopen(child, params);
    if (this.#child === child) this.#become({ state: "running" });
    return child;
  }

  async #reopen(child: EngineChild, params: protocol.OpenParams): Promise<void> {
    try {
      const status = await child.request(protocol.openFolder, this.#effective(params), { working: false });
      this.#reopened.fire({ folder: params.folder, status });
    } catch (error) {
      if (!(error instanceof EngineRequestError)) throw error;
      this.#options.log("error", `${params.folder} could not be opened again: ${error.message}`);
      this.#folders.delete(params.folder);
      this.#lost.fire({ folder: params.folder, error });
    }
  }

  #listen(child: EngineChild): void {
    child.onNotification(protocol.engineLog, ({ level, message }) => this.#options.log(level, message));
    child.onNotification(protocol.indexProgress, ({ folder, progress }) => {
      for (const follower of this.#progress.get(folder) ?? []) follower(progress);
    });
    child.onNotification(protocol.askStage, ({ id, folder, stage }) => this.#stages.get(id)?.(stage, folder));
    child.onNotification(protocol.becameWriter, ({ folder, ...status }) => this.#writer.fire({ folder, status }));
    child.onNotification(protocol.engineProvider, ({ provider, running }) => {
      this.#tried = provider;
      if (running) this.#setProvider(provider);
    });
  }

  /** Decides what follows a crash; returns what the requests under way fail with. */
  #crashed(child: EngineChild, { cause, working }: Crash): Error {
    if (this.#child !== child) return new EngineDisposedError();
    this.#child = undefined;
    this.#setProvider(null);
    const cpuBefore = this.#cpuOnly;
    if (working && this.#tried !== null && this.#tried !== "cpu") this.#cpuOnly = true;
    const { backOffMs, crashes, windowMs } = this.#times;
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((at) => now - at < Math.max(windowMs, FORGET_MS)), now];
    this.#options.log("error", `The engine process ended. ${causeInWords(cause)}`);
    if (this.#crashes.filter((at) => now - at < windowMs).length >= crashes) {
      this.#ready = undefined;
      this.#become({ state: "stopped", cause });
    } else {
      const pause = backOffMs[Math.min(this.#crashes.length, backOffMs.length) - 1] ?? 0;
      this.#become({ state: "restarting", cause });
      const start = this.#start(pause);
      // Requests that wait for it hear what became of it; nobody may be waiting.
      start.catch(() => {});
      this.#ready = start;
    }
    return new EngineCrashedError(cause, this.#cpuOnly && !cpuBefore);
  }

  #effective(params: protocol.OpenParams): protocol.OpenParams {
    return this.#cpuOnly ? { ...params, provider: "cpu" } : params;
  }

  #setProvider(provider: string | null): void {
    if (this.#provider === provider) return;
    this.#provider = provider;
    this.#providerChanged.fire(provider);
  }

  #become(state: EngineState): void {
    if (this.#state.state === "disposed") return;
    this.#state = state;
    this.#stateChanged.fire(state);
  }
}

/** A crash this long ago no longer makes the next start wait longer. */
const FORGET_MS = 3_600_000;

/** Waits, but not beyond the signal. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new EngineRequestError("cancelled", "Stopped."));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
