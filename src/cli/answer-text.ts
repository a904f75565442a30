import { styleText } from "node:util";
import type { Answer, Citation } from "../engine/types.ts";
import { surenessOf } from "../protocol/sureness.ts";
import { duration, percent, plural } from "./quantities.ts";
import { indented, safeBlock, safeLine } from "./terminal.ts";

/** Lines of a quote that are shown on a terminal; `--json` has all. */
const QUOTE_LINES = 10;

/** An answer for people: the answer, how sure it is, the places that prove it. */
export function describeAnswer(answer: Answer): string {
  const blocks = [headline(answer), circumstances(answer)];
  if (answer.abstained && answer.citations.length > 0) blocks.push("The nearest places:");
  return [...blocks, ...answer.citations.map(describeCitation)].join("\n\n");
}

function headline(answer: Answer): string {
  if (answer.abstained) return styleText("bold", "Not found in the workspace.");
  if (answer.answer === null) return styleText("bold", "See:");
  return styleText("bold", safeBlock(answer.answer));
}

function circumstances(answer: Answer): string {
  const sure = answer.abstained ? [] : [`${surenessOf(answer.confidence)} (${percent(answer.confidence)})`];
  const hops = surenessOf(answer.confidence) === "unsure" ? 1 : answer.chain.length + 1;
  const line = [...sure, ...(hops > 1 ? [plural(hops, "hop")] : []), duration(answer.ms)].join(", ");
  const sentence = `${line.charAt(0).toUpperCase()}${line.slice(1)}.`;
  if (answer.coverage >= 1) return sentence;
  return `${sentence} Only ${percent(answer.coverage)} of the workspace is indexed so far.`;
}

function describeCitation(citation: Citation): string {
  const lines = citation.quote.split("\n");
  const [first, last] = shownLines(citation, lines.length);
  const place = `${safeLine(citation.file)}:${range(citation.from + first, citation.from + last)}`;
  return `${styleText("cyan", place)}\n${indented(lines.slice(first, last + 1).join("\n"))}`;
}

/** First and last line to show of a quote, from 0: where it is long, those around the answer or of the best segment. */
function shownLines({ from, at, span }: Citation, lines: number): readonly [number, number] {
  if (lines <= QUOTE_LINES) return [0, lines - 1];
  const wanted = span === undefined ? at - from : span.line - from - Math.floor(QUOTE_LINES / 2);
  const first = Math.max(0, Math.min(wanted, lines - QUOTE_LINES));
  return [first, first + QUOTE_LINES - 1];
}

function range(from: number, to: number): string {
  return from === to ? `${from}` : `${from}-${to}`;
}
