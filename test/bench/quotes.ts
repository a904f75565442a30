import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Answer, Citation } from "../../src/engine/types.ts";
import { listItems, normalise } from "./metrics.ts";

/**
 * Everything in an answer that is not what stands on disk: quotes that differ from their lines byte by byte, spans that
 * are not at their line and column, answers that no quote contains. Empty for a sound answer.
 */
export function quoteFaults(workspace: string, answer: Answer): readonly string[] {
  const faults = answer.citations.flatMap((citation) => citationFaults(workspace, citation));
  const claims =
    answer.answer === null
      ? []
      : answer.kind === "span"
        ? [answer.answer]
        : answer.kind === "list"
          ? [...listItems(answer.answer)]
          : [];
  // Normalised: an answer may leave out the quotes around a literal, and a span over two lines its indentation.
  const quotes = answer.citations.map((citation) => normalise(citation.quote));
  for (const claim of claims) {
    const wanted = normalise(claim);
    if (!quotes.some((quote) => quote.includes(wanted)))
      faults.push(`answer stands in no quote: ${JSON.stringify(claim)}`);
  }
  return faults;
}

function citationFaults(workspace: string, citation: Citation): string[] {
  const place = `${citation.file}:${citation.from}-${citation.to}`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(workspace, citation.file));
  } catch {
    return [`${place}: no such file`];
  }
  const lines = splitLines(withoutMark(bytes));
  if (citation.from < 1 || citation.to < citation.from || citation.to > lines.length) {
    return [`${place}: the file has ${lines.length} lines`];
  }
  const faults: string[] = [];
  const onDisk = joinLines(lines.slice(citation.from - 1, citation.to));
  // Bytes that are no UTF-8 cannot be said in a string: there the decoded text must be equal.
  const isUtf8 = Buffer.from(onDisk.toString("utf8")).equals(onDisk);
  const same = isUtf8 ? Buffer.from(citation.quote).equals(onDisk) : citation.quote === onDisk.toString("utf8");
  if (!same) faults.push(`${place}: the quote differs from the file`);
  const { span } = citation;
  if (span !== undefined) {
    const from = joinLines(lines.slice(span.line - 1))
      .toString("utf8")
      .slice(span.column);
    if (span.line < citation.from || span.line > citation.to || !from.startsWith(span.text)) {
      faults.push(`${place}: the span is not at ${span.line}:${span.column}`);
    }
  }
  return faults;
}

/** The file's text as UTF-8 bytes: a byte-order mark is no text, and what it calls UTF-16 is transcoded. */
function withoutMark(bytes: Buffer): Buffer {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.subarray(3);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return Buffer.from(new TextDecoder("utf-16le").decode(bytes));
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(new TextDecoder("utf-16be").decode(bytes));
  return bytes;
}

const NEWLINE = 0x0a;

/** The file's lines as bytes, split at "\n"; a last empty line counts, as in `String.split`. */
function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  lines.push(bytes.subarray(start));
  return lines;
}

function joinLines(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line, i) => (i === 0 ? [line] : [Buffer.of(NEWLINE), line])));
}
