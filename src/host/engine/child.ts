import { type ChildProcess, fork } from "node:child_process";
import { constants, freemem, totalmem } from "node:os";
import type { Readable } from "node:stream";
import {
  CancellationTokenSource,
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
  type NotificationType,
  type RequestType,
  ResponseError,
} from "vscode-jsonrpc/node";
import { type EngineErrorData, type LogLevel, ping } from "../../protocol/engine.ts";
import { type CrashCause, EngineDisposedError, EngineRequestError } from "./errors.ts";

export type Log = (level: LogLevel, message: string) => void;

/** Where the engine's program is, and how its life is watched. Times in milliseconds. */
export interface ChildOptions {
  /** Path of the program, `dist/node/engine.js`. */
  readonly module: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly pingMs: number;
  /** Without a sign of life for this long it is taken as hung and killed. */
  readonly silenceMs: number;
}

/** The end of a process that was not asked to end. */
export interface Crash {
  readonly cause: CrashCause;
  /** Something that runs the model was under way. */
  readonly working: boolean;
}

/** The end of stderr that is looked at for a cause. */
const TAIL = 8_192;
/** Below this share of free memory a SIGKILL is the system's, for want of memory. */
const SCARCE = 0.03;
/** What is written last may arrive after the end. */
const DRAIN_MS = 300;

interface Pending {
  readonly working: boolean;
  readonly reject: (error: Error) => void;
}

/** One engine process, from its start to its end. */
export class EngineChild {
  readonly #process: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #options: ChildOptions;
  readonly #pending = new Set<Pending>();
  readonly #timer: NodeJS.Timeout;
  readonly #onCrash: (crash: Crash) => Error;
  readonly #closed: Promise<void>;
  #close: () => void = () => {};
  #tail = "";
  #silentMs = 0;
  #lastTick = performance.now();
  #scarce = false;
  #hung = false;
  #expected = false;
  #ended = false;

  /** `onCrash` hears of an unexpected end; the error it returns is what the requests under way fail with. */
  constructor(options: ChildOptions, onCrash: (crash: Crash) => Error) {
    this.#options = options;
    this.#onCrash = onCrash;
    this.#closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    const child = fork(options.module, [], {
      execPath: process.execPath,
      execArgv: [],
      env: {
        ...process.env,
        // The editor's own binary is no Node unless it is told to be.
        ...("electron" in process.versions ? { ELECTRON_RUN_AS_NODE: "1" } : {}),
        ...options.env,
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#process = child;
    this.#drain(child.stdout, "debug");
    this.#drain(child.stderr, "warn");
    child.on("message", () => {
      this.#silentMs = 0;
    });
    child.once("error", (error) => {
      // A failed kill or send comes here too: only a process that never ran has no number.
      if (child.pid === undefined) this.#end({ kind: "start", reason: error.message });
    });
    child.once("exit", (code, signal) => {
      const end = () => this.#end(this.#causeOf(code, signal));
      child.once("close", end);
      setTimeout(end, DRAIN_MS).unref();
    });
    this.#connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
    this.#connection.onError(([error]) => options.log("debug", `engine channel: ${error.message}`));
    this.#connection.listen();
    this.#timer = setInterval(() => this.#beat(), options.pingMs);
    this.#timer.unref();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  onNotification<P>(type: NotificationType<P>, handler: (params: P) => void): void {
    this.#connection.onNotification(type, handler);
  }

  /**
   * `working`: runs the model. Throws `EngineRequestError`, or what `onCrash` returned when the process ends, or
   * `EngineDisposedError` when it is ended.
   */
  async request<P, R>(
    type: RequestType<P, R, EngineErrorData>,
    params: P,
    options: { readonly working: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<R> {
    if (this.#ended) throw new EngineDisposedError();
    const source = new CancellationTokenSource();
    const cancel = () => source.cancel();
    if (options.signal?.aborted) cancel();
    options.signal?.addEventListener("abort", cancel, { once: true });
    const { promise: end, reject } = Promise.withResolvers<never>();
    const pending = { working: options.working, reject };
    this.#pending.add(pending);
    try {
      return await Promise.race([
        end,
        this.#connection.sendRequest<R>(type.method, params, source.token).catch(this.#translate),
      ]);
    } finally {
      this.#pending.delete(pending);
      options.signal?.removeEventListener("abort", cancel);
      source.dispose();
    }
  }

  /** Ends the process: it may close its files within `graceMs`. */
  async end(graceMs: number): Promise<void> {
    this.#expected = true;
    if (this.#ended) return;
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), graceMs);
    await this.#closed;
    clearTimeout(timer);
  }

  /** Errors of the channel itself mean that the process is about to end: its end tells why. */
  readonly #translate = (error: unknown): Promise<never> => {
    if (error instanceof ResponseError && isErrorData(error.data)) {
      return Promise.reject(new EngineRequestError(error.data.code, error.data.message));
    }
    if (error instanceof ResponseError) return Promise.reject(new EngineRequestError("internal", error.message));
    this.#options.log("debug", `engine channel: ${error instanceof Error ? error.message : String(error)}`);
    return new Promise(() => {});
  };

  #beat(): void {
    const now = performance.now();
    // While the machine sleeps, nobody is silent.
    this.#silentMs += Math.min(now - this.#lastTick, 2 * this.#options.pingMs);
    this.#lastTick = now;
    this.#scarce = freemem() / totalmem() < SCARCE;
    if (this.#silentMs > this.#options.silenceMs) {
      this.#hung = true;
      this.#process.kill("SIGKILL");
      return;
    }
    this.#connection.sendRequest(ping, null).catch(() => {});
  }

  #drain(stream: Readable | null, level: LogLevel): void {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      this.#tail = (this.#tail + text).slice(-TAIL);
      this.#options.log(level, `engine: ${text.trimEnd()}`);
    });
  }

  #causeOf(code: number | null, signal: NodeJS.Signals | null): CrashCause {
    if (this.#hung) return { kind: "hung" };
    const memory = /out of memory|bad_alloc|allocation failed|cannot allocate memory|ENOMEM|failed to allocate/i;
    if (memory.test(this.#tail)) {
      const gpu = /cuda|cudnn|webgpu|dawn|vulkan|VK_ERROR|DXGI|D3D12|directml|coreml|metal/i;
      return { kind: gpu.test(this.#tail) ? "gpu-memory" : "memory" };
    }
    if (/No such built-in module: node:sqlite/.test(this.#tail)) {
      const runtime = `Node ${process.versions.node}${"electron" in process.versions ? " in Electron" : ""}`;
      return { kind: "start", reason: `this VS Code (${runtime}) has no SQLite; update VS Code` };
    }
    if (signal === "SIGKILL" && this.#scarce) return { kind: "memory" };
    // As a shell tells the end by a signal.
    return { kind: "exit", code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) };
  }

  #end(cause: CrashCause): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    this.#connection.dispose();
    const working = [...this.#pending].some((pending) => pending.working);
    const error = this.#expected ? new EngineDisposedError() : this.#onCrash({ cause, working });
    for (const { reject } of this.#pending) reject(error);
    this.#close();
  }
}

function isErrorData(data: unknown): data is EngineErrorData {
  return typeof data === "object" && data !== null && "code" in data && "message" in data;
}
