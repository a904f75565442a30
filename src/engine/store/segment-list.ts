import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ByteReader, ByteWriter } from "../memory/bytes.ts";
import { checksum } from "../memory/quantize.ts";
import type { SegmentRange } from "./records.ts";
import { MalformedRowError } from "./rows.ts";

/** What a file knows of one of its segments. */
export interface ListedSegment extends SegmentRange {
  readonly id: number;
  readonly symbol: string;
  readonly hash: string;
}

/** More than the largest list: a damaged one must not fill the memory. */
const LARGEST = 64 * 1024 * 1024;

/**
 * A file's segments in order as one blob: columns of differences, mostly a byte each, and the distinct symbols, all
 * deflated: about 16 bytes a segment with its hash, where a row of a table takes 60.
 */
export function encodeList(segments: readonly ListedSegment[]): Uint8Array {
  const symbols = [...new Set(segments.map((segment) => segment.symbol))];
  const indexOf = new Map(symbols.map((symbol, i) => [symbol, i]));
  const out = new ByteWriter();
  const column = (value: (segment: ListedSegment, before: ListedSegment | undefined) => number): void => {
    for (const [i, segment] of segments.entries()) out.signed(value(segment, segments[i - 1]));
  };
  out.varint(segments.length);
  column((s, before) => s.id - (before?.id ?? 0) - 1);
  column((s, before) => s.charFrom - (before?.charTo ?? 0));
  column((s) => s.charTo - s.charFrom);
  column((s, before) => s.lineFrom - (before?.lineTo ?? 0));
  column((s) => s.lineTo - s.lineFrom);
  column((s) => indexOf.get(s.symbol) ?? 0);
  writeTexts(
    out,
    segments.map((segment) => segment.hash),
  );
  writeTexts(out, symbols);
  const packed = deflateRawSync(out.done(), { level: 9 });
  const list = new ByteWriter();
  list.varint(checksum(packed));
  list.append(packed);
  return list.done();
}

/** Inverse of `encodeList`. Throws `MalformedRowError` if the bytes are damaged. */
export function decodeList(list: Uint8Array): ListedSegment[] {
  try {
    const outer = new ByteReader(list);
    const crc = outer.varint();
    const packed = outer.take(outer.left);
    if (checksum(packed) !== crc) throw new RangeError("The checksum does not match.");
    return readList(new ByteReader(inflateRawSync(packed, { maxOutputLength: LARGEST })));
  } catch (error) {
    throw error instanceof Error ? new MalformedRowError("list", "list of segments") : error;
  }
}

function readList(data: ByteReader): ListedSegment[] {
  const count = data.varint();
  if (count > data.left) throw new RangeError("The list is longer than its bytes.");
  const column = (): number[] => Array.from({ length: count }, () => data.signed());
  const [ids, gaps, chars, lineGaps, lines, symbolOf] = Array.from({ length: 6 }, column);
  const hashes = readTexts(data);
  const symbols = readTexts(data);
  const segments: ListedSegment[] = [];
  let before = { id: 0, charTo: 0, lineTo: 0 };
  for (let i = 0; i < count; i++) {
    const charFrom = before.charTo + (gaps?.[i] ?? 0);
    const lineFrom = before.lineTo + (lineGaps?.[i] ?? 0);
    const segment = {
      id: before.id + (ids?.[i] ?? 0) + 1,
      charFrom,
      charTo: charFrom + (chars?.[i] ?? 0),
      lineFrom,
      lineTo: lineFrom + (lines?.[i] ?? 0),
      symbol: symbols[symbolOf?.[i] ?? 0] ?? "",
      hash: hashes[i] ?? "",
    };
    segments.push(segment);
    before = segment;
  }
  return segments;
}

/** Count, all lengths in bytes, then all texts. */
function writeTexts(out: ByteWriter, texts: readonly string[]): void {
  const bytes = texts.map((text) => Buffer.from(text));
  out.varint(bytes.length);
  for (const { length } of bytes) out.varint(length);
  for (const one of bytes) out.append(one);
}

function readTexts(data: ByteReader): string[] {
  const lengths = Array.from({ length: data.varint() }, () => data.varint());
  return lengths.map((length) => Buffer.from(data.take(length)).toString());
}
