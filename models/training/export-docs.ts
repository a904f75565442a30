/** Pairs of a comment and the code that it describes: natural language that stands beside what it means. */
import { Grammars, grammarOf } from "../../src/engine/corpus/grammars.ts";
import type { Segment } from "../../src/engine/corpus/segment.ts";
import { flatten, isCommentType, isStringType, type SyntaxNode } from "../../src/engine/corpus/syntax.ts";
import type { Tokenizer } from "../../src/engine/corpus/tokenize.ts";
import type { Corpus } from "./export-corpus.ts";
import { proseOf } from "./export-prose.ts";

/** [first token, last token (inclusive) of the comment, index of the anchor described or -1, question ids…] */
export type DocRow = readonly number[];

const MAX_QUESTION = 48;
/** Tokens that must be left of the segment, and of the code beside the comment, once the comment is gone. */
const MIN_CODE = 6;
/** A description that stands at more places than this describes none of them. */
const MAX_SAME = 3;
const IMPORT =
  /^(?:import\b|from\b|use\b|using\b|require\b|package\b|namespace\b|#\s*(?:include|if|ifndef|ifdef|pragma|endif|else)|["']use strict|extern crate|mod \w+;|module\.exports\s*=\s*require|(?:const|var|let)\s+[\w{},\s]+=\s*require\b)/;

/** A comment and the code it is about: UTF-16 offsets in the file, ends exclusive. */
interface Pair {
  readonly start: number;
  readonly end: number;
  /** Where the code begins that the comment describes, and where its first line ends. */
  readonly codeStart: number;
  readonly codeEnd: number;
}

/** By segment of the corpus: its documented code. */
export async function exportDocs(corpus: Corpus, tokenizer: Tokenizer): Promise<DocRow[][]> {
  const grammars = new Grammars();
  const found: { segment: number; key: string; row: DocRow }[] = [];
  const places = new Map<string, number>();
  for (const { file, segments } of corpus.byFile.values()) {
    const grammar = grammarOf(file.path);
    if (grammar === undefined || file.text.length > 1_000_000) continue;
    const nodes = await grammars.withTree(grammar, file.text, flatten);
    if (nodes === undefined) continue;
    for (const pair of [...commentPairs(nodes, file.text), ...docstringPairs(nodes, file.text)]) {
      const prose = proseOf(file.text.slice(pair.start, pair.end));
      if (prose === undefined) continue;
      for (const index of segments) {
        const segment = corpus.segments[index]?.segment;
        const row = segment === undefined ? undefined : rowOf(segment, pair, prose, tokenizer);
        if (row === undefined) continue;
        found.push({ segment: index, key: prose, row });
        places.set(prose, (places.get(prose) ?? 0) + 1);
        break;
      }
    }
  }
  const rows: DocRow[][] = corpus.segments.map(() => []);
  for (const { segment, key, row } of found) if ((places.get(key) ?? 0) <= MAX_SAME) rows[segment]?.push(row);
  return rows;
}

/** Comments directly above a line of code, or behind one. */
function commentPairs(nodes: readonly SyntaxNode[], text: string): Pair[] {
  const pairs: Pair[] = [];
  const comments = nodes.filter((node) => isCommentType(node.type)).sort((a, b) => a.start - b.start);
  for (let at = 0; at < comments.length; at++) {
    const first = comments[at];
    if (first === undefined) break;
    const lineStart = text.lastIndexOf("\n", first.start - 1) + 1;
    const before = text.slice(lineStart, first.start);
    const trailing = before.trim() !== "";
    let end = endOf(first, text);
    for (let next = comments[at + 1]; next !== undefined; next = comments[at + 1]) {
      const gap = text.slice(end, next.start);
      if (gap.trim() !== "" || gap.split("\n").length > 2) break;
      if (trailing && column(text, next.start) !== column(text, first.start)) break;
      end = endOf(next, text);
      at++;
    }
    if (trailing) {
      if (!/[\w)]/.test(before) || text.slice(end, lineEnd(text, end)).trim() !== "") continue;
      const codeStart = lineStart + (before.length - before.trimStart().length);
      if (!IMPORT.test(text.slice(codeStart, codeStart + 80))) {
        pairs.push({ start: first.start, end, codeStart, codeEnd: lineStart + before.trimEnd().length });
      }
      continue;
    }
    const gap = /^[ \t]*\r?\n?[ \t]*/.exec(text.slice(end, end + 200))?.[0] ?? "";
    const codeStart = end + gap.length;
    const code = text.slice(codeStart, codeStart + 80);
    if (!/^[\w$"'@[(:.&*~<!-]/.test(code) || IMPORT.test(code) || /^(?:end|else|fi|done)\b/.test(code)) continue;
    pairs.push({ start: first.start, end, codeStart, codeEnd: lineEnd(text, codeStart) });
  }
  return pairs;
}

/** Python's docstrings of functions and classes; a module's says nothing of one place. */
function docstringPairs(nodes: readonly SyntaxNode[], text: string): Pair[] {
  const pairs: Pair[] = [];
  for (const node of nodes) {
    if (!isStringType(node.type) || !/^[rub]*(?:"""|''')/i.test(text.slice(node.start, node.start + 5))) continue;
    const statement = nodes[node.parent];
    const block = nodes[statement?.type === "expression_statement" ? statement.parent : node.parent];
    const owner = nodes[block?.parent ?? -1];
    if (block?.type !== "block" || owner === undefined || block.start !== node.start) continue;
    pairs.push({ start: node.start, end: node.end, codeStart: owner.start, codeEnd: lineEnd(text, owner.start) });
  }
  return pairs;
}

/** The pair as tokens of the segment; undefined when they are not both in it. */
function rowOf(segment: Segment, pair: Pair, prose: string, tokenizer: Tokenizer): DocRow | undefined {
  const from = Math.min(pair.start, pair.codeStart);
  const to = Math.max(pair.end, pair.codeEnd);
  if (from < segment.start || to > segment.end) return undefined;
  const first = segment.tokenEnds.findIndex((end) => end > pair.start);
  const last = segment.tokenStarts.findLastIndex((start) => start < pair.end);
  if (first < 0 || last < first) return undefined;
  const left = segment.code.length - (last - first + 1);
  const beside = pair.codeStart > pair.start ? segment.code.length - 1 - last : first;
  if (left < MIN_CODE || beside < MIN_CODE / 2) return undefined;
  const about = segment.anchors
    .map((anchor, index) => ({ anchor, index }))
    .filter(({ anchor }) => anchor.start >= pair.codeStart && (anchor.start < pair.start || anchor.start >= pair.end))
    .filter(({ anchor }) => pair.codeStart > pair.start || anchor.start < pair.codeEnd || anchor.kind === "definition");
  const near = about.filter(({ anchor }) => anchor.start < pair.codeEnd);
  const chosen = near.find(({ anchor }) => anchor.kind === "definition") ?? near[0] ?? about[0];
  const ids = sentences(prose, tokenizer);
  return ids.length < 4 ? undefined : [first, last, chosen?.index ?? -1, ...ids];
}

/** As many whole sentences as a question holds, at least the beginning of the first. */
function sentences(prose: string, tokenizer: Tokenizer): number[] {
  let taken = "";
  for (const sentence of prose.split(/(?<=[.!?])\s+(?=[A-Z])/)) {
    const next = taken === "" ? sentence : `${taken} ${sentence}`;
    if (taken !== "" && tokenizer.encode(next).ids.length > MAX_QUESTION) break;
    taken = next;
  }
  return [...tokenizer.encode(taken).ids.slice(0, MAX_QUESTION)];
}

/** Some grammars count the line break to the comment. */
function endOf(node: SyntaxNode, text: string): number {
  return node.start + text.slice(node.start, node.end).trimEnd().length;
}

function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end;
}

function column(text: string, offset: number): number {
  return offset - text.lastIndexOf("\n", offset - 1);
}
