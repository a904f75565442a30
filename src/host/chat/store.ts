import { clipText } from "../../protocol/text.ts";
import type { EngineClient } from "../engine-client.ts";
import type { Chat } from "./exchange.ts";
import { decodeExchanges, encodeChat } from "./stored.ts";

const TITLE_UNITS = 300;

interface AskableFolders {
  readonly askable: readonly { readonly path: string }[];
}

/**
 * The workspace's chats, kept by the engine with its memory: each in the first folder that could be asked when it was
 * saved. Read once, then kept up to date here.
 */
export class ChatStore {
  readonly #engine: EngineClient;
  readonly #folders: AskableFolders;
  readonly #known = new Map<string, Chat>();
  readonly #read = new Set<string>();
  readonly #homes = new Map<string, string>();
  /** An answer that comes after its chat was removed does not bring it back. */
  readonly #removed = new Set<string>();

  constructor(engine: EngineClient, folders: AskableFolders) {
    this.#engine = engine;
    this.#folders = folders;
  }

  /** Newest first. */
  async all(): Promise<Chat[]> {
    for (const { path } of this.#folders.askable) {
      if (this.#read.has(path)) continue;
      this.#read.add(path);
      try {
        for (const { id, created, json } of await this.#engine.chats(path)) {
          if (this.#removed.has(id)) continue;
          const exchanges = decodeExchanges(json);
          this.#homes.set(id, path);
          if (exchanges.length > 0 && !this.#known.has(id)) this.#known.set(id, { id, created, exchanges });
        }
      } catch (error) {
        this.#read.delete(path);
        throw error;
      }
    }
    return [...this.#known.values()].sort((a, b) => b.created - a.created);
  }

  /** Keeps a chat, also where this window may not write the memory: chats are no part of what a writer's lock guards. */
  async save(chat: Chat): Promise<void> {
    if (this.#removed.has(chat.id)) return;
    this.#known.set(chat.id, chat);
    const home = this.#homes.get(chat.id) ?? this.#folders.askable[0]?.path;
    if (home === undefined) return;
    this.#homes.set(chat.id, home);
    const title = clipText(chat.exchanges[0]?.question ?? "", TITLE_UNITS);
    await this.#engine.saveChat(home, { id: chat.id, title, created: chat.created, json: encodeChat(chat) });
  }

  async remove(id: string): Promise<void> {
    const home = this.#homes.get(id);
    this.#removed.add(id);
    this.#known.delete(id);
    this.#homes.delete(id);
    if (home !== undefined && this.#folders.askable.some(({ path }) => path === home))
      await this.#engine.deleteChat(home, id);
  }
}
