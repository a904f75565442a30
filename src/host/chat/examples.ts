import * as vscode from "vscode";
import type { ExampleCandidate } from "../../engine/examples/candidates.ts";
import type { AskResult } from "../../protocol/engine.ts";
import { type Sureness, surenessOf } from "../../protocol/sureness.ts";
import type { EngineClient } from "../engine-client.ts";
import type { FolderIndex } from "../index/folder-index.ts";
import type { Folders } from "../index/folders.ts";
import { describe } from "../logging.ts";

const KEPT = "armt.examples";
const SHOWN = 5;
/** Questions that are tried for one workspace. */
const TRIED = 24;
/** Found at most; more are only for "other questions". */
const WANTED = 10;
/** With so many that it was sure of, or nearly, the others are not needed. */
const ENOUGH = 3;
/** Between two trials, so that the user's own question never waits long. */
const PAUSE_MS = 250;

interface Tried {
  readonly question: string;
  readonly sureness: Sureness;
  readonly hops: number;
}

/**
 * Questions that this workspace answers: made from its own values, functions and types, asked quietly once after the
 * first index, and shown only if the engine answered from the very place that the question was made from.
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
  /** Found while others are still tried. */
  readonly #found = new Map<string, readonly string[]>();
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
    return indexes.flatMap((index) => [...(kept[keyOf(index)] ?? this.#found.get(keyOf(index)) ?? [])]);
  }

  async #tryAll(): Promise<void> {
    for (const index of this.#folders.wanted) {
      const key = keyOf(index);
      if (!index.whole || index.state.state !== "ready" || this.#kept[key] !== undefined) continue;
      const found = await this.#try(index);
      if (found === undefined) return;
      const others = Object.entries(this.#kept).filter(([each]) => !each.startsWith(`${index.folder.uri.toString()} `));
      await this.#memento.update(KEPT, { ...Object.fromEntries(others), [key]: found });
      this.#log.debug(`${index.folder.name}: ${found.length} example questions`);
      this.#changed.fire();
    }
  }

  /** The questions that were answered, the surest first; undefined when it was cut short. */
  async #try(index: FolderIndex): Promise<readonly string[] | undefined> {
    const { signal } = this.#stop;
    const answered: Tried[] = [];
    for (const candidate of await this.#engine.examples(index.path, TRIED, signal)) {
      do await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      while (this.#busy() && !signal.aborted);
      if (signal.aborted || !index.askable) return undefined;
      const params = { folders: [index.path], question: candidate.question, narrow: [] };
      const result = await this.#engine.ask(params, () => {}, signal);
      if (!answers(result, candidate)) continue;
      answered.push({
        question: candidate.question,
        sureness: surenessOf(result.confidence),
        hops: result.chain.length,
      });
      this.#found.set(keyOf(index), best(answered));
      if (best(answered).length >= ENOUGH) this.#changed.fire();
      if (answered.filter(({ sureness }) => sureness === "sure").length >= WANTED) break;
    }
    return best(answered);
  }
}

/** Whether it is the answer, from its place. */
function answers({ abstained, answer, citations }: AskResult, candidate: ExampleCandidate): boolean {
  const { file, line, name, value } = candidate;
  const [place] = citations;
  if (abstained || answer === null || place === undefined) return false;
  // Where no grammar tells what stands there, the place alone is told.
  const told = value === undefined ? answer.includes(name) || answer.startsWith(`${file}:`) : answer.includes(value);
  return told && place.file === file && place.from <= line && line <= place.to;
}

/** The surest first, of these the shortest ways; those that it was unsure of only as far as the others are too few. */
function best(answered: readonly Tried[]): readonly string[] {
  const of = (sureness: Sureness) =>
    answered.filter((each) => each.sureness === sureness).sort((a, b) => a.hops - b.hops);
  const good = [...of("sure"), ...of("likely")];
  const enough = good.length >= ENOUGH ? good : [...good, ...of("unsure")].slice(0, ENOUGH);
  return enough.slice(0, WANTED).map(({ question }) => question);
}

/** Another model may be sure of others. */
function keyOf({ folder, status }: FolderIndex): string {
  return `${folder.uri.toString()} ${status?.model.hash ?? ""}`;
}
