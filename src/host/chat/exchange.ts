import { randomUUID } from "node:crypto";
import type { CitationView, ExchangeStatus, ExchangeView, RulerView, StageView } from "../../protocol/panel.ts";

/** A place that a question goes on from. */
export interface About {
  /** Workspace folder, as a URI. */
  readonly root: string;
  readonly file: string;
  readonly line: number;
  /** "8192, base.js:160" */
  readonly text: string;
}

/** A cited place: what is shown of it, where it is, and what stood there when it was cited. */
export interface CitedPlace {
  readonly view: CitationView;
  /** Workspace folder, as a URI. */
  readonly root: string;
  /** Relative to it, with forward slashes. */
  readonly file: string;
  /** Lines `from`..`to` as they stood on disk: what must still stand there for the answer to hold. */
  readonly from: number;
  readonly to: number;
  readonly quote: string;
  /** The answer in its line: columns from 0, UTF-16. */
  readonly span?: { readonly line: number; readonly column: number; readonly length: number } | undefined;
}

/** A question and what became of it. Fields are replaced, never changed in place. */
export interface Exchange {
  readonly id: string;
  readonly question: string;
  /** As shown: "src/lib/", with the folder's name in front where there are several. */
  readonly narrow: readonly string[];
  readonly about: About | undefined;
  result: ExchangeStatus;
  againWhenRead: boolean;
  stages: readonly StageView[];
  ruler: RulerView;
  citations: readonly CitedPlace[];
  also: readonly CitedPlace[];
}

export interface Chat {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  exchanges: readonly Exchange[];
}

/** The items of a list as the engine joins them: one a line where one of them holds a comma. */
export function listItems(answer: string): string[] {
  return answer.split(answer.includes("\n") ? "\n" : ", ");
}

/** It waits for its turn, or is being answered. */
export function isRunning({ result: { status } }: Exchange): boolean {
  return status === "waiting" || status === "recalling" || status === "reading";
}

export function newExchange(question: string, narrow: readonly string[], about?: About): Exchange {
  return {
    id: randomUUID(),
    question,
    narrow,
    about,
    result: { status: "recalling" },
    againWhenRead: false,
    stages: [],
    ruler: { recalled: [], read: [], proof: [] },
    citations: [],
    also: [],
  };
}

export function newChat(): Chat {
  return { id: randomUUID(), created: Date.now(), exchanges: [] };
}

/** The exchange as the panel shows it. */
export function viewOf(exchange: Exchange): ExchangeView {
  const { id, question, narrow, about, result, againWhenRead, stages, ruler, citations, also } = exchange;
  return {
    id,
    question,
    narrow,
    ...(about === undefined ? {} : { about: about.text }),
    ...(againWhenRead ? { againWhenRead } : {}),
    result,
    stages,
    ruler,
    citations: citations.map(({ view }) => view),
    also: also.map(({ view }) => view),
  };
}

/** What stands for the chat in a list: the answer to its first question. */
export function firstAnswer({ exchanges }: Chat): { readonly found: boolean; readonly text: string } {
  const result = exchanges[0]?.result;
  switch (result?.status) {
    case "answered":
      return { found: true, text: result.text };
    case "notfound":
      return { found: false, text: "" };
    default:
      return { found: true, text: "" };
  }
}

/** Whether a quote of one of its answers is gone. */
export function isEdited({ exchanges }: Chat): boolean {
  return exchanges.some(
    ({ result, citations }) =>
      result.status === "answered" &&
      citations.some(({ view }) => view.stale?.kind === "changed" || view.stale?.kind === "deleted"),
  );
}
