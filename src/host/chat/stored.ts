import type { CitationView, ExchangeStatus, Mark, RulerView, SnippetLine, StageView } from "../../protocol/panel.ts";
import type { About, Chat, CitedPlace, Exchange } from "./exchange.ts";

/**
 * Chats as they are kept with the workspace's memory. A state file can come from somebody else: everything is checked,
 * and what does not fit is left out.
 */

const VERSION = 1;
/** More than this of anything was not written here. */
const MOST = 10_000;

type Fields = Readonly<Record<string, unknown>>;

/** The chat as text; questions that never came to an end are left out. */
export function encodeChat(chat: Chat): string {
  const exchanges = chat.exchanges.filter(
    ({ result: { status } }) => status === "answered" || status === "notfound" || status === "stopped",
  );
  return JSON.stringify({ version: VERSION, exchanges });
}

/** The exchanges of a stored chat; none if it cannot be read. */
export function decodeExchanges(json: string): Exchange[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return [];
  }
  const chat = fields(value);
  return chat?.["version"] === VERSION ? each(chat["exchanges"], exchange) : [];
}

function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function each<T>(value: unknown, decode: (value: unknown) => T | undefined): T[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MOST).flatMap((one: unknown) => {
    const decoded = decode(one);
    return decoded === undefined ? [] : [decoded];
  });
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function optionalText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(value: unknown, otherwise = 0): number {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

function line(value: unknown): number {
  return Math.max(1, Math.trunc(number(value, 1)));
}

function oneOf<T extends string>(value: unknown, values: readonly T[]): T | undefined {
  return values.find((known) => known === value);
}

function texts(value: unknown): string[] {
  return each(value, optionalText);
}

function numbers(value: unknown): number[] {
  return each(value, (one) => (typeof one === "number" && Number.isFinite(one) ? one : undefined));
}

function exchange(value: unknown): Exchange | undefined {
  const from = fields(value);
  const id = optionalText(from?.["id"]);
  const result = status(from?.["result"]);
  if (from === undefined || id === undefined || result === undefined) return undefined;
  return {
    id,
    question: text(from["question"]),
    narrow: texts(from["narrow"]),
    about: about(from["about"]),
    result,
    againWhenRead: false,
    stages: each(from["stages"], stage),
    ruler: ruler(from["ruler"]),
    citations: each(from["citations"], place),
    also: each(from["also"], place),
  };
}

function status(value: unknown): ExchangeStatus | undefined {
  const from = fields(value);
  if (from === undefined) return undefined;
  const partial = typeof from["partial"] === "number" ? { partial: number(from["partial"]) } : {};
  const counts = {
    seconds: number(from["seconds"]),
    recalled: number(from["recalled"]),
    read: number(from["read"]),
    ...partial,
  };
  switch (from["status"]) {
    case "answered":
      return {
        status: "answered",
        text: text(from["text"]),
        kind: oneOf(from["kind"], ["span", "list", "place", "yes", "no"]) ?? "span",
        sureness: oneOf(from["sureness"], ["sure", "likely", "unsure"]) ?? "unsure",
        confidence: number(from["confidence"]),
        hops: number(from["hops"], 1),
        ...counts,
      };
    case "notfound":
      return { status: "notfound", files: number(from["files"]), ...counts };
    case "stopped":
      return { status: "stopped" };
    default:
      return undefined;
  }
}

function about(value: unknown): About | undefined {
  const from = fields(value);
  const root = optionalText(from?.["root"]);
  const file = optionalText(from?.["file"]);
  if (from === undefined || root === undefined || file === undefined) return undefined;
  return { root, file, line: line(from["line"]), text: text(from["text"]) };
}

function stage(value: unknown): StageView | undefined {
  const from = fields(value);
  const kind = oneOf(from?.["kind"], ["recalled", "reading", "read", "answer", "none"]);
  if (from === undefined || kind === undefined) return undefined;
  const of = typeof from["of"] === "number" ? { of: from["of"] } : {};
  return { kind, count: number(from["count"]), ...of };
}

function ruler(value: unknown): RulerView {
  const from = fields(value) ?? {};
  return { recalled: numbers(from["recalled"]), read: numbers(from["read"]), proof: numbers(from["proof"]) };
}

function place(value: unknown): CitedPlace | undefined {
  const from = fields(value);
  const view = citation(from?.["view"]);
  const root = optionalText(from?.["root"]);
  const file = optionalText(from?.["file"]);
  if (from === undefined || view === undefined || root === undefined || file === undefined) return undefined;
  const at = fields(from["span"]);
  const span =
    at === undefined
      ? undefined
      : { line: line(at["line"]), column: number(at["column"]), length: number(at["length"]) };
  return { view, root, file, from: line(from["from"]), to: line(from["to"]), quote: text(from["quote"]), span };
}

function citation(value: unknown): CitationView | undefined {
  const from = fields(value);
  const id = optionalText(from?.["id"]);
  if (from === undefined || id === undefined) return undefined;
  const kind = oneOf(from["kind"], ["defined", "used", "imported", "documented"]);
  const via = optionalText(from["via"]);
  return {
    id,
    name: text(from["name"]),
    folder: text(from["folder"]),
    line: line(from["line"]),
    lineTo: line(from["lineTo"]),
    lines: Array.isArray(from["lines"]) ? from["lines"].slice(0, MOST).map(snippetLine) : [],
    answer: from["answer"] === true,
    ...(kind === undefined ? {} : { kind }),
    ...(via === undefined ? {} : { via }),
  };
}

function snippetLine(value: unknown): SnippetLine | null {
  const from = fields(value);
  if (from === undefined) return null;
  return {
    line: line(from["line"]),
    text: text(from["text"]),
    quoted: from["quoted"] === true,
    marks: each(from["marks"], mark),
  };
}

function mark(value: unknown): Mark | undefined {
  const from = fields(value);
  const kind = oneOf(from?.["kind"], ["answer", "via", "keyword", "string", "number", "comment"]);
  return from === undefined || kind === undefined
    ? undefined
    : { kind, from: number(from["from"]), to: number(from["to"]) };
}
