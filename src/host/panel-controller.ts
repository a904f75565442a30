import * as vscode from "vscode";
import type { FromPanel, PanelState } from "../protocol/panel.ts";
import type { Conversation } from "./chat/conversation.ts";
import { answerText, citationText, evidenceText } from "./chat/copy.ts";
import type { Examples } from "./chat/examples.ts";
import { viewOf } from "./chat/exchange.ts";
import type { Places } from "./chat/narrow.ts";
import type { ContextKeys } from "./context-keys.ts";
import type { Consent } from "./index/consent.ts";
import type { Folders } from "./index/folders.ts";
import { indexView } from "./index/view.ts";
import { showError } from "./messages.ts";
import { openPlace } from "./open-place.ts";
import { PanelView } from "./panel-view.ts";

/** Hints under the box go with the third question. */
const HINTED = 3;

const COMMANDS = {
  index: "armt.index",
  showFiles: "armt.showFiles",
  pause: "armt.pause",
  resume: "armt.resume",
  stopIndex: "armt.stop",
  restart: "armt.restart",
  restartOnCpu: "armt.restartOnCpu",
  showLog: "armt.showLog",
  chooseFolders: "armt.index.choose",
} as const satisfies Record<Extract<FromPanel, { type: "command" }>["command"], string>;

export interface PanelParts {
  readonly folders: Folders;
  readonly conversation: Conversation;
  readonly consent: Consent;
  readonly places: Places;
  readonly examples: Examples;
  readonly keys: ContextKeys;
  readonly log: vscode.LogOutputChannel;
}

/** Joins the panel with what it shows and what its buttons do. */
export class PanelController implements vscode.Disposable {
  readonly view: PanelView;
  readonly #parts: PanelParts;
  readonly #subscriptions: vscode.Disposable[];
  #history: PanelState["chats"];

  constructor(extension: vscode.Uri, parts: PanelParts) {
    this.#parts = parts;
    this.view = new PanelView(extension, {
      state: () => this.#state(),
      received: (message) => {
        this.#receive(message).catch((error: unknown) => showError(parts.log, error));
      },
      shown: () => {
        parts.consent.preview();
        parts.conversation.lookAgain();
      },
    });
    const update = () => this.view.update();
    this.#subscriptions = [
      this.view,
      vscode.window.registerWebviewViewProvider(PanelView.id, this.view),
      parts.folders.onChange(update),
      parts.conversation.onChange(update),
      parts.consent.onChange(update),
      parts.examples.onChange(update),
    ];
  }

  /** Shows the chats, or goes back to the open one. */
  async showHistory(open: boolean): Promise<void> {
    this.#history = open ? await this.#parts.conversation.history() : undefined;
    this.view.update();
  }

  newChat(): void {
    this.#history = undefined;
    this.#parts.conversation.startNew();
    this.view.update();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #state(): PanelState {
    const { folders, conversation, consent, examples } = this.#parts;
    const { chat, asked, about } = conversation;
    return {
      workspace: folders.name,
      index: indexView(folders, consent.counts),
      notices: [...new Set(folders.wanted.flatMap(({ notices }) => notices))],
      exchanges: chat.exchanges.map(viewOf),
      examples: examples.shown,
      asked,
      ...(about === undefined ? {} : { about: about.text }),
      ...(this.#history === undefined ? {} : { chats: this.#history }),
      hints: asked.length < HINTED,
    };
  }

  async #receive(message: FromPanel): Promise<void> {
    const { conversation, places, examples, keys } = this.#parts;
    switch (message.type) {
      case "ready":
        break;
      case "ask": {
        const about = message.followUp ? conversation.about : undefined;
        if (message.narrow.length > 0) keys.set("narrowed", true);
        conversation.ask({ text: message.question, narrow: message.narrow, about });
        break;
      }
      case "again":
        keys.set("askedAgain", true);
        conversation.again(message.exchange, message.whenRead);
        break;
      case "stop":
        for (const exchange of conversation.chat.exchanges) conversation.stop(exchange);
        break;
      case "open": {
        const place = conversation.place(message.exchange, message.citation);
        if (place === undefined) break;
        keys.set("citationOpened", true);
        await openPlace(place, { beside: message.beside });
        break;
      }
      case "copy": {
        const exchange = conversation.chat.exchanges.find(({ id }) => id === message.exchange);
        if (exchange === undefined) break;
        const notFound = vscode.l10n.t("Not in this workspace");
        const text = message.what === "answer" ? answerText(exchange) || notFound : evidenceText(exchange, notFound);
        await vscode.env.clipboard.writeText(text);
        break;
      }
      case "copyCitation": {
        const place = conversation.place(message.exchange, message.citation);
        if (place !== undefined) await vscode.env.clipboard.writeText(citationText(place));
        break;
      }
      case "places":
        this.view.post({ type: "places", request: message.request, places: await places.find(message.query) });
        break;
      case "command":
        await vscode.commands.executeCommand(COMMANDS[message.command]);
        break;
      case "otherExamples":
        examples.others();
        break;
      case "newChat":
        this.newChat();
        break;
      case "history":
        await this.showHistory(message.open);
        break;
      case "openChat":
        await conversation.openStored(message.chat);
        await this.showHistory(false);
        break;
      case "deleteChat":
        await conversation.remove(message.chat);
        await this.showHistory(true);
        break;
      case "clearChats":
        await conversation.removeAll();
        await this.showHistory(true);
        break;
    }
  }
}
