import { type DefinitionKind, findDefinitions } from "../corpus/definitions.ts";
import type { SyntaxNode } from "../corpus/syntax.ts";

/** Something that a file tells and that can be asked for by its name. */
export interface Fact {
  readonly kind: "value" | "function" | "type";
  readonly name: string;
  /** Where the name stands, from 1. */
  readonly line: number;
  /** Of a value: as it is written. */
  readonly value?: string;
}

/** Values that are worth a question: numbers of two digits and more, products of numbers, short strings. */
const VALUE = String.raw`-?\d[\d_]*(?:\.\d+)?(?:\s*\*\s*\d[\d_]*)+|-?\d[\d_]*(?:\.\d+|\d)|0x[\da-fA-F]{2,}|"[^"\n]{2,40}"|'[^'\n]{2,40}'`;
const WORTHY = new RegExp(`^(?:${VALUE})$`);
/** Two words and more: "maxFrameSize", "MAX_FRAME_SIZE". */
const WORDS = /[A-Za-z\d]_[A-Za-z\d]|[a-z\d][A-Z]/;
const WORD_CHARACTERS = 5;
/** A function of less is hardly worth a question. */
const FUNCTION_CHARACTERS = 120;
const LINE_CHARACTERS = 300;

/** The facts of a file that was parsed. */
export function parsedFacts(nodes: readonly SyntaxNode[], text: string): Fact[] {
  const lineAt = lines(text);
  return findDefinitions(nodes, text).flatMap(({ node, kind, name: at, value: valueAt }): Fact[] => {
    const whole = nodes[node];
    const named = nodes[at];
    if (whole === undefined || named === undefined) return [];
    const name = text.slice(named.start, named.end);
    const line = lineAt(named.start);
    if (!isTelling(kind, name)) return [];
    if (kind === "type") return [{ kind: "type", name, line }];
    if (kind === "function")
      return whole.end - whole.start < FUNCTION_CHARACTERS ? [] : [{ kind: "function", name, line }];
    const written = nodes[valueAt];
    const value = written === undefined ? "" : text.slice(written.start, written.end);
    return WORTHY.test(value) ? [{ kind: "value", name, line, value }] : [];
  });
}

const PLAIN: readonly (readonly [Fact["kind"], RegExp])[] = [
  ["value", new RegExp(String.raw`^[\s\w$@]*?\b([A-Za-z]\w+)\s*(?::[^=]{1,40})?:?=\s*(${VALUE})\s*[;,]?\s*$`)],
  ["function", /^\s*(?:\w+\s+)*(?:sub|def|defp|fn|fun|func|function|proc)\s+(?:[\w.]+[.:])?(\w+)/],
  ["function", /^(\w+)\s*::\s.*->/],
  ["type", /^\s*(?:\w+\s+)*(?:class|struct|enum|interface|trait|protocol|module|data|newtype|object|package)\s+(\w+)/],
];

/** The facts of a file that no grammar is for, as far as its lines read like those of most languages. */
export function plainFacts(text: string): Fact[] {
  return text.split("\n").flatMap((content, index): Fact[] => {
    if (content.length > LINE_CHARACTERS) return [];
    for (const [kind, pattern] of PLAIN) {
      const [, name = "", value] = pattern.exec(content) ?? [];
      if (isTelling(kind, name)) return [{ kind, name, line: index + 1, ...(value === undefined ? {} : { value }) }];
    }
    return [];
  });
}

/** Whether a name says what it stands for: one word may, of a function or a type. */
function isTelling(kind: DefinitionKind | Fact["kind"], name: string): boolean {
  return WORDS.test(name) || ((kind === "function" || kind === "type") && name.length >= WORD_CHARACTERS);
}

/** Gives the line of an offset, for offsets that grow more often than not. */
function lines(text: string): (offset: number) => number {
  let line = 1;
  let last = 0;
  return (offset) => {
    if (offset < last) [line, last] = [1, 0];
    for (let next = text.indexOf("\n", last); next >= 0 && next < offset; next = text.indexOf("\n", last)) {
      line++;
      last = next + 1;
    }
    return line;
  };
}
