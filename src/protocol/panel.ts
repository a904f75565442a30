import type { Sureness } from "./sureness.ts";

/**
 * Host ⇄ panel (webview). The host keeps the truth and sends whole snapshots, on `ready` and after each change; the
 * panel sends what the user did. Everything in a snapshot is plain text: the panel never makes HTML of it.
 */

/** The strip at the top and what stands for an empty thread. */
export type IndexView =
  | { readonly state: "loading" }
  | {
      readonly state: "consent";
      /** Known once the folder was listed. */
      readonly files?: number;
      readonly binaryFiles?: number;
    }
  | { readonly state: "indexing" | "paused"; readonly percent: number; readonly files: number; readonly of: number }
  | { readonly state: "ready"; readonly files: number }
  | { readonly state: "refused"; readonly message: string }
  | {
      readonly state: "failed";
      /** A sentence; shown after "Last cause:". */
      readonly cause: string;
      /** Instead of "The engine stopped three times", when it never ran. */
      readonly heading?: string;
    };

/** A stretch of one line; columns in UTF-16 units, end exclusive. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  /** `answer`: the span; `via`: the word that joins two places; the others colour syntax. */
  readonly kind: "answer" | "via" | "keyword" | "string" | "number" | "comment";
}

export interface SnippetLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** Inside the quote, or around it. */
  readonly quoted: boolean;
  readonly marks: readonly Mark[];
}

/**
 * What became of a cited place since the answer. The numbers and lines of the citation stay as they were then: the panel
 * moves them from `fromLine` to `toLine`, or puts `now` in place of the quoted lines.
 */
export type Staleness =
  | { readonly kind: "moved"; readonly fromLine: number; readonly toLine: number }
  /** `since`: a time of day, "14:32"; `now`: what stands at the quoted lines, shown in their place. */
  | { readonly kind: "changed"; readonly since: string; readonly now: string }
  | { readonly kind: "deleted" };

export interface CitationView {
  readonly id: string;
  /** File name, shown first. */
  readonly name: string;
  /** Its folder relative to the workspace, "" at the top; with the workspace folder's name in a multi-root one. */
  readonly folder: string;
  readonly line: number;
  readonly lineTo: number;
  /** From the parser, never from the model; left out if unknown. */
  readonly kind?: "defined" | "used" | "imported" | "documented";
  /** At most 7 lines; `null` stands for a gap. Cut long ones with `clipLine` (text.ts) before sending. */
  readonly lines: readonly (SnippetLine | null)[];
  /** The word that leads on to the next place of the chain. */
  readonly via?: string;
  /** Where the answer stands. */
  readonly answer: boolean;
  readonly stale?: Staleness;
}

/** Positions on the ruler: 0..1 of the workspace in path order. */
export interface RulerView {
  readonly recalled: readonly number[];
  readonly read: readonly number[];
  readonly proof: readonly number[];
}

export interface StageView {
  readonly kind: "recalled" | "reading" | "read" | "answer" | "none";
  readonly count: number;
  readonly of?: number;
}

export type ExchangeStatus =
  /** Asked as soon as it can be: the engine starts, next to nothing is read yet, or a question before it still runs. */
  | { readonly status: "waiting"; readonly for: "engine" | "files" | "turn" }
  | {
      readonly status: "recalling" | "reading";
      /** Name of the file that is read now, for the dotted next place of the chain. */
      readonly file?: string;
    }
  | {
      readonly status: "answered";
      readonly text: string;
      readonly kind: "span" | "list" | "place" | "yes" | "no";
      readonly sureness: Sureness;
      /** 0..1, for the tooltip. */
      readonly confidence: number;
      readonly seconds: number;
      /** Places that lead to each other; 1 where none does. */
      readonly hops: number;
      readonly recalled: number;
      readonly read: number;
      /** Percent of the workspace that was read when it was answered; absent when all was. */
      readonly partial?: number;
    }
  | {
      readonly status: "notfound";
      readonly seconds: number;
      readonly recalled: number;
      readonly read: number;
      readonly files: number;
      readonly partial?: number;
    }
  | { readonly status: "stopped" }
  | { readonly status: "failed"; readonly cause: string; readonly next: string };

