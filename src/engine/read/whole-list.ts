import type { TextSpan } from "../answer/compose.ts";
import { siblingItems } from "../answer/siblings.ts";
import { trimQuotes } from "../answer/spans.ts";
import type { Segmenter } from "../corpus/segment.ts";
import type { ReadCandidate } from "./candidate.ts";

/** A list is cited whole up to so many lines; of a longer one the segment's part. */
const MOST_LINES = 60;
const LONGEST_ITEM = 80;

/**
 * The items of the list in the code that a span is an item of, in order: the reader finds one, the syntax tree the
 * others. Empty where the span stands in no list, or in one of something else than short items.
 */
export async function wholeList(
  { path, text, lineFrom, lineTo }: ReadCandidate,
  span: TextSpan,
  segmenter: Segmenter,
): Promise<TextSpan[]> {
  const nodes = await segmenter.syntax(path, text);
  if (nodes === undefined) return [];
  const all = siblingItems(nodes, text, span).map((item) => trimQuotes(text, item.start, item.end));
  const lines = (from: number, to: number) => text.slice(from, to).split("\n").length;
  const first = all[0]?.start ?? 0;
  const whole = lines(first, all.at(-1)?.end ?? 0) <= MOST_LINES;
  const items = whole ? all : all.filter(({ start, end }) => lines(0, start) >= lineFrom && lines(0, end) <= lineTo);
  if (items.length < 2 || items.some(({ start, end }) => end - start > LONGEST_ITEM)) return [];
  return items.map((item) => ({ ...item, logProbability: span.logProbability, logit: span.logit }));
}
