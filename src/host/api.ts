import * as vscode from "vscode";
import { askApart } from "./agents/asking.ts";
import type { Conversation } from "./chat/conversation.ts";
import type { Exchange } from "./chat/exchange.ts";
import type { FolderIndex, FolderState } from "./index/folder-index.ts";
import type { Folders } from "./index/folders.ts";
import { problemInWords } from "./messages.ts";
import { placeUri, selectionOf } from "./open-place.ts";

/**
 * What ARMT offers to other extensions, which get it by
 * `vscode.extensions.getExtension<ArmtApi>("armt.armt")?.activate()`.
 */
export interface ArmtApi {
  /** In the order of the workspace. */
  readonly folders: readonly ArmtFolder[];
  /** A folder's state or extent has changed. */
  readonly onDidChangeFolders: vscode.Event<void>;
  /**
   * Asks what the user has let ARMT read; waits for what was just saved. Goes into no chat. Rejects with
   * `vscode.CancellationError`, or with an error whose message can be shown, e.g. when nothing may be read.
   */
  ask(question: string, options?: ArmtAskOptions, token?: vscode.CancellationToken): Promise<ArmtAnswer>;
}

export interface ArmtFolder {
  readonly uri: vscode.Uri;
  /** "off": the user has not agreed; questions are answered while it is "indexing", "paused" or "ready". */
  readonly state: FolderState["state"];
  /** Files read so far, and how many there are. */
  readonly files: number;
  readonly of: number;
  /** Why it has "failed", as a sentence. */
  readonly problem?: string;
}

export interface ArmtAskOptions {
  /** Files and folders ("src/a.ts", "src/lib/") to answer from; with the folder's name in front if there are several. */
  readonly narrow?: readonly string[];
}

export interface ArmtAnswer {
  /** Undefined: the answer is not in what was read. */
  readonly text: string | undefined;
  /** Calibrated probability that it is right, 0..1; 0 without an answer. */
  readonly confidence: number;
  /** Percent of the workspace that was read when it was asked. */
  readonly percent: number;
  /** The evidence in the order in which it leads to the answer; without an answer the nearest places. */
  readonly citations: readonly ArmtCitation[];
}

export interface ArmtCitation {
  readonly uri: vscode.Uri;
  /** The answer in its line, else the start of the quote. */
  readonly range: vscode.Range;
  readonly quote: string;
  /** The answer stands here; the other places lead to it. */
  readonly answer: boolean;
}

/** The extension's API over its parts. */
export function createApi(folders: Folders, conversation: Conversation): ArmtApi {
  return {
    get folders() {
      return folders.all.map(folderOf);
    },
    onDidChangeFolders: folders.onChange,
    async ask(question, { narrow = [] } = {}, token) {
      const never = new vscode.CancellationTokenSource();
      return answerOf(await askApart({ folders, conversation }, { text: question, narrow }, token ?? never.token));
    },
  };
}

function folderOf({ folder: { uri }, state, extent: { files, of } }: FolderIndex): ArmtFolder {
  if (state.state !== "failed") return { uri, state: state.state, files, of };
  return { uri, state: state.state, files, of, problem: problemInWords(state.problem) };
}

function answerOf({ result, citations }: Exchange): ArmtAnswer {
  const places = citations.flatMap((place) => {
    const uri = placeUri(place);
    return uri === undefined ? [] : [{ uri, range: selectionOf(place), quote: place.quote, answer: place.view.answer }];
  });
  switch (result.status) {
    case "answered": {
      const { text, confidence, partial = 100 } = result;
      return { text, confidence, percent: partial, citations: places };
    }
    case "notfound":
      return { text: undefined, confidence: 0, percent: result.partial ?? 100, citations: places };
    default:
      throw new vscode.CancellationError();
  }
}