export interface ExchangeView {
  readonly id: string;
  readonly question: string;
  /** Chips: files and folders that the question was narrowed to. */
  readonly narrow: readonly string[];
  /** "8192, base.js:160": what a follow-up goes on from. */
  readonly about?: string;
  readonly result: ExchangeStatus;
  /** Will be asked again when all is read (`again` with `whenRead`). */
  readonly againWhenRead?: boolean;
  readonly stages: readonly StageView[];
  readonly ruler: RulerView;
  /** The evidence in the order in which it leads on; for `list` one place per item; for `notfound` the nearest. */
  readonly citations: readonly CitationView[];
  /** Of an unsure answer: other readings. */
  readonly also: readonly CitationView[];
}

export interface ChatView {
  readonly id: string;
  readonly title: string;
  readonly answer: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** A cited file was edited since. */
  readonly edited: boolean;
  /** What its first question was narrowed to. */
  readonly narrow?: readonly string[];
  /** False: "not in this workspace" is shown instead of `answer`. */
  readonly found?: boolean;
}

/** One row of the list that opens on `@`. */
export interface Place {
  /** As it is shown and sent back: "src/lib/" for a folder. */
  readonly path: string;
  readonly kind: "file" | "folder";
  /** Of a folder: how many files it holds. */
  readonly files?: number;
}

/** All that the panel shows. */
export interface PanelState {
  readonly workspace: string;
  readonly index: IndexView;
  readonly notices: readonly string[];
  readonly exchanges: readonly ExchangeView[];
  /** Questions that the engine has answered for this workspace. */
  readonly examples: readonly string[];
  /** Newest last: what arrow-up brings back. */
  readonly asked: readonly string[];
  /** The chip of a follow-up: "8192, base.js:160". */
  readonly about?: string;
  /** Present: the history is shown instead of the thread. */
  readonly chats?: readonly ChatView[];
  /** Hints under the box show until the third question. */
  readonly hints: boolean;
}

export type ToPanel =
  | { readonly type: "state"; readonly state: PanelState }
  | { readonly type: "places"; readonly request: number; readonly places: readonly Place[] }
  /** For the box; without `text` what is typed in it stays. */
  | { readonly type: "draft"; readonly text?: string; readonly narrow: readonly string[] }
  | { readonly type: "focus" };

export type FromPanel =
  | { readonly type: "ready" }
  | { readonly type: "ask"; readonly question: string; readonly narrow: readonly string[]; readonly followUp: boolean }
  /** `whenRead`: not now but when the whole workspace is read. */
  | { readonly type: "again"; readonly exchange: string; readonly whenRead?: boolean }
  | { readonly type: "stop" }
  | { readonly type: "open"; readonly exchange: string; readonly citation: string; readonly beside: boolean }
  | { readonly type: "copy"; readonly exchange: string; readonly what: "answer" | "evidence" }
  | { readonly type: "copyCitation"; readonly exchange: string; readonly citation: string }
  | { readonly type: "places"; readonly request: number; readonly query: string }
  | {
      readonly type: "command";
      readonly command:
        | "index"
        | "chooseFolders"
        | "showFiles"
        | "pause"
        | "resume"
        | "stopIndex"
        | "restart"
        | "restartOnCpu"
        | "showLog";
    }
  | { readonly type: "otherExamples" }
  | { readonly type: "newChat" }
  | { readonly type: "history"; readonly open: boolean }
  | { readonly type: "openChat"; readonly chat: string }
  | { readonly type: "deleteChat"; readonly chat: string }
  | { readonly type: "clearChats" };
