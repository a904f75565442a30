import { existsSync } from "node:fs";
import * as vscode from "vscode";
import type { IndexProgress, IndexReport } from "../../engine/types.ts";
import type { FolderStatus } from "../../protocol/engine.ts";
import type { CrashCause } from "../engine/errors.ts";
import {
  EngineCrashedError,
  EngineDisposedError,
  EngineRequestError,
  EngineStoppedError,
  isCancelled,
} from "../engine/errors.ts";
import type { EngineClient } from "../engine-client.ts";
import { describe, messageOf } from "../logging.ts";
import { discoverySettings, modelSettings } from "../settings.ts";

/** What the user wants of a folder; kept with the workspace. */
export type Wish = "off" | "on" | "paused";

export type FolderState =
  /** The user has not agreed, or has stopped it: nothing is read. */
  | { readonly state: "off" }
  | { readonly state: "opening" }
  | { readonly state: "refused" }
  | { readonly state: "indexing" }
  | { readonly state: "paused" }
  | { readonly state: "ready" }
  | { readonly state: "failed"; readonly problem: Problem };

/** Why nothing goes on: the process ended too often, or the engine refused for a reason that it words itself. */
export type Problem =
  | { readonly kind: "crashed"; readonly cause: CrashCause }
  | { readonly kind: "error"; readonly code: string; readonly message: string };

/** How much of a folder is known. */
export interface Extent {
  readonly files: number;
  readonly of: number;
  /** 0..1 of the bytes. */
  readonly share: number;
}

/** The file that was brought up to date last. */
export interface LastRead {
  readonly path: string;
  readonly at: number;
}

export interface FolderIndexOptions {
  readonly folder: vscode.WorkspaceFolder;
  readonly engine: EngineClient;
  readonly log: vscode.LogOutputChannel;
  /** State file. */
  readonly state: vscode.Uri;
  readonly wish: Wish;
  readonly keep: (wish: Wish) => void;
}

/** The index is written by another window; the message says what to do. */
class OtherWindowReadsError extends Error {
  override readonly name = "OtherWindowReadsError";

  constructor(folder: string) {
    super(vscode.l10n.t("Another window reads {0}. Rebuild the index there.", folder));
  }
}

/** A run over an index that was whole before is shown as such only when it takes this long. */
const QUIET_MS = 1_500;
const NOTHING: Extent = { files: 0, of: 0, share: 0 };

/**
 * The index of one workspace folder: `off → opening → indexing ⇄ paused → ready`, any of them `→ failed → opening`.
 * One run at a time; what is asked for meanwhile makes the run go round once more.
 */
export class FolderIndex {
  readonly folder: vscode.WorkspaceFolder;
  readonly #options: FolderIndexOptions;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #refreshing = new Set<Promise<unknown>>();
  #state: FolderState = { state: "off" };
  #wish: Wish;
  #status: FolderStatus | undefined;
  #progress: IndexProgress | undefined;
  /** Files of the folder, as of the last look at all of it. */
  #total: number | undefined;
  #notices: readonly string[] = [];
  #run: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  #again = false;
  #opened = false;
  #kept: boolean;
  #quiet = false;
  #lastRead: LastRead | undefined;

  constructor(options: FolderIndexOptions) {
    this.folder = options.folder;
    this.#options = options;
    this.#wish = options.wish;
    this.#kept = existsSync(options.state.fsPath);
  }

  readonly onChange = this.#changed.event;

  /** The folder's path, as the engine knows it. */
  get path(): string {
    return this.folder.uri.fsPath;
  }

  get state(): FolderState {
    return this.#quiet && this.#state.state === "indexing" ? { state: "ready" } : this.#state;
  }

  get wish(): Wish {
    return this.#wish;
  }

  get status(): FolderStatus | undefined {
    return this.#status;
  }

  /** There is a state that may hold what was read, also where reading was stopped since. */
  get kept(): boolean {
    return this.#kept;
  }

