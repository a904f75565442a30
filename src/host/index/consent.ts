import * as vscode from "vscode";
import type { EngineClient } from "../engine-client.ts";
import { describe } from "../logging.ts";
import { discoverySettings } from "../settings.ts";
import type { Folders } from "./folders.ts";

/** What is shown before the user agrees: files by names and sizes alone, none is opened. */
export interface Counts {
  readonly files?: number;
  readonly binaryFiles?: number;
}

/** What agreeing would mean. */
export class Consent implements vscode.Disposable {
  readonly #engine: EngineClient;
  readonly #folders: Folders;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  #counts: Counts = {};
  #listed = false;

  constructor(engine: EngineClient, folders: Folders, log: vscode.LogOutputChannel) {
    this.#engine = engine;
    this.#folders = folders;
    this.#log = log;
  }

  readonly onChange = this.#changed.event;

  get counts(): Counts {
    return this.#counts;
  }

  /** Counts the files, once, while none of the folders may be read. */
  preview(): void {
    if (this.#listed || this.#folders.all.length === 0 || this.#folders.wanted.length > 0) return;
    this.#listed = true;
    this.#count().catch((error: unknown) => {
      // The panel says what is read without numbers; the index tells what is wrong when it is asked for.
      this.#log.info(`The files could not be counted: ${describe(error)}`);
    });
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #count(): Promise<void> {
    let files = 0;
    let binaryFiles = 0;
    for (const { path, folder } of this.#folders.all) {
      const preview = await this.#engine.preview({ folder: path, ...discoverySettings(folder) });
      files += preview.files;
      binaryFiles += preview.skipped["binary"] ?? 0;
    }
    this.#counts = { files, ...(binaryFiles > 0 ? { binaryFiles } : {}) };
    this.#changed.fire();
  }
}
