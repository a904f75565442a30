import * as vscode from "vscode";
import type { Conversation } from "../chat/conversation.ts";
import type { CitedPlace, Exchange } from "../chat/exchange.ts";
import type { Folders } from "../index/folders.ts";

/** The user has not agreed to any folder of the workspace being read. */
export class NothingToReadError extends Error {
  constructor(name: string) {
    super(vscode.l10n.t("Nothing is read before you agree. The command ARMT: Index Workspace reads {0}.", name));
    this.name = "NothingToReadError";
  }
}

/** What others than the panel and the palette need to ask. */
export interface Asking {
  readonly folders: Folders;
  readonly conversation: Conversation;
}

/**
 * Asks in no chat; the exchange is answered or "not found". Throws `NothingToReadError`, `vscode.CancellationError`, or
 * an error with the engine's words.
 */
export async function askApart(
  { folders, conversation }: Asking,
  question: { readonly text: string; readonly narrow: readonly string[] },
  token: vscode.CancellationToken,
): Promise<Exchange> {
  if (folders.wanted.length === 0) throw new NothingToReadError(folders.name);
  const stop = new AbortController();
  if (token.isCancellationRequested) stop.abort();
  const subscription = token.onCancellationRequested(() => stop.abort());
  try {
    const exchange = await conversation.askOnce(question, stop.signal);
    const { result } = exchange;
    if (result.status === "failed") throw new Error(`${result.cause} ${result.next}`.trim());
    if (result.status !== "answered" && result.status !== "notfound") throw new vscode.CancellationError();
    return exchange;
  } finally {
    subscription.dispose();
  }
}

/** "lib/base.js:160-162", relative to the workspace. */
export function placeName({ view, from, to }: CitedPlace): string {
  const path = view.folder === "" ? view.name : `${view.folder}/${view.name}`;
  return to > from ? `${path}:${from}-${to}` : `${path}:${from}`;
}
