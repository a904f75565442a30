import { type AnchorKind, type AnchorPlace, plainAnchors, spareAnchors, syntaxAnchors, wordInside } from "./anchors.ts";
import { isHeading, lineAt, lineStarts, plainPrices, syntaxPrices } from "./cuts.ts";
import { findDefinitions } from "./definitions.ts";
import { Grammars, grammarOf } from "./grammars.ts";
import { type Pack, pack } from "./pack.ts";
import { headingScopes, type Scope, symbolOf, syntaxScopes } from "./symbols.ts";
import { flatten, type SyntaxNode } from "./syntax.ts";
import type { Encoded, Tokenizer } from "./tokenize.ts";

/** Anchors kept of one segment: the writes that it may put into the memory. */
export const MAX_ANCHORS = 12;
/** Tokens of a segment's header. */
export const MAX_HEADER = 24;
/** Longer texts are cut by lines: trees of such files cost more than they tell. */
const MAX_PARSED_LENGTH = 1_000_000;

/** A token that a fact hangs on, with the fact's value where it is short and stands beside it. */
export interface Anchor {
  /** Index of the token in the segment's code tokens. */
  readonly token: number;
  /** The name (UTF-16 offsets in the file, end exclusive). */
  readonly start: number;
  readonly end: number;
  readonly kind: AnchorKind;
  /** The literal, default or initialiser. `firstToken..lastToken` (inclusive) are code tokens of the segment. */
  readonly value?: {
    readonly start: number;
    readonly end: number;
    readonly firstToken: number;
    readonly lastToken: number;
  };
}

/** Up to `maxTokens` tokens of one file. */
export interface Segment {
  /** Path of the enclosing definition, e.g. `WebSocketServer.constructor`, or "". */
  readonly symbol: string;
  /** UTF-16 offsets in the decoded text, end exclusive (without the last line break). */
  readonly start: number;
  readonly end: number;
  /** The same range in the decoded text's UTF-8 bytes. */
  readonly byteStart: number;
  readonly byteEnd: number;
  /** Lines from 1, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  readonly header: Int32Array;
  /** Code token ids, without special tokens. */
  readonly code: Int32Array;
  /** UTF-16 offsets in the file for each code token, end exclusive. */
  readonly tokenStarts: Int32Array;
  readonly tokenEnds: Int32Array;
  /** At most `MAX_ANCHORS`, by position, one for a token. */
  readonly anchors: readonly Anchor[];
}

export interface FileSegments {
  readonly path: string;
  /** The grammar used, or "lines". */
  readonly grammar: string;
  readonly segments: readonly Segment[];
}

export interface SegmenterOptions {
  /** Code tokens in a segment at most (default 128). */
  readonly maxTokens?: number;
  /** Folder with the grammars' wasm files (default: the installed package's). */
  readonly grammarFolder?: string;
}

/** What a segment's header says: the last two components of the path, and the symbol. */
export function headerText(file: string, symbol: string): string {
  return `${file.split("/").slice(-2).join("/")} ${symbol}`.trimEnd();
}

/** Cuts files into segments at syntax borders. Deterministic: the same path and text give the same segments. */
export class Segmenter {
  readonly maxTokens: number;
  readonly #tokenizer: Tokenizer;
  readonly #grammars: Grammars;

  private constructor(tokenizer: Tokenizer, options: SegmenterOptions) {
    this.maxTokens = options.maxTokens ?? 128;
    this.#tokenizer = tokenizer;
    this.#grammars = new Grammars(options.grammarFolder);
  }

  static create(tokenizer: Tokenizer, options: SegmenterOptions = {}): Segmenter {
    return new Segmenter(tokenizer, options);
  }

