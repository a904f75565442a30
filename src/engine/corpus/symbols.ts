import type { Definition } from "./definitions.ts";
import { isUnit } from "./definitions.ts";
import { isLeadingType, type SyntaxNode } from "./syntax.ts";
import type { Encoded } from "./tokenize.ts";

/** A named stretch of tokens `[from, to)`; scopes stand in preorder and nest. */
export interface Scope {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** Index after the last scope inside this one. */
  readonly after: number;
}

/** A segment belongs to a definition when at least this share of its tokens does. */
const COVER = 0.8;
const MAX_DEPTH = 4;
const MAX_SYMBOL = 80;

/** Scopes of functions, types and values of several lines; each includes the comment right before it. */
export function syntaxScopes(
  nodes: readonly SyntaxNode[],
  definitions: readonly Definition[],
  text: string,
  tokens: Encoded,
): Scope[] {
  const ranges: { start: number; end: number; label: string }[] = [];
  let leadingStart = -1;
  let leadingEnd = -1;
  let at = 0;
  // Ranges that hold the current position, and the end of the last one left behind.
  const open: { readonly start: number; readonly end: number }[] = [];
  let closedEnd = 0;
  for (const definition of definitions) {
    const node = nodes[definition.node];
    if (node === undefined || definition.label === "") continue;
    const value = nodes[definition.value];
    const large = value !== undefined && value.end - value.start > 60 && value.after - definition.value > 4;
    if (!isUnit(definition) && !large) continue;
    // Remember the run of comments and attributes that ends right before this definition.
    for (; at <= definition.node; at++) {
      const other = nodes[at];
      if (other === undefined || !isLeadingType(other.type)) continue;
      if (leadingEnd < 0 || !adjacent(text, leadingEnd, other.start)) leadingStart = other.start;
      leadingEnd = other.end;
    }
    const near = leadingEnd >= 0 && leadingEnd <= node.start && adjacent(text, leadingEnd, node.start);
    for (let last = open.at(-1); last !== undefined && last.end <= node.start; last = open.at(-1)) {
      closedEnd = Math.max(closedEnd, last.end);
      open.pop();
    }
    const from = near && closedEnd <= leadingStart ? leadingStart : node.start;
    const range = { start: Math.max(from, open.at(-1)?.start ?? 0), end: node.end, label: definition.label };
    ranges.push(range);
    open.push(range);
  }
  return nest(
    ranges.map((range) => ({
      from: tokenAfter(tokens.starts, range.start),
      to: tokenAfter(tokens.starts, range.end),
      label: range.label,
    })),
  );
}

/** Whether only indentation, at most one line break and a modifier such as `export` stand between two offsets. */
function adjacent(text: string, from: number, to: number): boolean {
  return to - from <= 80 && /^[^\S\n]*\n?[^\S\n]*(?:[a-z]+ )*$/.test(text.slice(from, to));
}

/** Scopes of markdown headings: a heading holds what follows until the next of its level. */
export function headingScopes(text: string, starts: Int32Array, tokens: Encoded): Scope[] {
  const headings: { start: number; end: number; level: number; label: string }[] = [];
  const open: { start: number; end: number; level: number; label: string }[] = [];
  let fenced = false;
  for (const [line, start] of starts.entries()) {
    const content = text.slice(start, Math.min((starts[line + 1] ?? text.length + 1) - 1, start + 200));
    if (/^\s*(```|~~~)/.test(content)) fenced = !fenced;
    const match = fenced ? null : /^(#{1,6})\s+(.*)$/.exec(content.trimEnd());
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const level = match[1].length;
    while (open.length > 0 && (open.at(-1)?.level ?? 0) >= level) {
      const closed = open.pop();
      if (closed !== undefined) closed.end = start;
    }
    const heading = {
      start,
      end: text.length,
      level,
      label: match[2]
        .replace(/[`*_#]/g, "")
        .trim()
        .slice(0, 40),
    };
    headings.push(heading);
    open.push(heading);
  }
  return nest(
    headings.map((heading) => ({
      from: tokenAfter(tokens.starts, heading.start),
      to: tokenAfter(tokens.starts, heading.end),
      label: heading.label,
    })),
  );
}

/** The path of the definitions that hold the tokens `[from, to)`, outermost first, joined by dots. */
export function symbolOf(scopes: readonly Scope[], from: number, to: number): string {
  const path: string[] = [];
  let at = 0;
  let end = scopes.length;
  while (at < end) {
    const scope = scopes[at];
    if (scope === undefined || scope.from >= to) break;
    const shared = Math.min(to, scope.to) - Math.max(from, scope.from);
    if (shared >= COVER * (to - from)) {
      if (scope.label !== path.at(-1)) path.push(scope.label);
      // A segment that holds the definition's beginning is about the definition, not about its first part.
      if (scope.from >= from) break;
      end = scope.after;
      at++;
    } else {
      at = scope.after;
    }
  }
  const parts = path.slice(-MAX_DEPTH);
  while (parts.length > 1 && parts.join(".").length > MAX_SYMBOL) parts.shift();
  return parts.join(".").slice(0, MAX_SYMBOL);
}

function nest(flat: readonly { from: number; to: number; label: string }[]): Scope[] {
  const after = new Int32Array(flat.length);
  const open: number[] = [];
  const close = (limit: number, index: number) => {
    for (let last = open.at(-1); last !== undefined && (flat[last]?.to ?? 0) <= limit; last = open.at(-1)) {
      after[last] = index;
      open.pop();
    }
  };
  for (const [index, scope] of flat.entries()) {
    close(scope.from, index);
    open.push(index);
  }
  close(Number.POSITIVE_INFINITY, flat.length);
  return flat.map((scope, index) => ({ ...scope, after: after[index] ?? index + 1 }));
}

/** Index of the first token that starts at or after `offset`. */
function tokenAfter(starts: Int32Array, offset: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
