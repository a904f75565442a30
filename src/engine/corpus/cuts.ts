import { type Definition, isUnit, isWrapper } from "./definitions.ts";
import { isLeadingType, type SyntaxNode } from "./syntax.ts";

/*
 * Prices in units of one segment: to tear a definition that would fit costs more than several segments, to tear a
 * statement that would fit a little more than one, and what has to be torn anyway costs almost nothing.
 */
const FITTING_UNIT = 6;
const FITTING_STATEMENT = 1.2;
const NESTED_IN_FITTING = 0.3;
const UNFITTING = 0.15;
const AFTER_LEADING = 2;
const BEFORE_CLOSER = 1.5;
const AFTER_OPENER = 0.4;
const BLANK_BONUS = 0.25;
const UNIT_BONUS = 0.4;
const MAX_PRICE = 30;

/** Line starts (UTF-16 offsets) of `text`, split at "\n" only. */
export function lineStarts(text: string): Int32Array {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  const starts = new Int32Array(count);
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts[line++] = at + 1;
  return starts;
}

/** Index (from 0) of the line that holds `offset`. */
export function lineAt(starts: Int32Array, offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Price of a cut before each line from the syntax tree. */
export function syntaxPrices(
  nodes: readonly SyntaxNode[],
  definitions: readonly Definition[],
  text: string,
  starts: Int32Array,
  firstToken: Int32Array,
  maxTokens: number,
): Float64Array {
  const lines = starts.length;
  const price = textPrices(text, starts);
  const unitNodes = new Set(definitions.filter(isUnit).map((definition) => definition.node));
  const groups = groupByLines(nodes, starts, unitNodes);
  const change = new Float64Array(lines + 1);
  for (const group of groups) {
    const fits = (firstToken[group.to + 1] ?? 0) - (firstToken[group.from] ?? 0) <= maxTokens;
    group.fits = fits;
    const outer = groups[group.parent];
    let weight = UNFITTING;
    if (outer !== undefined && (outer.fits || outer.inFitting)) {
      group.inFitting = true;
      weight = group.unit ? 2 * NESTED_IN_FITTING : NESTED_IN_FITTING;
    } else if (fits) weight = group.unit ? FITTING_UNIT : FITTING_STATEMENT;
    else if (group.wrapper) weight = 0;
    change[group.from + 1] = (change[group.from + 1] ?? 0) + weight;
    change[group.to + 1] = (change[group.to + 1] ?? 0) - weight;
    if (group.unit && !group.inFitting) {
      price[group.from] = (price[group.from] ?? 0) - UNIT_BONUS;
      if (group.to + 1 < lines) price[group.to + 1] = (price[group.to + 1] ?? 0) - UNIT_BONUS;
    }
  }
  for (const node of nodes) {
    if (!isLeadingType(node.type) || node.end === node.start) continue;
    // A line comment may include its line break.
    const next = lineAt(starts, node.end - 1) + 1;
    if (next < lines && text.slice(lineStartOf(starts, node.start), node.start).trim() === "") {
      price[next] = (price[next] ?? 0) + (isBlank(text, starts, next) ? 0 : AFTER_LEADING);
    }
  }
  let depth = 0;
  for (let line = 0; line < lines; line++) {
    depth += change[line] ?? 0;
    price[line] = Math.min(MAX_PRICE, (price[line] ?? 0) + depth);
  }
  return price;
}

interface Group {
  readonly from: number;
  readonly to: number;
  readonly parent: number;
  unit: boolean;
  wrapper: boolean;
  fits: boolean;
  inFitting: boolean;
}

/** Nodes of several lines; those that cover the same lines as their parent count once (`export class X {…}`). */
function groupByLines(nodes: readonly SyntaxNode[], starts: Int32Array, units: ReadonlySet<number>): Group[] {
  const groups: Group[] = [];
  const groupOf = new Int32Array(nodes.length).fill(-1);
  for (let index = 1; index < nodes.length; index++) {
    const node = nodes[index];
    if (node === undefined) break;
    const parent = node.parent > 0 ? (groupOf[node.parent] ?? -1) : -1;
    groupOf[index] = parent;
    const outer = groups[parent];
    const from = lineAt(starts, node.start);
    const to = node.end > node.start ? lineAt(starts, node.end - 1) : from;
    if (from === to) continue;
    if (outer !== undefined && outer.from === from && outer.to === to) {
      outer.unit ||= units.has(index);
      continue;
    }
    groupOf[index] = groups.length;
    groups.push({
      from,
      to,
      parent,
      unit: units.has(index),
      wrapper: isWrapper(node.type),
      fits: false,
      inFitting: false,
    });
  }
  return groups;
}

function lineStartOf(starts: Int32Array, offset: number): number {
  return starts[lineAt(starts, offset)] ?? 0;
}

function lineText(text: string, starts: Int32Array, line: number): string {
  const start = starts[line] ?? 0;
  // Long lines are judged by their beginning and never by more.
  return text.slice(start, Math.min((starts[line + 1] ?? text.length + 1) - 1, start + 400));
}

function isBlank(text: string, starts: Int32Array, line: number): boolean {
  return lineText(text, starts, line).trim() === "";
}

const CLOSER = /^(?:[)\]}]|(?:end|else|elif|elsif|elseif|except|rescue|ensure|catch|finally|fi|done|esac)\b)/;

/** What the lines' text alone says about each border. */
function textPrices(text: string, starts: Int32Array): Float64Array {
  const price = new Float64Array(starts.length);
  let before = "";
  let blank = false;
  for (let line = 0; line < starts.length; line++) {
    const current = lineText(text, starts, line).trim();
    if (current === "") {
      blank = true;
      continue;
    }
    let value = 0;
    if (CLOSER.test(current)) value += BEFORE_CLOSER;
    if (blank) value -= BLANK_BONUS;
    else if (/[{([:]$/.test(before)) value += AFTER_OPENER;
    price[line] = value;
    before = current;
    blank = false;
  }
  return price;
}

/** Prices where there is no tree: headings, blank lines and indentation. */
export function plainPrices(text: string, starts: Int32Array): Float64Array {
  const price = textPrices(text, starts);
  let fenced = false;
  let afterHeading = false;
  let blank = true;
  let previousIndent = 0;
  for (let line = 0; line < starts.length; line++) {
    const raw = lineText(text, starts, line);
    const current = raw.trim();
    if (current === "") {
      blank = true;
      continue;
    }
    const indent = raw.length - raw.trimStart().length;
    const heading = !fenced && isHeading(current);
    let value = Math.min(indent, 16) * 0.08;
    if (fenced) value += 0.8;
    if (!blank && !heading) value += indent < previousIndent ? 0.2 : 0.5;
    if (heading) value -= 0.5;
    if (afterHeading) value += AFTER_LEADING;
    price[line] = (price[line] ?? 0) + value;
    if (/^(```|~~~)/.test(current)) fenced = !fenced;
    afterHeading = heading;
    previousIndent = indent;
    blank = false;
  }
  return price;
}

/** A markdown or asciidoc heading, or an ini section. */
export function isHeading(line: string): boolean {
  return /^(#{1,6}\s|\[[\w. "-]+\]$|={2,}\s)/.test(line);
}