  /**
   * Segments of one file. `file` is relative to the workspace with forward slashes; `text` is the decoded content.
   * The segments cover all text with tokens, do not overlap, and start and end at line borders unless a single line
   * exceeds `maxTokens`. A text without tokens has no segments.
   */
  async segment(file: string, text: string): Promise<FileSegments> {
    const tokens = this.#tokenizer.encode(text);
    const starts = lineStarts(text);
    const firstToken = firstTokens(tokens, starts);
    const plan =
      (await this.#parsedPlan(file, text, tokens, starts, firstToken)) ??
      this.#plainPlan(file, text, tokens, starts, firstToken);
    return { path: file, grammar: plan.grammar, segments: this.#build(file, text, tokens, starts, plan) };
  }

  /** The flattened syntax tree of a file; undefined where there is no grammar for it or it is too long to parse. */
  async syntax(file: string, text: string): Promise<readonly SyntaxNode[] | undefined> {
    const grammar = grammarOf(file);
    if (grammar === undefined || text.length > MAX_PARSED_LENGTH) return undefined;
    return await this.#grammars.withTree(grammar, text, flatten);
  }

  async #parsedPlan(
    file: string,
    text: string,
    tokens: Encoded,
    starts: Int32Array,
    firstToken: Int32Array,
  ): Promise<Plan | undefined> {
    const grammar = grammarOf(file);
    const nodes = await this.syntax(file, text);
    if (grammar === undefined || nodes === undefined) return undefined;
    const definitions = findDefinitions(nodes, text);
    const price = syntaxPrices(nodes, definitions, text, starts, firstToken, this.maxTokens);
    const packs = pack({ firstToken, price }, tokens.words, this.maxTokens);
    const places = syntaxAnchors(nodes, definitions, text);
    const spare = spareAnchors(nodes, text, starts);
    const scopes = syntaxScopes(nodes, definitions, text, tokens);
    return { grammar, packs, places, spare, scopes };
  }

  #plainPlan(file: string, text: string, tokens: Encoded, starts: Int32Array, firstToken: Int32Array): Plan {
    const packs = pack({ firstToken, price: plainPrices(text, starts) }, tokens.words, this.maxTokens);
    const places: AnchorPlace[] = [];
    const markdown = /\.(md|markdown|mdx|rst|txt|adoc)$/i.test(file);
    let fenced = false;
    for (const [line, start] of starts.entries()) {
      const content = text.slice(start, Math.min((starts[line + 1] ?? text.length + 1) - 1, start + 400));
      if (markdown && /^\s*(```|~~~)/.test(content)) fenced = !fenced;
      for (const place of plainAnchors(content, start, !fenced && isHeading(content.trim()))) places.push(place);
    }
    const scopes = markdown ? headingScopes(text, starts, tokens) : [];
    return { grammar: "lines", packs, places, spare: new Map(), scopes };
  }

  #build(file: string, text: string, tokens: Encoded, starts: Int32Array, plan: Plan): Segment[] {
    const anchorsOf = groupAnchors(plan.places, plan.packs, tokens);
    const headers = new Map<string, Int32Array>();
    const bytes = new ByteCounter(text);
    return plan.packs.map((one, index) => {
      const symbol = symbolOf(plan.scopes, one.from, one.to);
      let header = headers.get(symbol);
      if (header === undefined) {
        header = this.header(file, symbol);
        headers.set(symbol, header);
      }
      const start = startOf(one, plan.packs[index - 1], tokens, starts);
      const end = endOf(one, plan.packs[index + 1], text, tokens, starts);
      const byteStart = bytes.at(start);
      return {
        symbol,
        start,
        end,
        byteStart,
        byteEnd: bytes.at(end),
        startLine: lineAt(starts, start) + 1,
        endLine: lineAt(starts, end) + 1,
        header,
        code: tokens.ids.slice(one.from, one.to),
        tokenStarts: tokens.starts.slice(one.from, one.to),
        tokenEnds: tokens.ends.slice(one.from, one.to),
        anchors: chooseAnchors(anchorsOf[index] ?? [], one, text, tokens, starts, plan.spare),
      };
    });
  }

  /** Header ids: the path keeps its last tokens and the symbol its last, so that both fit `MAX_HEADER`. */
  header(file: string, symbol: string): Int32Array {
    const place = this.#tokenizer.encode(headerText(file, "")).ids;
    const name = this.#tokenizer.encode(symbol).ids;
    const nameRoom = Math.min(name.length, Math.max(MAX_HEADER - place.length, MAX_HEADER / 2));
    const placeRoom = Math.min(place.length, MAX_HEADER - nameRoom);
    return Int32Array.from([...place.slice(place.length - placeRoom), ...name.slice(name.length - nameRoom)]);
  }
}

interface Plan {
  readonly grammar: string;
  readonly packs: readonly Pack[];
  readonly places: readonly AnchorPlace[];
  /** By line: an anchor to use when the line has none. */
  readonly spare: ReadonlyMap<number, AnchorPlace>;
  readonly scopes: readonly Scope[];
}

/** Index of the first token that starts at or after each line; the last entry is the token count. */
function firstTokens(tokens: Encoded, starts: Int32Array): Int32Array {
  const first = new Int32Array(starts.length + 1);
  let token = 0;
  for (const [line, start] of starts.entries()) {
    while (token < tokens.starts.length && (tokens.starts[token] ?? 0) < start) token++;
    first[line] = token;
  }
  first[starts.length] = tokens.ids.length;
  return first;
}

/** Where a pack's text starts: its first line, or its first token when that line began in the pack before. */
function startOf(one: Pack, before: Pack | undefined, tokens: Encoded, starts: Int32Array): number {
  if (before !== undefined && before.lastLine === one.firstLine) return tokens.starts[one.from] ?? 0;
  return starts[one.firstLine] ?? 0;
}

/** Where a pack's text ends: after its last line that is not blank, or at the next pack's first token. */
function endOf(one: Pack, next: Pack | undefined, text: string, tokens: Encoded, starts: Int32Array): number {
  if (next !== undefined && next.firstLine === one.lastLine) return tokens.starts[next.from] ?? text.length;
  const last = tokens.ends[one.to - 1] ?? 0;
  for (let line = one.lastLine; line >= one.firstLine; line--) {
    const start = starts[line] ?? 0;
    const end = (starts[line + 1] ?? text.length + 1) - 1;
    if (end <= last || text.slice(start, end).trim() !== "") return end;
  }
  return last;
}

/** Sorts the places into the packs that hold them. */
function groupAnchors(places: readonly AnchorPlace[], packs: readonly Pack[], tokens: Encoded): AnchorPlace[][] {
  const groups: AnchorPlace[][] = packs.map(() => []);
  const sorted = places.map((_, i) => i).sort((a, b) => (places[a]?.start ?? 0) - (places[b]?.start ?? 0) || a - b);
  let at = 0;
  for (const index of sorted) {
    const place = places[index];
    if (place === undefined) continue;
    while (at + 1 < packs.length && (tokens.starts[packs[at + 1]?.from ?? 0] ?? 0) <= place.start) at++;
    groups[at]?.push(place);
  }
  return groups;
}

/** First token of `[from, to)` that ends after `offset`, or -1 when it does not start before `limit`. */
function tokenAt(tokens: Encoded, from: number, to: number, offset: number, limit: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens.ends[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low < to && (tokens.starts[low] ?? 0) < limit ? low : -1;
}

const PRIORITY: Readonly<Record<AnchorKind, number>> = {
  definition: 0,
  assignment: 1,
  literal: 2,
  call: 3,
  statement: 4,
};

/** The best anchors of one segment: definitions first, then one for each line that has none, then the rest. */
function chooseAnchors(
  places: readonly AnchorPlace[],
  one: Pack,
  text: string,
  tokens: Encoded,
  starts: Int32Array,
  spare: ReadonlyMap<number, AnchorPlace>,
): Anchor[] {
  const chosen = new Map<number, Anchor>();
  const lines = new Set<number>();
  const take = (place: AnchorPlace) => {
    if (chosen.size >= MAX_ANCHORS) return;
    const token = tokenAt(tokens, one.from, one.to, place.start, place.end);
    if (token < 0 || chosen.has(token)) return;
    lines.add(lineAt(starts, place.start));
    chosen.set(token, mapped(place, token, one, tokens));
  };
  const ranked = [...places].sort((a, b) => PRIORITY[a.kind] - PRIORITY[b.kind] || a.start - b.start);
  for (const place of ranked) if (place.kind === "definition") take(place);
  for (const place of ranked) if (!lines.has(lineAt(starts, place.start))) take(place);
  for (let line = one.firstLine; line <= one.lastLine; line++) {
    if (lines.has(line)) continue;
    const place = spare.get(line) ?? proseAnchor(text, starts, line);
    if (place !== undefined) take(place);
  }
  for (const place of ranked) take(place);
  return [...chosen.values()].sort((a, b) => a.token - b.token);
}

/** The most telling word of a line without names, such as a comment's. */
function proseAnchor(text: string, starts: Int32Array, line: number): AnchorPlace | undefined {
  const start = starts[line] ?? 0;
  const end = (starts[line + 1] ?? text.length + 1) - 1;
  const content = text.slice(start, Math.min(end, start + 400));
  if (/^\s*#\s*(endif|else)\b/.test(content)) return undefined;
  const word = wordInside(content, 0, content.length, true);
  return word === undefined ? undefined : { start: start + word.start, end: start + word.end, kind: "statement" };
}

function mapped(place: AnchorPlace, token: number, one: Pack, tokens: Encoded): Anchor {
  const base = { token: token - one.from, start: place.start, end: place.end, kind: place.kind };
  if (place.value === undefined) return base;
  const first = tokenAt(tokens, one.from, one.to, place.value.start, place.value.end);
  if (first < 0) return base;
  let last = first;
  while (last + 1 < one.to && (tokens.starts[last + 1] ?? 0) < place.value.end) last++;
  // A value that goes on in the next segment is not this one's to show.
  if (last + 1 === one.to && place.value.end > (tokens.ends[last] ?? 0) + 8) return base;
  return {
    ...base,
    value: { ...place.value, firstToken: first - one.from, lastToken: last - one.from },
  };
}

/** UTF-8 lengths of growing prefixes; each call goes on from the last, so that all calls together are linear. */
class ByteCounter {
  readonly #text: string;
  #offset = 0;
  #bytes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** UTF-8 bytes before `offset`, which must not be smaller than at the last call. */
  at(offset: number): number {
    this.#bytes += Buffer.byteLength(this.#text.slice(this.#offset, offset));
    this.#offset = offset;
    return this.#bytes;
  }
}
