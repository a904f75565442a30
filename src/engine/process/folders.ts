import { isDeepStrictEqual } from "node:util";
import type { FolderStatus, OpenParams } from "../../protocol/engine.ts";
import { Scheduler } from "../scheduler.ts";
import { DEFAULT_MODEL } from "../service.ts";
import { FolderNotOpenError } from "./errors.ts";
import { Folder } from "./folder.ts";
import type { Models } from "./models.ts";

/** What the folders tell on their own. */
export interface FolderEvents {
  readonly onWriter: (folder: string, status: FolderStatus) => void;
  readonly onError: (error: unknown) => void;
}

/** The open folders by their paths. One scheduler for all: they share the model's thread. */
export class Folders {
  readonly #models: Models;
  readonly #events: FolderEvents;
  readonly #scheduler = new Scheduler();
  readonly #open = new Map<string, Folder>();
  /** Opening and closing, one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(models: Models, events: FolderEvents) {
    this.#models = models;
    this.#events = events;
  }

  /** Throws `FolderNotOpenError`. */
  get(folder: string): Folder {
    const found = this.#open.get(folder);
    if (found === undefined) throw new FolderNotOpenError(folder);
    return found;
  }

  /** Opens a folder; one that is open with other parameters is opened anew. */
  open(params: OpenParams, signal: AbortSignal): Promise<FolderStatus> {
    return this.#inOrder(async () => {
      const before = this.#open.get(params.folder);
      if (before !== undefined && isDeepStrictEqual(before.params, params)) return await before.status();
      await this.#close(params.folder);
      const lease = await this.#models.lease(params.model ?? DEFAULT_MODEL, params.provider);
      try {
        const folder = await Folder.open(params, lease, this.#scheduler, signal);
        this.#open.set(params.folder, folder);
        folder.watchWriter((status) => this.#events.onWriter(params.folder, status), this.#events.onError);
        return await folder.status();
      } catch (error) {
        if (!this.#open.has(params.folder)) await lease.release();
        throw error;
      }
    });
  }

  close(folder: string): Promise<void> {
    return this.#inOrder(() => this.#close(folder));
  }

  closeAll(): Promise<void> {
    return this.#inOrder(async () => {
      for (const folder of [...this.#open.keys()]) await this.#close(folder);
    });
  }

  async #close(path: string): Promise<void> {
    const folder = this.#open.get(path);
    this.#open.delete(path);
    await folder?.close();
  }

  #inOrder<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}
