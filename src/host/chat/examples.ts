import * as vscode from "vscode";
import type { EngineClient } from "../engine-client.ts";
import type { FolderIndex } from "../index/folder-index.ts";
import type { Folders } from "../index/folders.ts";
import { describe } from "../logging.ts";
import { uriInside } from "../paths.ts";
import { candidateQuestions } from "./candidates.ts";
import { surenessOf } from "./exchange.ts";

const KEPT = "armt.examples";
const SHOWN = 5;
/** Questions that are tried for one workspace. */
const TRIED = 24;
/** Found at most; more are only for "other questions". */
const WANTED = 10;
const FILES_READ = 30;
const MOST_BYTES = 64_000;
/** Between two trials, so that the user's own question never waits long. */
const PAUSE_MS = 250;

/**
 * Questions that this workspace answers: made from its own constants and options, asked quietly once after the first
 * index, and shown only if the engine was sure of the answer.
 */
export class Examples implements vscode.Disposable {
  readonly #engine: EngineClient;
  readonly #folders: Folders;
  readonly #memento: vscode.Memento;
  readonly #log: vscode.LogOutputChannel;
  /** A question of the user runs. */
  readonly #busy: () => boolean;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #stop = new AbortController();
  #running = false;
  #from = 0;

  constructor(
    engine: EngineClient,
    folders: Folders,
    memento: vscode.Memento,
    log: vscode.LogOutputChannel,
    busy: () => boolean,
  ) {
    this.#engine = engine;
    this.#folders = folders;
    this.#memento = memento;
    this.#log = log;
    this.#busy = busy;
  }

  readonly onChange = this.#changed.event;

  /** At most five; none before one was answered. */
  get shown(): readonly string[] {
    const all = this.#sure(this.#folders.wanted);
    if (all.length <= SHOWN) return all;
    return Array.from({ length: SHOWN }, (_, at) => all[(this.#from + at) % all.length] ?? "");
  }

  others(): void {
    this.#from += SHOWN;
    this.#changed.fire();
  }

  /** Tries questions for folders that have none, now that they are read. */
  look(): void {
    if (this.#running) return;
    this.#running = true;
    this.#tryAll()
      .catch((error: unknown) => this.#log.debug(`Example questions: ${describe(error)}`))
      .finally(() => {
        this.#running = false;
      });
  }

  dispose(): void {
    this.#stop.abort();
    this.#changed.dispose();
  }

  get #kept(): Readonly<Record<string, readonly string[]>> {
    return this.#memento.get<Readonly<Record<string, readonly string[]>>>(KEPT, {});
  }

  #sure(indexes: readonly FolderIndex[]): string[] {
    const kept = this.#kept;
    return indexes.flatMap((index) => [...(kept[keyOf(index)] ?? [])]);
  }

  async #tryAll(): Promise<void> {
    for (const index of this.#folders.wanted) {
      const key = keyOf(index);
      if (!index.whole || index.state.state !== "ready" || this.#kept[key] !== undefined) continue;
      const sure = await this.#try(index);
      if (this.#stop.signal.aborted) return;
      const others = Object.entries(this.#kept).filter(([each]) => !each.startsWith(`${index.folder.uri.toString()} `));
      await this.#memento.update(KEPT, { ...Object.fromEntries(others), [key]: sure });
      this.#log.debug(`${index.folder.name}: ${sure.length} example questions`);
      this.#changed.fire();
    }
  }

  async #try(index: FolderIndex): Promise<string[]> {
    const { signal } = this.#stop;
    const sure: string[] = [];
    for (const question of (await this.#candidates(index)).slice(0, TRIED)) {
      do await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      while (this.#busy() && !signal.aborted);
      if (signal.aborted || !index.askable || sure.length === WANTED) break;
      const params = { folders: [index.path], question, narrow: [] };
      const result = await this.#engine.ask(params, () => {}, signal);
      if (!result.abstained && surenessOf(result.confidence) === "sure") sure.push(question);
    }
    return sure;
  }

  /** Questions about constants of some files, spread over the workspace. */
  async #candidates({ path, folder }: FolderIndex): Promise<string[]> {
    const { files } = await this.#engine.files(path);
    const small = files.filter(({ bytes, segments }) => segments > 1 && bytes <= MOST_BYTES);
    const step = Math.max(1, Math.floor(small.length / FILES_READ));
    const chosen = small.filter((_, at) => at % step === 0).slice(0, FILES_READ);
    const found: string[][] = [];
    for (const file of chosen) {
      const uri = uriInside(folder.uri, file.path);
      if (uri === undefined) continue;
      const bytes = await vscode.workspace.fs.readFile(uri).then(undefined, () => new Uint8Array());
      found.push(candidateQuestions(file.path, new TextDecoder().decode(bytes)));
    }
    // One of each file before a second one of any.
    const rounds = Math.max(0, ...found.map(({ length }) => length));
    const questions = Array.from({ length: rounds }, (_, at) => found.flatMap((each) => each[at] ?? [])).flat();
    return [...new Set(questions)];
  }
}

/** Another model may be sure of others. */
function keyOf({ folder, status }: FolderIndex): string {
  return `${folder.uri.toString()} ${status?.model.hash ?? ""}`;
}
