/** A candidate span in tokens of one input row: inclusive ends, and what the heads say of start and end together. */
export interface TokenSpan {
  readonly start: number;
  readonly end: number;
  /** Among the row's tokens and "none". */
  readonly logProbability: number;
  /** Sum of the two logits, comparable from row to row. */
  readonly logit: number;
}

/** What the span heads say about one row: its best spans, and how likely it is that none stands here. */
export interface SpanReading {
  readonly spans: readonly TokenSpan[];
  /** Log probability of "no span in this segment" (both heads at position 0). */
  readonly none: number;
}

const CANDIDATE_ENDS = 24;

/**
 * Decodes the span heads of one row: the best non-overlapping spans, best first.
 * `start`, `end`: logits [T]; only positions `from`..`to` (exclusive) may belong to a span; position 0 means none.
 */
export function decodeSpans(
  start: Float32Array,
  end: Float32Array,
  range: { readonly from: number; readonly to: number },
  limits: { readonly spans: number; readonly tokens: number },
): SpanReading {
  const startNorm = logSumExp(start);
  const endNorm = logSumExp(end);
  const starts = topPositions(start, range, CANDIDATE_ENDS);
  const ends = topPositions(end, range, CANDIDATE_ENDS);
  const pairs: TokenSpan[] = [];
  for (const s of starts) {
    for (const e of ends) {
      if (e < s || e - s >= limits.tokens) continue;
      const logit = at(start, s) + at(end, e);
      pairs.push({ start: s, end: e, logProbability: logit - startNorm - endNorm, logit });
    }
  }
  pairs.sort((a, b) => b.logProbability - a.logProbability);
  const spans: TokenSpan[] = [];
  for (const pair of pairs) {
    if (spans.length >= limits.spans) break;
    if (spans.every((kept) => pair.end < kept.start || pair.start > kept.end)) spans.push(pair);
  }
  return { spans, none: at(start, 0) - startNorm + at(end, 0) - endNorm };
}

function topPositions(logits: Float32Array, range: { from: number; to: number }, count: number): number[] {
  const positions = Array.from({ length: Math.max(0, range.to - range.from) }, (_, i) => range.from + i);
  return positions.sort((a, b) => at(logits, b) - at(logits, a)).slice(0, count);
}

function logSumExp(values: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const v of values) max = Math.max(max, v);
  let sum = 0;
  for (const v of values) sum += Math.exp(v - max);
  return max + Math.log(sum);
}

function at(values: Float32Array, index: number): number {
  return values[index] ?? Number.NEGATIVE_INFINITY;
}

const QUOTES = new Set(["'", '"', "`"]);

/** A span without the quotation marks around it, or with a lone one at its edge: `"utf8"` and `"utf8` become `utf8`. */
export function trimQuotes(text: string, start: number, end: number): { start: number; end: number } {
  const opens = QUOTES.has(text[start] ?? "");
  const closes = QUOTES.has(text[end - 1] ?? "");
  const inside = text.slice(start + (opens ? 1 : 0), end - (closes ? 1 : 0));
  // Marks further inside mean that those at the edges belong to different strings.
  if (inside === "" || inside.includes(text[opens ? start : end - 1] ?? "\0")) return { start, end };
  return { start: opens ? start + 1 : start, end: closes ? end - 1 : end };
}

const CLOSERS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/**
 * The end of a verbatim span once the closers that the tokenizer drops are taken back in: `f(x` becomes `f(x)`.
 * `start`, `end`: UTF-16 offsets in `text`, end exclusive.
 */
export function closeBrackets(text: string, start: number, end: number): number {
  const open: string[] = [];
  for (let i = start; i < end; i++) {
    const character = text[i] ?? "";
    const closer = CLOSERS[character];
    if (closer !== undefined) open.push(closer);
    else if (character === open.at(-1)) open.pop();
  }
  let at = end;
  while (open.length > 0 && text[at] === open.at(-1)) {
    open.pop();
    at++;
  }
  return open.length === 0 ? at : end;
}

/** How far around a span a number may go, in UTF-16 units: lines of minified code have no end. */
const REACH = 100;

/** Numbers as written in code, alone or in an expression of numbers: `0x10`, `30s`, `1024 * 1024`, `1 << 20`. */
const NUMBERS = /(?<![\w.])\d\w*(?:\.\d\w*)*(?:[ \t]*(?:\*\*?|\/|\+|-|<<)[ \t]*\d\w*(?:\.\d\w*)*)*/gu;

/**
 * A span that is a part of a number, or of an expression of nothing but numbers, made whole: of `1024 * 1024` the first
 * factor answers nothing. Offsets as in `closeBrackets`; other spans stay as they are.
 */
export function wholeNumber(text: string, start: number, end: number): { start: number; end: number } {
  const lineEnd = text.indexOf("\n", start);
  const near = Math.max(text.lastIndexOf("\n", start - 1) + 1, start - REACH);
  const far = Math.min(lineEnd < 0 ? text.length : lineEnd, end + REACH);
  for (const { index, 0: number } of text.slice(near, far).matchAll(NUMBERS)) {
    const from = near + index;
    const to = from + number.length;
    if (from <= start && end <= to) return { start: from, end: to };
  }
  return { start, end };
}
