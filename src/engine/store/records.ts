import type { SegmentWrites } from "../memory/writes.ts";

/** A file as the state knows it. */
export interface FileInput {
  /** Relative to the workspace, with forward slashes. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly mtimeMs: number;
  /** Of the whole content. */
  readonly hash: string;
  readonly lines: number;
}

export interface FileRecord extends FileInput {
  readonly id: number;
  /** How many segments it has. */
  readonly segments: number;
}

/** Where a segment stands in its file. Ends are exclusive, but for lines. */
export interface SegmentRange {
  /** UTF-16 offsets in the decoded text. */
  readonly charFrom: number;
  readonly charTo: number;
  /** From 1, last line inclusive. */
  readonly lineFrom: number;
  readonly lineTo: number;
}

/** What the model made of a segment: a pure function of its content. */
export interface EncodedSegment {
  /** Gist [G], int8. Its scale drops out, as gists have unit length. */
  readonly gist: Int8Array;
  readonly writes: SegmentWrites;
}

/** Text of a segment for the lexical index, identifiers split as the question's terms are. */
export interface LexicalText {
  readonly path: string;
  readonly symbol: string;
  readonly body: string;
}

export interface SegmentInput extends SegmentRange {
  /** Definition that it belongs to; "" if none. */
  readonly symbol: string;
  /** Over everything that the encoding depends on. */
  readonly hash: string;
  /** Tokens of its code. */
  readonly tokens: number;
  readonly lexical: LexicalText;
  /** May be left out where the state holds a segment of this file with the same hash (`segmentHashes`). */
  readonly encoded?: EncodedSegment | undefined;
}

export interface SegmentRecord extends SegmentRange {
  readonly id: number;
  readonly file: number;
  readonly path: string;
  readonly ordinal: number;
  readonly symbol: string;
  readonly hash: string;
}

/** What replacing a file did, in segments. */
export interface ReplaceReport {
  readonly file: number;
  /** Unchanged by hash: row, writes and position kept. */
  readonly reused: number;
  readonly added: number;
  readonly removed: number;
  /** Ids in the order of the segments given. */
  readonly segmentIds: readonly number[];
}

/** A shard's state and who stands where in it; fits `recallShards`. */
export interface StoredShard {
  readonly id: number;
  /** Packed, `memory/quantize.ts`. */
  readonly state: Uint8Array;
  /** By position: 1 if a write of the segment is in the state. */
  readonly live: Uint8Array;
  /** By position: segment id, 0 where free. */
  readonly segments: Int32Array;
  /** Filled by ridge regression; false while filling (delta rule). */
  readonly atRest: boolean;
}

export interface Chat {
  readonly id: string;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly json: string;
}

export interface StoreStats {
  readonly files: number;
  readonly segments: number;
  /** All writes in the log. */
  readonly writes: number;
  /** Writes that are in a state (β above the threshold). */
  readonly liveWrites: number;
  readonly shards: number;
  readonly shardsAtRest: number;
  readonly tokens: number;
  /** Bytes of the file by part, and in total with the WAL. */
  readonly bytes: Readonly<Record<"meta" | "files" | "log" | "shards" | "fts" | "chats" | "total", number>>;
}
