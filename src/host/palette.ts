import * as vscode from "vscode";
import type { Conversation } from "./chat/conversation.ts";
import { answerText } from "./chat/copy.ts";
import type { Examples } from "./chat/examples.ts";
import { type Chat, type CitedPlace, type Exchange, firstAnswer, isRunning } from "./chat/exchange.ts";
import type { Places } from "./chat/narrow.ts";
import type { ChatStore } from "./chat/store.ts";
import type { ContextKeys } from "./context-keys.ts";
import type { Folders } from "./index/folders.ts";
import { overallState } from "./index/view.ts";
import { describe, messageOf } from "./logging.ts";
import { problemInWords } from "./messages.ts";
import { openPlace } from "./open-place.ts";
import * as items from "./palette-items.ts";

export interface PaletteParts {
  readonly folders: Folders;
  readonly conversation: Conversation;
  readonly chats: ChatStore;
  readonly places: Places;
  readonly examples: Examples;
  readonly keys: ContextKeys;
  readonly log: vscode.LogOutputChannel;
  /** Shows the panel; without taking the focus if `quietly`. */
  readonly showPanel: (options: { readonly quietly: boolean }) => Promise<void>;
}

/** A word after "@" that is being typed at the end. */
const MENTION = /(?:^|\s)@(\S*)$/;
const MENTIONS = /(?:^|\s)@(\S+)/g;

/** Ask ARMT: one quick pick from the question to the opened line. */
export class Palette implements vscode.Disposable {
  readonly #parts: PaletteParts;
  #open: Session | undefined;

  constructor(parts: PaletteParts) {
    this.#parts = parts;
  }

  /** Opens it; once more while it is open does nothing. */
  show(text = ""): void {
    if (this.#open !== undefined) return;
    this.#open = new Session(this.#parts, text, () => {
      this.#open = undefined;
    });
  }

  dispose(): void {
    this.#open?.dispose();
  }
}

/** From opening to closing. */
class Session implements vscode.Disposable {
  readonly #parts: PaletteParts;
  readonly #pick = vscode.window.createQuickPick<items.Item>();
  readonly #subscriptions: vscode.Disposable[];
  readonly #closed: () => void;
  readonly #before = new EditorBefore();
  #asked: readonly { readonly question: string; readonly answer: string }[] = [];
  /** What was asked, as it stands in the box. */
  #text = "";
  #question: { readonly chat: Chat; readonly exchange: Exchange } | undefined;
  /** The end of the question that the rows show. */
  #result: Exchange["result"] | undefined;
  /** A place is open for good: nothing is restored. */
  #kept = false;
  #lookUp = 0;
  /** The place to show next, and the showing under way. */
  #wanted: CitedPlace | undefined;
  #looking: Promise<void> | undefined;

