import type { Segmenter } from "../corpus/segment.ts";
import type { Tokenizer } from "../corpus/tokenize.ts";
import type { SegmentRecord } from "../store/records.ts";

/** A segment to be read, with its file's text as it is on disk now. */
export interface ReadCandidate {
  /** The segment's number in the state. */
  readonly id: number;
  readonly path: string;
  /** The whole file. */
  readonly text: string;
  /** Fused recall score. */
  readonly prior: number;
  readonly symbol: string;
  /** From 1, inclusive. */
  readonly lineFrom: number;
  readonly lineTo: number;
  readonly header: Int32Array;
  readonly code: Int32Array;
  /** UTF-16 offsets in `text` of each code token, end exclusive. */
  readonly tokenStarts: Int32Array;
  readonly tokenEnds: Int32Array;
  /** Code tokens that write. */
  readonly anchors: readonly number[];
}

/**
 * Cuts a stored segment out of its file again, without parsing: the state knows its range, symbol and anchors, and a
 * segment's tokens do not depend on the text around it. `text` must be the content that was indexed.
 */
export function cutOut(
  record: SegmentRecord,
  anchors: ArrayLike<number>,
  text: string,
  prior: number,
  tokenizer: Tokenizer,
  segmenter: Segmenter,
): ReadCandidate {
  const { ids, starts, ends } = tokenizer.encode(text.slice(record.charFrom, record.charTo));
  const code = ids.subarray(0, segmenter.maxTokens);
  return {
    id: record.id,
    path: record.path,
    text,
    prior,
    symbol: record.symbol,
    lineFrom: record.lineFrom,
    lineTo: record.lineTo,
    header: segmenter.header(record.path, record.symbol),
    code,
    tokenStarts: starts.subarray(0, code.length).map((start) => start + record.charFrom),
    tokenEnds: ends.subarray(0, code.length).map((end) => end + record.charFrom),
    anchors: Array.from(anchors).filter((anchor) => anchor < code.length),
  };
}

/** The names that the segment's anchors stand on. */
export function anchorNames(candidate: ReadCandidate): string[] {
  return candidate.anchors.map((anchor) => {
    const start = candidate.tokenStarts[anchor] ?? 0;
    return /^[\p{L}\p{N}_$]+/u.exec(candidate.text.slice(start, start + 80))?.[0] ?? "";
  });
}
