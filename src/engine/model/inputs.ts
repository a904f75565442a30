import type { Bundle } from "./bundle.ts";

/** One row for the step graph, batch 1. */
export interface StepInput {
  /** [T] */
  readonly tokens: BigInt64Array;
  readonly kinds: BigInt64Array;
  /** [M] positions that write or ask; -1 for none. */
  readonly anchors: BigInt64Array;
  /** Position of the first code token. */
  readonly codeFrom: number;
}

type Layout = Pick<Bundle, "tokenKinds" | "specialTokens" | "memoryTokenIds">;

/** `[CLS] header [SEP] code [SEP]`; the segment's anchors (indices of code tokens) write. */
export function indexInput(
  layout: Layout,
  header: Int32Array,
  code: Int32Array,
  anchors: readonly number[],
): StepInput {
  const { cls, sep } = layout.specialTokens;
  const row = new Row();
  row.add([cls, ...header, sep], layout.tokenKinds.code);
  const codeFrom = row.length;
  row.add([...code, sep], layout.tokenKinds.code);
  return row.finish(
    anchors.map((anchor) => anchor + codeFrom),
    codeFrom,
  );
}

/** Tokens of a found segment that fit behind a question (`MAX_FOUND` in `models/training/batches.py`). */
const FOUND_TOKENS = 96;

/**
 * `[CLS] question [SEP]`, at a later hop followed by `code [SEP]` of what was found. Every token of the question asks
 * with a key of its own, and so do the anchors of the found code.
 */
export function questionInput(
  layout: Layout,
  question: Int32Array,
  found?: { readonly code: Int32Array; readonly anchors: readonly number[] },
): StepInput {
  const { cls, sep } = layout.specialTokens;
  const row = new Row();
  row.add([cls, ...question, sep], layout.tokenKinds.question);
  const codeFrom = row.length;
  const anchors = Array.from(question, (_, i) => i + 1);
  if (found !== undefined) {
    const code = found.code.subarray(0, FOUND_TOKENS);
    row.add([...code, sep], layout.tokenKinds.code);
    for (const anchor of found.anchors) if (anchor < code.length) anchors.push(anchor + codeFrom);
  }
  return row.finish(anchors, codeFrom);
}

/** `[CLS] question [SEP] header [SEP] code [SEP] memory tokens`; the memory tokens write. */
export function readInput(layout: Layout, question: Int32Array, header: Int32Array, code: Int32Array): StepInput {
  const { cls, sep } = layout.specialTokens;
  const row = new Row();
  row.add([cls, ...question, sep], layout.tokenKinds.question);
  row.add([...header, sep], layout.tokenKinds.code);
  const codeFrom = row.length;
  row.add([...code, sep], layout.tokenKinds.code);
  const memoryFrom = row.length;
  row.add(layout.memoryTokenIds, layout.tokenKinds.memory);
  return row.finish(
    layout.memoryTokenIds.map((_, i) => memoryFrom + i),
    codeFrom,
  );
}

/** Collects tokens with their kinds. */
class Row {
  readonly #tokens: number[] = [];
  readonly #kinds: number[] = [];

  get length(): number {
    return this.#tokens.length;
  }

  add(tokens: readonly number[], kind: number): void {
    for (const token of tokens) {
      this.#tokens.push(token);
      this.#kinds.push(kind);
    }
  }

  finish(anchors: readonly number[], codeFrom: number): StepInput {
    return {
      tokens: BigInt64Array.from(this.#tokens, BigInt),
      kinds: BigInt64Array.from(this.#kinds, BigInt),
      // A graph with no anchor at all would have an empty dimension.
      anchors: BigInt64Array.from(anchors.length === 0 ? [-1] : anchors, BigInt),
      codeFrom,
    };
  }
}
