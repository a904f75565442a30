import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { CitationView, Mark, SnippetLine, Staleness } from "../../../src/protocol/panel.ts";

/** Places of amqplib, read from its files: the panel is tested with lines that are true. */

const folder = dirname(createRequire(import.meta.url).resolve("amqplib"));

export const FILES = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
  entry.isFile(),
).length;

const lines = new Map<string, string[]>();

function linesOf(path: string): string[] {
  const known = lines.get(path) ?? readFileSync(`${folder}/${path}`, "utf8").split("\n");
  lines.set(path, known);
  return known;
}

const SYNTAX: readonly (readonly [Mark["kind"], RegExp])[] = [
  ["comment", /\/\/.*$|^\s*\*.*$/g],
  ["string", /'[^']*'|`[^`]*`/g],
  ["keyword", /\b(?:const|let|return|this|function|if|typeof|class|new|super|extends|null)\b/g],
  ["number", /\b\d+\b/g],
];

function syntaxMarks(text: string): Mark[] {
  const marks: Mark[] = [];
  for (const [kind, pattern] of SYNTAX)
    for (const { 0: word, index } of text.matchAll(pattern))
      if (!marks.some(({ from, to }) => index < to && index + word.length > from))
        marks.push({ kind, from: index, to: index + word.length });
  return marks;
}

/** What is marked in a line: the first time that the text stands in it. */
type Marked = Readonly<Record<number, Partial<Record<"answer" | "via", string>>>>;

export interface PlaceSpec {
  readonly path: string;
  /** Line numbers, a gap where they do not follow each other. */
  readonly lines: readonly number[];
  /** First and last quoted line. */
  readonly quote: readonly [number, number];
  readonly marks?: Marked;
  readonly kind?: NonNullable<CitationView["kind"]>;
  readonly via?: string;
  readonly answer?: boolean;
  readonly stale?: Staleness;
}

function snippetLine(spec: PlaceSpec, line: number): SnippetLine {
  const text = linesOf(spec.path)[line - 1];
  if (text === undefined) throw new Error(`${spec.path} has no line ${line}`);
  const marks: Mark[] = syntaxMarks(text);
  for (const [kind, word] of Object.entries(spec.marks?.[line] ?? {})) {
    const from = text.indexOf(word);
    if (from < 0) throw new Error(`${spec.path}:${line} does not hold "${word}"`);
    marks.push({ kind: kind === "answer" ? "answer" : "via", from, to: from + word.length });
  }
  return { line, text, quoted: line >= spec.quote[0] && line <= spec.quote[1], marks };
}

/** A citation of amqplib. */
export function place(spec: PlaceSpec): CitationView {
  const shown: (SnippetLine | null)[] = [];
  for (const [index, line] of spec.lines.entries()) {
    if (index > 0 && line !== (spec.lines[index - 1] ?? 0) + 1) shown.push(null);
    shown.push(snippetLine(spec, line));
  }
  const cut = spec.path.lastIndexOf("/");
  return {
    id: `${spec.path}:${spec.quote[0]}`,
    name: spec.path.slice(cut + 1),
    folder: cut < 0 ? "" : spec.path.slice(0, cut),
    line: spec.quote[0],
    lineTo: spec.quote[1],
    lines: shown,
    answer: spec.answer ?? false,
    ...(spec.kind === undefined ? {} : { kind: spec.kind }),
    ...(spec.via === undefined ? {} : { via: spec.via }),
    ...(spec.stale === undefined ? {} : { stale: spec.stale }),
  };
}
