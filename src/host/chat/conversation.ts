import * as vscode from "vscode";
import type { AskResult } from "../../protocol/engine.ts";
import type { ChatView, ExchangeStatus } from "../../protocol/panel.ts";
import { surenessOf } from "../../protocol/sureness.ts";
import { clipText } from "../../protocol/text.ts";
import { EngineCrashedError, EngineDisposedError, EngineStoppedError, isCancelled } from "../engine/errors.ts";
import type { EngineClient } from "../engine-client.ts";
import type { Folders } from "../index/folders.ts";
import { overallExtent, overallState } from "../index/view.ts";
import { describe, messageOf } from "../logging.ts";
import { inWords, problemInWords } from "../messages.ts";
import { splitPath, uriInside } from "../paths.ts";
import { evidenceOf } from "./evidence.ts";
import {
  type About,
  type Chat,
  type CitedPlace,
  type Exchange,
  firstAnswer,
  isEdited,
  isRunning,
  newChat,
  newExchange,
} from "./exchange.ts";
import { fileNow } from "./file-now.ts";
import { prefixOf, scopeOf } from "./narrow.ts";
import { Stages } from "./stages.ts";
import { stalenessOf } from "./stale.ts";
import type { ChatStore } from "./store.ts";

/** Without a report for so long, a question is given up. */
const WATCHDOG_MS = 60_000;
/** VS Code may tell of a save that came before a question so long after it. */
const KEYS_MS = 250;
/** A saved file is waited for so long before a question is asked. */
const SETTLE_MS = 3_000;
/** Percent of a workspace; before that a first index has nothing to answer from. */
const BEGUN = 1;
const ASKED_KEPT = 100;
const ASKED = "armt.asked";
const CURRENT = "armt.chat";
const CHIP_UNITS = 40;
const TITLE_UNITS = 300;

/** None of the folders that may be read is open; the message says why. */
class NoFolderOpenError extends Error {
  override readonly name = "NoFolderOpenError";
}

/** The user has stopped a question that waited. */
class StoppedError extends Error {
  override readonly name = "StoppedError";
}

export interface Question {
  readonly text: string;
  /** Paths as shown. */
  readonly narrow: readonly string[];
  readonly about?: About | undefined;
}

/** A question under way. */
export interface Asked {
  readonly chat: Chat;
  readonly exchange: Exchange;
  /** Resolves when it has ended in whatever way. */
  readonly ended: Promise<void>;
}

/** What is being saved and what was. */
export interface SavedFiles {
  /** Resolves when what was saved before is with the engine. */
  flush(): Promise<void>;
  /** A file is being saved. */
  readonly onBegun: vscode.Event<void>;
}

/** What the engine has read, and the way there. */
interface Read {
  readonly result: AskResult;
  readonly stages: Stages;
}

export interface ConversationOptions {
  readonly engine: EngineClient;
  readonly folders: Folders;
  readonly chats: ChatStore;
  readonly memento: vscode.Memento;
  readonly log: vscode.LogOutputChannel;
  readonly saves: SavedFiles;
}