  constructor(parts: PaletteParts, text: string, closed: () => void) {
    this.#parts = parts;
    this.#closed = closed;
    const pick = this.#pick;
    pick.title = vscode.l10n.t("Ask ARMT");
    pick.placeholder = vscode.l10n.t("Ask about {0}. @ narrows to a file or folder", parts.folders.name);
    pick.value = text;
    pick.buttons = [items.GO_ON];
    pick.keepScrollPosition = true;
    this.#subscriptions = [
      pick,
      pick.onDidChangeValue(() => this.#typed()),
      pick.onDidChangeActive(([active]) => this.#glance(active)),
      pick.onDidAccept(() => this.#accept(pick.activeItems[0])),
      pick.onDidTriggerButton(() => this.#goOn()),
      pick.onDidTriggerItemButton(({ button }) => {
        if (button === items.GO_ON) this.#goOn();
        else if (this.#question !== undefined) void vscode.env.clipboard.writeText(answerText(this.#question.exchange));
      }),
      pick.onDidHide(() => this.#hidden()),
      parts.conversation.onChange(() => this.#progressed()),
      parts.folders.onChange(() => this.#stateChanged()),
    ];
    this.#showChoices();
    pick.show();
    this.#loadAsked().catch((error: unknown) => parts.log.warn(describe(error)));
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#closed();
  }

  async #loadAsked(): Promise<void> {
    const { chats, conversation } = this.#parts;
    const answers = new Map<string, string>();
    for (const chat of await chats.all()) {
      const question = chat.exchanges[0]?.question ?? "";
      if (!answers.has(question)) answers.set(question, firstAnswer(chat).text);
    }
    this.#asked = [...conversation.asked]
      .reverse()
      .map((question) => ({ question, answer: answers.get(question) ?? "" }));
    if (this.#question === undefined) this.#showChoices();
  }

  /** What can be asked, or what keeps from asking. */
  #showChoices(): void {
    const { folders, examples } = this.#parts;
    this.#pick.busy = false;
    const state = overallState(folders.wanted);
    if (state === "off") {
      this.#pick.items = items.consentItems(folders.name);
      return;
    }
    if (state === "failed") {
      const failed = folders.wanted.map((index) => index.state).find((each) => each.state === "failed");
      const problem = failed?.state === "failed" ? failed.problem : undefined;
      const cause = problem === undefined ? "" : problemInWords(problem);
      this.#pick.items = items.failedItems(cause);
      return;
    }
    this.#pick.items = items.askItems(this.#pick.value.trim(), this.#asked, examples.shown);
  }

  #stateChanged(): void {
    // What is being chosen from must not move: only the answer to "may it be read" changes it.
    const [first] = this.#pick.items;
    const waits = first === undefined || first.action.kind === "command";
    if (this.#question === undefined && waits) this.#showChoices();
  }

  #typed(): void {
    // Set by us, not typed.
    if (this.#question !== undefined && this.#pick.value === this.#text) return;
    const lookUp = ++this.#lookUp;
    // Another question: what runs goes on, and is found among the earlier ones.
    this.#question = undefined;
    const mention = MENTION.exec(this.#pick.value)?.[1];
    if (mention === undefined || this.#parts.folders.askable.length === 0) {
      this.#showChoices();
      return;
    }
    this.#parts.places
      .find(mention)
      .then((places) => {
        if (lookUp === this.#lookUp) this.#pick.items = items.placeItems(places);
      })
      .catch((error: unknown) => this.#parts.log.warn(describe(error)));
  }

  #accept(item: items.Item | undefined): void {
    const typed = this.#pick.value.trim();
    // Enter came before VS Code told what it has chosen in the new list: what was typed is meant, or the first row.
    const late = item === undefined || !this.#pick.items.includes(item);
    const typing = this.#question === undefined && typed !== "" && overallState(this.#parts.folders.wanted) !== "off";
    const chosen = late ? this.#pick.items[0] : item;
    const action: items.Action | undefined = late && typing ? { kind: "ask", text: typed } : chosen?.action;
    switch (action?.kind) {
      case "ask":
        this.#ask(action.text).catch((error: unknown) => this.#parts.log.error(messageOf(error)));
        break;
      case "place":
        this.#pick.value = this.#pick.value.replace(/@\S*$/, `@${action.path} `);
        this.#typed();
        break;
      case "open":
        this.#kept = true;
        this.#parts.keys.set("citationOpened", true);
        this.#looked()
          .then(() => openPlace(action.place))
          .catch((error: unknown) => this.#parts.log.error(messageOf(error)));
        this.#pick.hide();
        break;
      case "panel":
        this.#goOn();
        break;
      case "command":
        if (action.command !== "armt.index" && action.command !== "armt.restart") this.#kept = true;
        void vscode.commands.executeCommand(action.command);
        if (this.#kept) this.#pick.hide();
        break;
      default:
        break;
    }
  }

  async #ask(text: string): Promise<void> {
    const { conversation, keys } = this.#parts;
    const { question, narrow } = await this.#withoutMentions(text);
    if (question === "") return;
    if (narrow.length > 0) keys.set("narrowed", true);
    this.#lookUp++;
    this.#text = text;
    const asked = conversation.ask({ text: question, narrow }, { apart: true });
    this.#question = asked;
    this.#pick.value = text;
    this.#progressed();
    await asked.ended;
  }

  /** The question without its "@path" words, and these paths as far as they are places of the workspace. */
  async #withoutMentions(text: string): Promise<{ readonly question: string; readonly narrow: readonly string[] }> {
    const narrow: string[] = [];
    for (const [, path = ""] of text.matchAll(MENTIONS)) {
      const places = await this.#parts.places.find(path);
      const place = places.find((each) => each.path === path || each.path === `${path}/`);
      if (place !== undefined) narrow.push(place.path);
    }
    const question = text.replace(MENTIONS, (whole, path: string) =>
      narrow.includes(path) || narrow.includes(`${path}/`) ? "" : whole,
    );
    return { question: question.trim(), narrow };
  }

  #progressed(): void {
    const exchange = this.#question?.exchange;
    if (exchange === undefined) return;
    // What stands there is being chosen from: another chat that goes on, or a file that changes, must not move it.
    if (exchange.result === this.#result) return;
    const running = isRunning(exchange);
    this.#result = running ? undefined : exchange.result;
    this.#pick.busy = running;
    this.#pick.items = running ? items.busyItems(exchange) : items.resultItems(exchange);
  }

  #glance(item: items.Item | undefined): void {
    if (item?.glance === undefined) return;
    this.#before.remember();
    this.#wanted = item.glance;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Shows one place after the other: an earlier one that takes longer must not stand there in the end. */
  async #look(): Promise<void> {
    for (let place = this.#wanted; place !== undefined; place = this.#wanted) {
      this.#wanted = undefined;
      await openPlace(place, { glance: true }).catch((error: unknown) => this.#parts.log.debug(messageOf(error)));
    }
  }

  /** Resolves when no place is being shown any more, nor will be. */
  async #looked(): Promise<void> {
    this.#wanted = undefined;
    await this.#looking;
  }

  #goOn(): void {
    const { conversation, showPanel } = this.#parts;
    if (this.#question !== undefined) conversation.open(this.#question.chat);
    this.#kept = true;
    this.#pick.hide();
    void showPanel({ quietly: false });
  }

  #hidden(): void {
    const { conversation, showPanel } = this.#parts;
    const question = this.#question;
    if (!this.#kept) {
      this.#looked()
        .then(() => this.#before.restore())
        .catch((error: unknown) => this.#parts.log.debug(messageOf(error)));
      if (question !== undefined && isRunning(question.exchange)) {
        conversation.open(question.chat);
        void showPanel({ quietly: true });
      }
    }
    this.dispose();
  }
}

/** What stood in the editor before the first place was looked at. */
class EditorBefore {
  #known = false;
  #editor: vscode.TextEditor | undefined;
  #selection: vscode.Selection | undefined;

  remember(): void {
    if (this.#known) return;
    this.#known = true;
    this.#editor = vscode.window.activeTextEditor;
    this.#selection = this.#editor?.selection;
  }

  async restore(): Promise<void> {
    if (!this.#known) return;
    if (this.#editor !== undefined) {
      const { document, viewColumn } = this.#editor;
      await vscode.window.showTextDocument(document, {
        ...(viewColumn === undefined ? {} : { viewColumn }),
        ...(this.#selection === undefined ? {} : { selection: this.#selection }),
      });
      return;
    }
    const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
    if (tab?.isPreview === true) await vscode.window.tabGroups.close(tab);
  }
}
