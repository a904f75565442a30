import type { Bundle } from "./bundle.ts";

/** One input of the step, without batch dimension. All positions count from [CLS] = 0. */
export interface StepInput {
  readonly tokens: Int32Array;
  /** Token kinds, as long as `tokens`. */
  readonly kinds: Int32Array;
  /** Positions that write or ask. */
  readonly anchors: Int32Array;
  /** Position of the first code token; where segments are read, code token i stands at `codeFrom + i`. */
  readonly codeFrom: number;
}

/** What the layouts need to know of a bundle. */
export type InputVocabulary = Pick<Bundle, "specialTokens" | "tokenKinds" | "memoryTokenIds" | "markIds">;

/** Tokens of a found segment that go behind a question (`MAX_FOUND` in `models/training/batches.py`). */
const FOUND_TOKENS = 96;

/** `[CLS] header [SEP] code [SEP]` without punctuation, all of kind code; `anchors` are code token indices. */
export function indexInput(
  vocabulary: InputVocabulary,
  header: Int32Array,
  code: Int32Array,
  anchors: ArrayLike<number>,
): StepInput {
  const { cls, sep } = vocabulary.specialTokens;
  const words = wordsAlone(vocabulary, code, anchors);
  const head = header.filter((token) => !vocabulary.markIds.has(token));
  const tokens = join([cls], head, [sep], words.code, [sep]);
  const kinds = new Int32Array(tokens.length).fill(vocabulary.tokenKinds.code);
  const codeFrom = head.length + 2;
  return { tokens, kinds, anchors: words.anchors.map((anchor) => anchor + codeFrom), codeFrom };
}

/**
 * `[CLS] question [SEP]`; where it goes on from a found segment, its `code [SEP]` follows, without punctuation and cut
 * at `FOUND_TOKENS`. Every token of the question asks, then every anchor of the found code.
 */
export function questionInput(
  vocabulary: InputVocabulary,
  question: Int32Array,
  found?: { readonly code: Int32Array; readonly anchors: readonly number[] },
): StepInput {
  const { cls, sep } = vocabulary.specialTokens;
  const { question: questionKind, code: codeKind } = vocabulary.tokenKinds;
  const codeFrom = question.length + 2;
  const asking = Array.from(question, (_, i) => i + 1);
  if (found === undefined) {
    const tokens = join([cls], question, [sep]);
    const kinds = new Int32Array(tokens.length).fill(questionKind);
    return { tokens, kinds, anchors: Int32Array.from(asking), codeFrom };
  }
  const words = wordsAlone(vocabulary, found.code, found.anchors);
  const code = words.code.subarray(0, FOUND_TOKENS);
  const tokens = join([cls], question, [sep], code, [sep]);
  const kinds = new Int32Array(tokens.length).fill(questionKind).fill(codeKind, codeFrom);
  for (const anchor of words.anchors) if (anchor < code.length) asking.push(anchor + codeFrom);
  return { tokens, kinds, anchors: Int32Array.from(asking), codeFrom };
}

/** `[CLS] question [SEP] header [SEP] code [SEP] memory tokens`; the memory tokens write. */
export function readInput(
  vocabulary: InputVocabulary,
  question: Int32Array,
  header: Int32Array,
  code: Int32Array,
): StepInput {
  const { cls, sep } = vocabulary.specialTokens;
  const { question: questionKind, code: codeKind, memory: memoryKind } = vocabulary.tokenKinds;
  const memory = vocabulary.memoryTokenIds;
  const tokens = join([cls], question, [sep], header, [sep], code, [sep], memory);
  const body = question.length + 2;
  const written = tokens.length - memory.length;
  const kinds = new Int32Array(tokens.length).fill(questionKind, 0, body).fill(codeKind, body, written);
  kinds.fill(memoryKind, written);
  return {
    tokens,
    kinds,
    anchors: Int32Array.from(memory, (_, i) => written + i),
    codeFrom: body + header.length + 1,
  };
}

/**
 * Code without the tokens of punctuation, a third of them, which hardly say what a segment is about (`words_alone` in
 * `models/training/batches.py`). An anchor stays whatever it is.
 */
function wordsAlone(
  { markIds }: InputVocabulary,
  code: Int32Array,
  anchors: ArrayLike<number>,
): { readonly code: Int32Array; readonly anchors: Int32Array } {
  const held = new Set(Array.from(anchors));
  const at = new Int32Array(code.length);
  let kept = 0;
  const words = code.filter((token, i) => {
    at[i] = kept;
    if (markIds.has(token) && !held.has(i)) return false;
    kept++;
    return true;
  });
  return { code: words, anchors: Int32Array.from(anchors, (anchor) => at[anchor] ?? 0) };
}

/** int32 → int64 without a BigInt per number: each value's low and high word are written through one view. */
export function toInt64(values: Int32Array): BigInt64Array {
  const words = new Int32Array(values.length * 2);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    words[2 * i] = value;
    words[2 * i + 1] = value >> 31;
  }
  return new BigInt64Array(words.buffer);
}

/** The parts, one behind the other. */
export function join(...parts: readonly ArrayLike<number>[]): Int32Array {
  const out = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