/** Questions and answers of the workspace: asks the engine, keeps the chats, watches the cited files. */
export class Conversation implements vscode.Disposable {
  readonly #options: ConversationOptions;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #running = new Map<string, AbortController>();
  /** Chats with a question under way: they may be kept nowhere yet. */
  readonly #asking = new Set<Chat>();
  /** Resolves when the question of a chat that was asked last has ended: one after the other is answered. */
  readonly #turns = new WeakMap<Chat, Promise<void>>();
  #chat: Chat = newChat();
  /** A place that the user chose to ask about. */
  #about: About | undefined;
  #restored = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
  }

  readonly onChange = this.#changed.event;

  /** The chat that the panel shows. */
  get chat(): Chat {
    return this.#chat;
  }

  /** Newest last. */
  get asked(): readonly string[] {
    return this.#options.memento.get<readonly string[]>(ASKED, []);
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** What a follow-up goes on from: a chosen place, else where the last answer stands. */
  get about(): About | undefined {
    if (this.#about !== undefined) return this.#about;
    const last = this.#chat.exchanges.at(-1);
    return last === undefined ? undefined : aboutAnswer(last);
  }

  /** Takes the chat up that was open when the window was closed. */
  async restore(): Promise<void> {
    if (this.#restored || this.#options.folders.askable.length === 0) return;
    this.#restored = true;
    const id = this.#options.memento.get<string>(CURRENT);
    if (id === undefined || this.#chat.exchanges.length > 0) return;
    const chats = await this.#options.chats.all();
    const chat = chats.find((each) => each.id === id);
    if (chat === undefined || this.#chat.exchanges.length > 0) return;
    this.#chat = chat;
    this.#changed.fire();
    await this.#look(chat.exchanges);
  }

  /**
   * Asks in the chat of the panel, or (`apart`) in one of its own. A question that cannot be asked yet waits: for the
   * one before it in the chat, for the engine to start.
   */
  ask(question: Question, { apart = false }: { readonly apart?: boolean } = {}): Asked {
    const chat = apart ? newChat() : this.#chat;
    const exchange = newExchange(question.text, question.narrow, question.about);
    chat.exchanges = [...chat.exchanges, exchange];
    if (!apart) {
      this.#about = undefined;
      this.#keep(CURRENT, chat.id);
    }
    this.#keep(ASKED, [...this.asked.filter((each) => each !== question.text), question.text].slice(-ASKED_KEPT));
    const ended = this.#run(chat, exchange);
    return { chat, exchange, ended };
  }

  /** Asks in no chat, and keeps nothing of it. What failed stands in the exchange. */
  async askOnce(question: Question, signal: AbortSignal): Promise<Exchange> {
    const exchange = newExchange(question.text, question.narrow, question.about);
    const stop = () => this.stop(exchange);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const answering = this.#answer(exchange);
      if (signal.aborted) stop();
      await answering;
    } finally {
      signal.removeEventListener("abort", stop);
    }
    return exchange;
  }

  /** Asks a question of the panel's chat once more, in its place. */
  again(id: string, whenRead = false): void {
    const exchange = this.#chat.exchanges.find((each) => each.id === id);
    if (exchange === undefined || isRunning(exchange)) return;
    exchange.againWhenRead = whenRead;
    if (whenRead) this.#changed.fire();
    else void this.#run(this.#chat, exchange);
  }

  /** Asks what waits for the whole workspace to be read. */
  allRead(): void {
    for (const { id, againWhenRead } of this.#chat.exchanges) if (againWhenRead) this.again(id);
  }

  /** Stops one question, or all. */
  stop(exchange?: Exchange): void {
    for (const [id, controller] of this.#running) if (exchange === undefined || exchange.id === id) controller.abort();
  }

  /** Shows a chat in the panel. */
  open(chat: Chat): void {
    this.#chat = chat;
    this.#about = undefined;
    this.#keep(CURRENT, chat.id);
    this.#changed.fire();
    this.#inBackground(this.#look(chat.exchanges));
  }

  startNew(): void {
    if (this.#chat.exchanges.some(isRunning)) this.stop();
    this.#chat = newChat();
    this.#about = undefined;
    this.#keep(CURRENT, undefined);
    this.#changed.fire();
  }

  /** Makes a place what the next question goes on from. */
  goOnFrom(about: About): void {
    this.#about = about;
    this.#changed.fire();
  }

  /** The chats as a list, newest first. */
  async history(): Promise<ChatView[]> {
    const chats = await this.#options.chats.all();
    await this.#look(chats.flatMap(({ exchanges }) => exchanges));
    return chats.map((chat) => {
      const first = chat.exchanges[0];
      const { found, text } = firstAnswer(chat);
      return {
        id: chat.id,
        title: first?.question ?? "",
        answer: clipText(text, TITLE_UNITS),
        created: chat.created,
        edited: isEdited(chat),
        narrow: first?.narrow ?? [],
        found,
      };
    });
  }

  async openStored(id: string): Promise<void> {
    const chats = await this.#options.chats.all();
    const chat = this.#chat.id === id ? this.#chat : chats.find((each) => each.id === id);
    if (chat !== undefined) this.open(chat);
  }

  async remove(id: string): Promise<void> {
    const chats = [...(await this.#options.chats.all()), ...this.#asking];
    const questions = chats.find((each) => each.id === id)?.exchanges.map(({ question }) => question) ?? [];
    await this.#options.chats.remove(id);
    this.#keep(
      ASKED,
      this.asked.filter((each) => !questions.includes(each)),
    );
    if (this.#chat.id === id) this.startNew();
  }

  async removeAll(): Promise<void> {
    const chats = [...(await this.#options.chats.all()), ...this.#asking];
    for (const { id } of chats) await this.#options.chats.remove(id);
    this.#keep(ASKED, []);
    this.startNew();
  }

  /** A cited place by the ids that the panel knows. */
  place(exchange: string, citation: string): CitedPlace | undefined {
    const found = this.#chat.exchanges.find(({ id }) => id === exchange);
    return [...(found?.citations ?? []), ...(found?.also ?? [])].find(({ view }) => view.id === citation);
  }

  /** Files have changed: answers that cite them may not hold any more. */
  filesChanged(uris: readonly vscode.Uri[]): void {
    const changed = new Set(uris.map(String));
    const touched = this.#chat.exchanges.filter((exchange) =>
      placesOf(exchange).some((place) => changed.has(String(this.#uriOf(place)))),
    );
    if (touched.length > 0) this.#inBackground(this.#look(touched));
  }

  /** Looks at all cited files of the panel's chat. */
  lookAgain(): void {
    this.#inBackground(this.#look(this.#chat.exchanges));
  }

  dispose(): void {
    this.stop();
    this.#changed.dispose();
  }

  async #run(chat: Chat, exchange: Exchange): Promise<void> {
    this.#asking.add(chat);
    const others = chat.exchanges.some((each) => each !== exchange && isRunning(each));
    const answering = this.#answer(exchange, others ? this.#turns.get(chat) : undefined);
    this.#turns.set(chat, answering);
    await answering;
    if (!chat.exchanges.some(isRunning)) this.#asking.delete(chat);
    this.#changed.fire();
    if (exchange.result.status === "failed") return;
    await this.#options.chats.save(chat).catch((error: unknown) => this.#options.log.warn(describe(error)));
  }

  /** After `turn`, if anything is before it. Never rejects. */
  async #answer(exchange: Exchange, turn?: Promise<void>): Promise<void> {
    const controller = new AbortController();
    this.#running.set(exchange.id, controller);
    Object.assign(exchange, {
      result: turn === undefined ? { status: "recalling" } : { status: "waiting", for: "turn" },
      againWhenRead: false,
      stages: [],
      ruler: { recalled: [], read: [], proof: [] },
      citations: [],
      also: [],
    } satisfies Partial<Exchange>);
    this.#changed.fire();
    const watchdog = new Watchdog(() => controller.abort());
    try {
      await unlessAborted(turn, controller.signal);
      await this.#ask(exchange, controller.signal, watchdog);
    } catch (error) {
      exchange.result = watchdog.barked ? gaveUp() : this.#failure(error);
      exchange.stages = [];
    } finally {
      watchdog.stop();
      this.#running.delete(exchange.id);
    }
  }

  async #ask(exchange: Exchange, signal: AbortSignal, watchdog: Watchdog): Promise<void> {
    const { folders } = this.#options;
    const started = performance.now();
    this.#become(exchange, { status: "recalling" });
    const { result, stages } = await this.#readLatest(exchange, signal, watchdog);
    const index = folders.all.find(({ path }) => path === result.folder);
    const origin = {
      root: index?.folder.uri.toString() ?? vscode.Uri.file(result.folder).toString(),
      prefix: index === undefined ? "" : prefixOf(folders, index),
    };
    const evidence = await evidenceOf(result, origin);
    exchange.citations = evidence.citations;
    exchange.also = evidence.also;
    const proof = result.abstained ? [] : evidence.citations;
    exchange.ruler = stages.ruler(proof.map(({ file, from }) => ({ folder: result.folder, file, from })));
    exchange.stages = [
      ...stages.views(true),
      { kind: result.abstained ? "none" : "answer", count: evidence.citations.length },
    ];
    exchange.result = this.#result(result, evidence.hops, (performance.now() - started) / 1000);
    // Nothing is lost by looking once more.
    exchange.againWhenRead = exchange.result.status === "notfound" && exchange.result.partial !== undefined;
  }

  /** Asks anew when VS Code tells of a save so soon that the keys must have come before the question's. */
  async #readLatest(exchange: Exchange, signal: AbortSignal, watchdog: Watchdog): Promise<Read> {
    for (;;) {
      const asked = performance.now();
      const newer = new AbortController();
      const subscription = this.#options.saves.onBegun(() => {
        if (performance.now() - asked < KEYS_MS) newer.abort();
      });
      try {
        return await this.#read(exchange, AbortSignal.any([signal, newer.signal]), watchdog);
      } catch (error) {
        if (!newer.signal.aborted || signal.aborted) throw error;
      } finally {
        subscription.dispose();
      }
    }
  }

  /** Asks the engine once what was saved is with it, and shows how far it is. */
  async #read(exchange: Exchange, signal: AbortSignal, watchdog: Watchdog): Promise<Read> {
    const { engine, folders, saves } = this.#options;
    await Promise.race([saves.flush(), new Promise((resolve) => setTimeout(resolve, SETTLE_MS))]);
    await Promise.all(folders.askable.map((index) => index.settled(SETTLE_MS)));
    await this.#askable(exchange, signal);
    watchdog.pat();
    const problem = folders.wanted.map(({ state }) => state).find((state) => state.state === "failed")?.problem;
    if (folders.askable.length === 0 && problem !== undefined) throw new NoFolderOpenError(problemInWords(problem));
    const scope = scopeOf(folders, exchange.narrow);
    const stages = new Stages(scope.folders);
    const about = this.#aboutParams(exchange.about);
    const result = await engine.ask(
      { folders: scope.folders, question: exchange.question, narrow: scope.narrow, ...(about && { about }) },
      (stage, folder) => {
        watchdog.pat();
        stages.add(folder, stage);
        exchange.stages = stages.views(false);
        exchange.ruler = stages.ruler();
        exchange.result =
          stage.stage === "recalled"
            ? { status: "recalling" }
            : { status: "reading", file: splitPath(stage.place.file).name };
        this.#changed.fire();
      },
      signal,
    );
    return { result, stages };
  }

  /**
   * Waits until a folder can be asked and there is something to answer from: one is being opened, its first files are
   * being read, or the engine is starting again.
   */
  async #askable(exchange: Exchange, signal: AbortSignal): Promise<void> {
    const { engine, folders } = this.#options;
    const starting = () => engine.state.state === "starting" || engine.state.state === "restarting";
    const opening = () => folders.askable.length === 0 && folders.wanted.some((index) => index.opening);
    const empty = () =>
      overallState(folders.wanted) === "indexing" &&
      !folders.wanted.some(({ whole }) => whole) &&
      overallExtent(folders.wanted).percent < BEGUN;
    const waiting = (): "engine" | "files" | undefined =>
      starting() || opening() ? "engine" : empty() ? "files" : undefined;
    let what = waiting();
    if (what === undefined) return;
    this.#become(exchange, { status: "waiting", for: what });
    const { promise, resolve } = Promise.withResolvers<void>();
    // Tells of the engine too.
    const subscription = folders.onChange(() => {
      const now = waiting();
      if (now === undefined) resolve();
      else if (now !== what) this.#become(exchange, { status: "waiting", for: now });
      what = now;
    });
    try {
      await unlessAborted(promise, signal);
    } finally {
      subscription.dispose();
    }
    this.#become(exchange, { status: "recalling" });
  }

  #become(exchange: Exchange, result: ExchangeStatus): void {
    exchange.result = result;
    this.#changed.fire();
  }

  #result(result: AskResult, hops: number, seconds: number): ExchangeStatus {
    const { recalled, read } = result;
    const { files, percent } = overallExtent(this.#options.folders.askable);
    const share = Math.floor(Math.min(percent, result.coverage * 100));
    const partial = result.coverage < 1 && share < 100 ? { partial: share } : {};
    if (result.abstained || result.kind === "none")
      return { status: "notfound", seconds, recalled, read, files, ...partial };
    const { kind, confidence } = result;
    const sureness = surenessOf(confidence);
    const text = result.answer ?? "";
    return { status: "answered", text, kind, sureness, confidence, seconds, hops, recalled, read, ...partial };
  }

  #failure(error: unknown): ExchangeStatus {
    if (error instanceof StoppedError || isCancelled(error) || error instanceof EngineDisposedError)
      return { status: "stopped" };
    this.#options.log.error(describe(error));
    if (error instanceof EngineCrashedError) {
      const next = error.cpuOnly ? vscode.l10n.t("The next question runs on the CPU.") : "";
      return { status: "failed", cause: inWords(error.reason), next };
    }
    if (error instanceof EngineStoppedError) return { status: "failed", cause: inWords(error.reason), next: "" };
    return { status: "failed", cause: messageOf(error), next: "" };
  }

  #aboutParams(about: About | undefined): { folder: string; file: string; line: number } | undefined {
    if (about === undefined) return undefined;
    const index = this.#options.folders.askable.find(({ folder }) => folder.uri.toString() === about.root);
    return index === undefined ? undefined : { folder: index.path, file: about.file, line: about.line };
  }

  #uriOf({ root, file }: CitedPlace): vscode.Uri | undefined {
    const index = this.#options.folders.wanted.find(({ folder }) => folder.uri.toString() === root);
    return index === undefined ? undefined : uriInside(index.folder.uri, file);
  }

  /** Compares what is cited with the files as they are now. */
  async #look(exchanges: readonly Exchange[]): Promise<void> {
    const files = new Map<string, Promise<Awaited<ReturnType<typeof fileNow>>>>();
    const look = async (place: CitedPlace): Promise<CitedPlace> => {
      const uri = this.#uriOf(place);
      if (uri === undefined) return place;
      const key = uri.toString();
      const reading = files.get(key) ?? fileNow(uri);
      files.set(key, reading);
      const now = await reading;
      if (now === undefined) return place;
      const stale = stalenessOf(place, now);
      const { stale: _, ...view } = place.view;
      return { ...place, view: stale === undefined ? view : { ...view, stale } };
    };
    for (const exchange of exchanges) {
      if (isRunning(exchange) || placesOf(exchange).length === 0) continue;
      const { citations, also } = exchange;
      const looked = await Promise.all([Promise.all(citations.map(look)), Promise.all(also.map(look))]);
      // Asked again meanwhile.
      if (exchange.citations !== citations) continue;
      [exchange.citations, exchange.also] = looked;
    }
    this.#changed.fire();
  }

  #inBackground(task: Promise<void>): void {
    task.catch((error: unknown) => this.#options.log.warn(describe(error)));
  }

  #keep(key: string, value: unknown): void {
    this.#options.memento
      .update(key, value)
      .then(undefined, (error: unknown) => this.#options.log.warn(describe(error)));
  }
}

