import type { Definition } from "./definitions.ts";
import { lastName } from "./definitions.ts";
import { eachChild, isCommentType, isName, isStringType, type SyntaxNode } from "./syntax.ts";

export type AnchorKind = "definition" | "assignment" | "call" | "literal" | "statement";

/** A place in the file that a fact hangs on, before it is mapped to tokens. UTF-16 offsets. */
export interface AnchorPlace {
  readonly start: number;
  readonly end: number;
  readonly kind: AnchorKind;
  readonly value?: { readonly start: number; readonly end: number };
}

const MAX_VALUE_LENGTH = 60;
const IMPORT = /^\s*(?:import|from|use|using|require|package|#\s*include)\b/;
const CALLS =
  /^(call|call_expression|new_expression|method_invocation|invocation_expression|macro_invocation|command|object_creation_expression|explicit_constructor_invocation)$|_call_expression$/;
const ERROR_CALL = /error|exception|throw|panic|fail|abort|fatal|die|warn|assert|errno|err_|raise/i;
const ENV_LIKE = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;
const LITERAL =
  /number|integer|float|int_|_literal|string|true|false|null|nil|none|boolean|decimal|encapsed|identifier|symbol/i;

/** Anchors of a parsed file, in no special order. */
export function syntaxAnchors(
  nodes: readonly SyntaxNode[],
  definitions: readonly Definition[],
  text: string,
): AnchorPlace[] {
  const places: AnchorPlace[] = [];
  for (const definition of definitions) {
    const name = nodes[definition.name];
    if (name === undefined) continue;
    const value = valueRange(nodes, definition, text);
    places.push({
      start: name.start,
      end: name.end,
      kind: definition.kind === "assignment" ? "assignment" : "definition",
      ...(value === undefined ? {} : { value }),
    });
  }
  for (let index = 1; index < nodes.length; index++) {
    const node = nodes[index];
    if (node === undefined) break;
    if (CALLS.test(node.type)) addCall(nodes, index, text, places);
    else if (isStringType(node.type)) addString(nodes, index, text, places);
    else if (isName(nodes, index) && node.end - node.start <= 64 && ENV_LIKE.test(text.slice(node.start, node.end))) {
      const parent = nodes[node.parent];
      // process.env.PORT_NUMBER, ENV variables and constants in use; definitions are there already.
      if (parent !== undefined && !isStringType(parent.type)) {
        places.push({ start: node.start, end: node.end, kind: "literal" });
      }
    }
  }
  return places;
}

/**
 * By line (from 0): the first name, or the last one where a line imports something; the anchor of lines that have no
 * better one.
 */
export function spareAnchors(nodes: readonly SyntaxNode[], text: string, starts: Int32Array): Map<number, AnchorPlace> {
  const spare = new Map<number, AnchorPlace>();
  let line = 0;
  let importing = false;
  for (let index = 1; index < nodes.length; index++) {
    const node = nodes[index];
    if (node === undefined || !isName(nodes, index)) continue;
    while (line + 1 < starts.length && (starts[line + 1] ?? 0) <= node.start) line++;
    const known = spare.has(line);
    if (!known) importing = IMPORT.test(text.slice(starts[line] ?? 0, (starts[line] ?? 0) + 80));
    if (known && !importing) continue;
    // A string's content, maybe of many lines: its first telling word.
    const long = node.end - node.start > 64 || !/^[\w$]+$/.test(text.slice(node.start, node.end));
    const lineEnd = Math.min(node.end, (starts[line + 1] ?? text.length + 1) - 1);
    const place = long ? wordInside(text, node.start, lineEnd, true) : { start: node.start, end: node.end };
    if (place !== undefined) spare.set(line, { ...place, kind: "statement" });
  }
  return spare;
}

function valueRange(
  nodes: readonly SyntaxNode[],
  definition: Definition,
  text: string,
): { start: number; end: number } | undefined {
  const first = nodes[definition.value];
  if (first === undefined) return undefined;
  let { start, end } = first;
  const owner = nodes[definition.node];
  // A css declaration's value is everything after the colon.
  if (owner?.type === "declaration" && nodes[definition.name]?.type === "property_name") {
    start = text.indexOf(":", nodes[definition.name]?.end ?? start) + 1;
    end = Math.max(first.end, start);
  }
  return trimmed(text, start, end);
}

function trimmed(text: string, start: number, end: number): { start: number; end: number } | undefined {
  if (end - start > 2 * MAX_VALUE_LENGTH) return undefined;
  let from = start;
  let to = end;
  while (from < to && /\s/.test(text.charAt(from))) from++;
  while (to > from && /\s/.test(text.charAt(to - 1))) to--;
  if (to <= from || to - from > MAX_VALUE_LENGTH || text.slice(from, to).includes("\n")) return undefined;
  return { start: from, end: to };
}

/** The called name, and the first string argument (an event, route, option or setting) with the value after it. */
function addCall(nodes: readonly SyntaxNode[], index: number, text: string, places: AnchorPlace[]): void {
  let callee = -1;
  let args = -1;
  eachChild(nodes, index, (child, at) => {
    if (callee < 0 && /^(function|name|method|constructor|macro|type)$/.test(child.field)) callee = at;
    if (child.field === "arguments" || /arguments|argument_list/.test(child.type)) args = at;
    if (callee < 0 && (child.type === "command_name" || child.type === "function_name")) callee = at;
  });
  if (callee < 0) {
    eachChild(nodes, index, (_, at) => {
      if (callee < 0 && at !== args) callee = at;
    });
  }
  const name = nodes[callee] === undefined ? -1 : lastNameOutsideCalls(nodes, callee);
  const nameNode = nodes[name];
  if (nameNode !== undefined) places.push({ start: nameNode.start, end: nameNode.end, kind: "call" });
  if (args < 0) return;
  const list: number[] = [];
  eachChild(nodes, args, (child, at) => {
    if (list.length < 3 && !isCommentType(child.type)) list.push(unwrapped(nodes, at));
  });
  const key = nodes[list[0] ?? -1];
  if (key === undefined || !isStringType(key.type) || key.end - key.start > 200) return;
  const error = nameNode !== undefined && ERROR_CALL.test(text.slice(nameNode.start, nameNode.end));
  const place = wordInside(text, key.start, key.end, error);
  if (place === undefined) return;
  const second = nodes[list[1] ?? -1];
  const value =
    second !== undefined && second.after - (list[1] ?? 0) <= 3 && LITERAL.test(second.type)
      ? trimmed(text, second.start, second.end)
      : undefined;
  places.push({ ...place, kind: "literal", ...(value === undefined ? {} : { value }) });
}

/** Some grammars wrap each argument in a node of its own. */
function unwrapped(nodes: readonly SyntaxNode[], index: number): number {
  const node = nodes[index];
  if (node === undefined || node.type !== "argument") return index;
  let only = index;
  eachChild(nodes, index, (_, at) => {
    only = at;
  });
  return only;
}

function lastNameOutsideCalls(nodes: readonly SyntaxNode[], index: number): number {
  const node = nodes[index];
  if (node === undefined) return -1;
  let property = -1;
  eachChild(nodes, index, (child, at) => {
    if (/^(property|attribute|field|name|method)$/.test(child.field)) property = at;
  });
  return lastName(nodes, property >= 0 ? property : index);
}

function addString(nodes: readonly SyntaxNode[], index: number, text: string, places: AnchorPlace[]): void {
  const node = nodes[index];
  if (node === undefined || node.end - node.start > 400) return;
  const inside = text.slice(node.start, node.end).replace(/^\W+|\W+$/g, "");
  if (ENV_LIKE.test(inside)) {
    const place = wordInside(text, node.start, node.end, false);
    if (place !== undefined) places.push({ ...place, kind: "literal" });
    return;
  }
  let at = node.parent;
  for (let up = 0; up < 5 && at > 0; up++) {
    const outer = nodes[at];
    if (outer === undefined || outer.end - outer.start > 600) return;
    if (/throw|raise/.test(outer.type)) {
      const place = wordInside(text, node.start, node.end, true);
      if (place !== undefined) places.push({ ...place, kind: "literal" });
      return;
    }
    at = outer.parent;
  }
}

/** The word of a string (or any range) to hang a fact on: the first one, or the most telling. */
export function wordInside(
  text: string,
  start: number,
  end: number,
  telling: boolean,
): { start: number; end: number } | undefined {
  let best: { start: number; end: number } | undefined;
  let bestScore = 0;
  const pattern = /[\p{L}\p{N}_$]+/gu;
  for (const match of text.slice(start, Math.min(end, start + 400)).matchAll(pattern)) {
    const word = match[0];
    const score = telling ? rarity(word) : 1;
    if (score > bestScore) {
      bestScore = score;
      best = { start: start + match.index, end: start + match.index + word.length };
      if (!telling) break;
    }
  }
  return best;
}

/** How telling a word looks without a corpus: long, mixed case, digits and underscores win. */
function rarity(word: string): number {
  if (/^[\d_$]+$/.test(word)) return 0.5;
  let score = Math.min(word.length, 14);
  if (/[_\d]/.test(word)) score += 5;
  if (/[a-z][A-Z]/.test(word) || /^[A-Z]{2,}/.test(word)) score += 5;
  return score;
}

const PAIR =
  /^(\s*(?:[-*+]\s+)?(?:export\s+|set\s+|local\s+|my\s+|our\s+|const\s+)?["'`]?)([\w.$@/-]*[\w$])(["'`]?\s*(?:=>|:=|[:=])\s*)(\S.*)$/;
/** `<name>value</`: XML with its text on the line. */
const ELEMENT = /^(\s*<)([\w:.-]+)[^<>]*>([^<>\s][^<>]{0,59})(?=<\/)/;
const NAMED =
  /^(\s*(?:(?:local|pub|static|export|public|private|protected|abstract|async|inline|def)\s+)*(?:function|sub|def|proc|defn?|func|fn|fun|class|module|interface|struct|enum|type|macro|rule|task|target|#define|create table)\s+)([\w.:$-]*\w)/i;

/** Anchors of one line without a tree; `start` is the line's offset. */
export function plainAnchors(line: string, start: number, heading: boolean): AnchorPlace[] {
  const short = line.slice(0, 400);
  if (short.trim() === "") return [];
  const named = NAMED.exec(short);
  if (named?.[1] !== undefined && named[2] !== undefined) {
    const from = start + named[1].length;
    return [{ start: from, end: from + named[2].length, kind: "definition" }];
  }
  if (heading) {
    const word = wordInside(short, 0, short.length, true);
    return word === undefined ? [] : [{ start: start + word.start, end: start + word.end, kind: "definition" }];
  }
  const pair = PAIR.exec(short);
  if (pair?.[1] !== undefined && pair[2] !== undefined && pair[3] !== undefined && pair[4] !== undefined) {
    const from = start + pair[1].length;
    const valueStart = from + pair[2].length + pair[3].length;
    const raw = pair[4].replace(/[\s,;]+$/, "");
    const place: AnchorPlace = { start: from, end: from + pair[2].length, kind: "assignment" };
    if (raw.length === 0 || raw.length > MAX_VALUE_LENGTH || /^[[{(|>]$/.test(raw)) return [place];
    return [{ ...place, value: { start: valueStart, end: valueStart + raw.length } }];
  }
  const element = ELEMENT.exec(short);
  if (element?.[1] !== undefined && element[2] !== undefined && element[3] !== undefined) {
    const from = start + element[1].length;
    const to = start + element[0].length;
    return [
      {
        start: from,
        end: from + element[2].length,
        kind: "assignment",
        value: { start: to - element[3].length, end: to },
      },
    ];
  }
  const places: AnchorPlace[] = [];
  for (const telling of [true, false]) {
    const word = wordInside(short, 0, short.length, telling);
    if (word !== undefined && word.start + start !== places[0]?.start) {
      places.push({ start: start + word.start, end: start + word.end, kind: "statement" });
    }
  }
  return places;
}
