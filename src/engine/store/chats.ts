import { statSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Chat } from "./records.ts";
import { numberOf, type Row, textOf } from "./rows.ts";

/** Conversations, kept with the workspace; they never leave it by export. */
export class ChatTable {
  readonly #select: StatementSync;
  readonly #all: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync) {
    this.#select = db.prepare("SELECT id, title, created, json FROM chats WHERE id = ?");
    this.#all = db.prepare("SELECT id, title, created, json FROM chats ORDER BY created DESC, id");
    this.#put = db.prepare(
      "INSERT INTO chats (id, title, created, json) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
        "title = excluded.title, created = excluded.created, json = excluded.json",
    );
    this.#delete = db.prepare("DELETE FROM chats WHERE id = ?");
  }

  /** Newest first. */
  all(): Chat[] {
    return this.#all.all().map(chatOf);
  }

  get(id: string): Chat | undefined {
    const row = this.#select.get(id);
    return row === undefined ? undefined : chatOf(row);
  }

  put(chat: Chat): void {
    this.#put.run(chat.id, chat.title, chat.created, chat.json);
  }

  remove(id: string): void {
    this.#delete.run(id);
  }
}

/** Copies the chats of another state file, if there is one, into this one, over those that are here already. */
export function copyChats(from: string, to: DatabaseSync): void {
  // An empty file has none, and SQLite would remove the WAL beside it.
  if ((statSync(from, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  to.prepare("ATTACH DATABASE ? AS other").run(from);
  try {
    const has = to.prepare("SELECT 1 FROM other.sqlite_schema WHERE type = 'table' AND name = 'chats'").get();
    if (has === undefined) return;
    to.exec(
      "INSERT OR REPLACE INTO main.chats (id, title, created, json) SELECT id, title, created, json FROM other.chats",
    );
  } finally {
    to.exec("DETACH DATABASE other");
  }
}

function chatOf(row: Row): Chat {
  return {
    id: textOf(row, "id"),
    title: textOf(row, "title"),
    created: numberOf(row, "created"),
    json: textOf(row, "json"),
  };
}