  get lastRead(): LastRead | undefined {
    return this.#lastRead;
  }

  get notices(): readonly string[] {
    const { readOnly = false, rebuilding = false, setAside = null } = this.#status ?? {};
    const notices = [...this.#notices];
    if (readOnly) notices.push(vscode.l10n.t("Another window reads this workspace. This one uses its index."));
    else if (rebuilding)
      notices.push(
        vscode.l10n.t("The model has changed. The index is being built again; answers come from the part read so far."),
      );
    else if (setAside !== null && !this.whole)
      notices.push(vscode.l10n.t("The index was damaged and has been set aside. It is being built again."));
    return notices;
  }

  /** The engine answers questions about it now. */
  get askable(): boolean {
    const { state } = this.#state;
    return this.#opened && (state === "indexing" || state === "paused" || state === "ready");
  }

  /** Questions wait for it: it is being opened, anew perhaps, which shows only where it was not ready before. */
  get opening(): boolean {
    const { state } = this.#state;
    return state === "opening" || (state === "ready" && !this.#opened && this.#run !== undefined);
  }

  /** The first index, or one made anew, has been whole once. */
  get whole(): boolean {
    return (this.#status?.lastIndexed ?? null) !== null;
  }

  get extent(): Extent {
    const progress = this.#progress;
    if (progress !== undefined && progress.filesTotal > 0) {
      const { filesDone, filesTotal, bytesDone, bytesTotal } = progress;
      return { files: filesDone, of: filesTotal, share: bytesTotal === 0 ? 1 : bytesDone / bytesTotal };
    }
    if (this.#status === undefined) return NOTHING;
    const { coverage, stats } = this.#status;
    const { files } = stats;
    const of = coverage >= 1 ? files : Math.max(files, this.#total ?? Math.round(files / Math.max(coverage, 0.01)));
    return { files, of, share: coverage };
  }

  /** What remains to be read, in milliseconds at the speed so far; undefined while it cannot be told. */
  get remainingMs(): number | undefined {
    const progress = this.#progress;
    if (progress === undefined || progress.phase !== "stream" || progress.elapsedMs < 1_000) return undefined;
    const { bytesDone, bytesTotal, elapsedMs } = progress;
    return bytesDone === 0 ? undefined : (elapsedMs / bytesDone) * (bytesTotal - bytesDone);
  }

  /** Reads the folder, or brings it up to date: the user has agreed. */
  start(): void {
    this.#want("on");
    this.#drive();
  }

  /** Goes on where the window was closed. */
  restore(): void {
    if (this.#wish === "on") this.#drive();
    else if (this.#wish === "paused") this.#drive({ only: "open" });
  }

  async pause(): Promise<void> {
    if (this.#state.state !== "indexing" && this.#state.state !== "opening") return;
    this.#want("paused");
    await this.#stopRun();
    if (!this.#opened) {
      // What was read before is asked meanwhile.
      this.#drive({ only: "open" });
      return;
    }
    this.#status = await this.#options.engine.status(this.path).catch(() => this.#status);
    this.#become({ state: "paused" });
  }

  /** Withdraws the consent: nothing is read until it is given again. What was read is kept. */
  async stop(): Promise<void> {
    this.#want("off");
    await this.#stopRun();
    this.#opened = false;
    this.#become({ state: "off" });
    await this.#options.engine.close(this.path).catch((error: unknown) => this.#note(error));
  }

  /** Looks for changes everywhere, e.g. after a checkout. */
  reconcile(): void {
    if (this.#wish === "on" && this.#state.state !== "refused") this.#drive();
  }

  /** Opens the folder anew, e.g. with other settings. */
  async reopen(): Promise<void> {
    if (this.#wish === "off") return;
    await this.#stopRun();
    this.#opened = false;
    this.restore();
  }

  async rebuild(): Promise<void> {
    if (this.#status?.readOnly === true) throw new OtherWindowReadsError(this.folder.name);
    this.#want("on");
    await this.#stopRun();
    this.#drive({ rebuild: true });
  }

  /** Forgets what was read, and the consent with it. */
  async clear(): Promise<void> {
    const wish = this.#wish;
    // Nothing begins meanwhile; the consent is kept as long as the index is.
    this.#wish = "off";
    await this.#stopRun();
    const { engine, folder, state, keep } = this.#options;
    try {
      if (!this.#opened)
        await engine.open({ folder: this.path, state: state.fsPath, ...modelSettings(), ...discoverySettings(folder) });
      await engine.clear(this.path);
    } catch (error) {
      this.#wish = wish;
      if (!this.#opened) await engine.close(this.path).catch((reason: unknown) => this.#note(reason));
      this.restore();
      throw error;
    }
    keep("off");
    await engine.close(this.path);
    this.#opened = false;
    this.#kept = false;
    this.#status = undefined;
    this.#progress = undefined;
    this.#become({ state: "off" });
  }

  /** Brings files up to date: saved, created, deleted or renamed, relative to the folder. */
  refresh(paths: readonly string[]): Promise<void> {
    // A paused folder is brought up to date when it goes on, one of another window by that window.
    if (!this.askable || this.#wish !== "on" || this.#status?.readOnly === true) return Promise.resolve();
    const task = this.#refresh(paths);
    this.#refreshing.add(task);
    void task.finally(() => this.#refreshing.delete(task));
    return task;
  }

  /** Resolves when the files that are being refreshed now are known, or after `ms`. */
  async settled(ms: number): Promise<void> {
    if (this.#refreshing.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([Promise.allSettled(this.#refreshing), late]);
    clearTimeout(timer);
  }

  /** The engine process was started again, with this folder open; or this window may write its state now. */
  resumed(status: FolderStatus): void {
    this.#opened = true;
    this.#status = status;
    if (this.#wish === "on") this.#drive();
    else this.#become({ state: "paused" });
  }

  /** The engine process was started again, and this folder could not be opened in it. */
  lost(error: EngineRequestError): void {
    if (this.#wish === "off") return;
    this.#opened = false;
    this.#fail(error);
  }

  /** The engine process is stopped for good. */
  crashed(cause: CrashCause): void {
    if (this.#wish === "off") return;
    this.#opened = false;
    this.#become({ state: "failed", problem: { kind: "crashed", cause } });
  }

  async dispose(): Promise<void> {
    this.#run?.stop.abort();
    this.#changed.dispose();
    if (this.#opened) await this.#options.engine.close(this.path).catch(() => {});
  }

  async #refresh(paths: readonly string[]): Promise<void> {
    const { engine } = this.#options;
    try {
      if (!(await engine.refresh(this.path, paths))) return;
      const [path = ""] = paths;
      this.#lastRead = { path, at: Date.now() };
      this.#status = await engine.status(this.path);
      this.#changed.fire();
    } catch (error) {
      this.#note(error);
      // The whole folder is looked at: nothing that was saved is lost. A process that ended does so when it is back.
      if (error instanceof EngineRequestError && !isCancelled(error)) this.reconcile();
    }
  }

  #drive(options: { readonly rebuild?: boolean; readonly only?: "open" } = {}): void {
    if (this.#run !== undefined) {
      this.#again = true;
      return;
    }
    const stop = new AbortController();
    const ended = this.#work(stop.signal, options).finally(() => {
      if (this.#run?.ended === ended) this.#run = undefined;
    });
    this.#run = { stop, ended };
  }

  async #stopRun(): Promise<void> {
    const run = this.#run;
    this.#again = false;
    run?.stop.abort();
    await run?.ended;
    this.#progress = undefined;
  }

  async #work(signal: AbortSignal, { rebuild = false, only }: { rebuild?: boolean; only?: "open" }): Promise<void> {
    // Listeners are not called before `#run` is set.
    await Promise.resolve();
    try {
      if (!this.#opened) await this.#open(signal);
      if (this.#status?.readOnly === true) this.#become({ state: "ready" });
      else if (only === "open") this.#become({ state: "paused" });
      else await this.#index(signal, rebuild);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    } finally {
      this.#quiet = false;
      this.#progress = undefined;
      if (!signal.aborted) this.#changed.fire();
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { engine, folder, state, log } = this.#options;
    if (this.#state.state !== "ready") this.#become({ state: "opening" });
    await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(state, ".."));
    const params = { folder: this.path, state: state.fsPath, ...modelSettings(), ...discoverySettings(folder) };
    this.#status = await engine.open(params, signal);
    this.#opened = true;
    this.#kept = true;
    // With the paths that the panel does without.
    for (const notice of this.#status.notices) log.info(`${folder.name}: ${notice}`);
  }

  async #index(signal: AbortSignal, rebuild: boolean): Promise<void> {
    const { engine, log } = this.#options;
    this.#notices = [];
    let first = rebuild;
    do {
      this.#again = false;
      const started = performance.now();
      this.#quiet = this.whole && !first;
      this.#become({ state: "indexing" });
      const onProgress = (progress: IndexProgress) => {
        this.#progress = progress;
        if (progress.filesTotal > 0) this.#total = progress.filesTotal;
        if (this.#quiet && performance.now() - started > QUIET_MS) this.#quiet = false;
        this.#changed.fire();
      };
      let report: IndexReport | undefined;
      try {
        report = await (first
          ? engine.rebuild(this.path, onProgress, signal)
          : engine.index(this.path, onProgress, signal));
      } catch (error) {
        // An empty folder is read as far as it goes: what comes into it is read then.
        if (!(error instanceof EngineRequestError && error.code === "workspace-empty")) throw error;
      }
      first = false;
      this.#status = await engine.status(this.path, signal);
      if (report !== undefined)
        log.info(`${this.folder.name}: ${report.files} files known, ${report.streamedFiles} read, ${report.ms} ms`);
    } while (this.#again);
    this.#progress = undefined;
    this.#quiet = false;
    this.#become({ state: "ready" });
  }

  #fail(error: unknown): void {
    this.#note(error);
    if (error instanceof EngineDisposedError) return;
    if (error instanceof EngineCrashedError) {
      // It starts again by itself and tells when it is back, unless this was once too often.
      const { state } = this.#options.engine;
      if (state.state === "stopped") this.crashed(state.cause);
      else this.#become({ state: "opening" });
      return;
    }
    if (error instanceof EngineStoppedError) {
      this.crashed(error.reason);
      return;
    }
    const code = error instanceof EngineRequestError ? error.code : "internal";
    switch (code) {
      case "workspace-refused":
        this.#become({ state: "refused" });
        break;
      case "state-read-only":
      case "lock-lost":
        if (this.#status !== undefined) this.#status = { ...this.#status, readOnly: true };
        this.#become({ state: "ready" });
        break;
      case "disk-full": {
        const { files, of } = this.extent;
        this.#notices = [vscode.l10n.t("No space left for the index. {0} of {1} files stay usable.", files, of)];
        this.#want("paused");
        this.#become({ state: "paused" });
        break;
      }
      default:
        this.#become({ state: "failed", problem: { kind: "error", code, message: messageOf(error) } });
    }
  }

  #note(error: unknown): void {
    if (isCancelled(error) || error instanceof EngineDisposedError) return;
    this.#options.log.error(`${this.folder.name}: ${describe(error)}`);
  }

  #want(wish: Wish): void {
    if (this.#wish === wish) return;
    this.#wish = wish;
    this.#options.keep(wish);
  }

  #become(state: FolderState): void {
    this.#state = state;
    this.#changed.fire();
  }
}