function placesOf({ citations, also }: Exchange): readonly CitedPlace[] {
  return [...citations, ...also];
}

function gaveUp(): ExchangeStatus {
  return { status: "failed", cause: vscode.l10n.t("It stopped answering."), next: "" };
}

/** What a follow-up to an answer goes on from. */
function aboutAnswer({ result, citations }: Exchange): About | undefined {
  const place = citations.find(({ view }) => view.answer) ?? citations[0];
  if (result.status !== "answered" || place === undefined) return undefined;
  const { root, file, from } = place;
  const line = place.view.stale?.kind === "moved" ? place.view.stale.toLine : from;
  const text = clipText(result.text.replaceAll(/\s+/g, " "), CHIP_UNITS);
  return { root, file, line, text: `${text}, ${splitPath(file).name}:${line}` };
}

/** Waits for `what`; throws `StoppedError` as soon as `signal` is aborted. */
async function unlessAborted(what: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  signal.addEventListener("abort", stop, { once: true });
  if (!signal.aborted) await Promise.race([what, promise]);
  signal.removeEventListener("abort", stop);
  if (signal.aborted) throw new StoppedError();
}

/** Ends what has not been heard of for a while; begins with the first `pat`. */
class Watchdog {
  barked = false;
  readonly #bark: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(bark: () => void) {
    this.#bark = bark;
  }

  pat(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.barked = true;
      this.#bark();
    }, WATCHDOG_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
