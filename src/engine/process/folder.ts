import type { FolderStatus, OpenParams } from "../../protocol/engine.ts";
import { Engine, type Shared } from "../service.ts";
import { StoreReadOnlyError } from "../store/errors.ts";
import type { Lease } from "./models.ts";

/** How often a folder whose state another process writes is looked at. */
const TAKE_OVER_EVERY_MS = 5_000;

/** An open folder: its engine, and what runs on it. */
export class Folder {
  readonly params: OpenParams;
  readonly engine: Engine;
  readonly #lease: Lease;
  readonly #running = new Map<Promise<unknown>, { readonly controller: AbortController; readonly writes: boolean }>();
  #timer: NodeJS.Timeout | undefined;

  static async open(
    params: OpenParams,
    lease: Lease,
    scheduler: Shared["scheduler"],
    signal: AbortSignal,
  ): Promise<Folder> {
    const { folder: workspace, state, include, exclude, maxFileBytes } = params;
    const limit = maxFileBytes === undefined ? {} : { maxFileBytes };
    const options = { workspace, state, include, exclude, provider: params.provider, ...limit };
    return new Folder(params, await Engine.open(options, signal, { model: lease.model, scheduler }), lease);
  }

  private constructor(params: OpenParams, engine: Engine, lease: Lease) {
    this.params = params;
    this.engine = engine;
    this.#lease = lease;
  }

  async status(): Promise<FolderStatus> {
    const { engine } = this;
    const { provider: runningProvider, readOnly, rebuilding, setAside } = engine;
    return { ...(await engine.status()), runningProvider, readOnly, rebuilding, setAside };
  }

  /** Runs something that ends when it is cancelled or the folder is closed. */
  async run<T>(
    signal: AbortSignal,
    task: (engine: Engine, signal: AbortSignal) => Promise<T>,
    writes = false,
  ): Promise<T> {
    const controller = new AbortController();
    const running = task(this.engine, AbortSignal.any([signal, controller.signal]));
    this.#running.set(running, { controller, writes });
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** As `run`, for what changes the state. Throws `StoreReadOnlyError` while another process writes it. */
  async write<T>(signal: AbortSignal, task: (engine: Engine, signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.engine.readOnly) throw new StoreReadOnlyError(this.params.state);
    return await this.run(signal, task, true);
  }

  /** Stops what runs, or only what changes the state. */
  async stop(what: "all" | "writes"): Promise<void> {
    const running = [...this.#running].filter(([, { writes }]) => writes || what === "all");
    for (const [, { controller }] of running) controller.abort();
    await Promise.allSettled(running.map(([task]) => task));
  }

  /** Takes the state over when the process that writes it has ended; tells it, or what failed. */
  watchWriter(onWriter: (status: FolderStatus) => void, onError: (error: unknown) => void): void {
    let busy = false;
    const look = async () => {
      if (busy || !this.engine.readOnly) return;
      busy = true;
      try {
        if (await this.engine.takeOver()) onWriter(await this.status());
      } catch (error) {
        onError(error);
      } finally {
        busy = false;
      }
    };
    this.#timer = setInterval(() => void look(), TAKE_OVER_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.stop("all");
    await this.engine[Symbol.asyncDispose]();
    await this.#lease.release();
  }
}
