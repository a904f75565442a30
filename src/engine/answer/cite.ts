import type { ReadCandidate } from "../read/candidate.ts";
import type { Citation } from "../types.ts";
import type { TextSpan } from "./compose.ts";

/** A segment that may be cited; `spans` make up the answer if it is the one that holds it. */
export interface Found {
  readonly candidate: Pick<ReadCandidate, "path" | "text" | "lineFrom" | "lineTo">;
  /** 0..1. */
  readonly support: number;
  readonly spans: readonly TextSpan[];
}

/** Lines from 1, inclusive. */
interface Part extends Found {
  readonly from: number;
  readonly to: number;
}

/** What has less than this share of the best segment's support is not cited. */
const CITED_SHARE = 0.03;
/** A neighbour is quoted together with a place from this share of its best segment's support on. */
const JOINED_SHARE = 0.1;
const MOST_JOINED = 3;
/** Lines from the end of a segment to the next one's begin at most: blank ones may stand between. */
const NEAR = 3;
/** From this share of the best place's support on, a place belongs to the proof; the best so many do. */
const PROVES_SHARE = 0.4;
const MOST_PROVING = 4;

/**
 * The places that are cited, at most `most`, in the order of what was found. Segments that follow each other in a file
 * are one place: it does not take the room of other evidence that code was cut apart there.
 */
export function citedPlaces(found: readonly Found[], most: number): Citation[] {
  const places: Part[][] = [];
  const least = CITED_SHARE * found.reduce((top, { support }) => Math.max(top, support), 0);
  for (const [index, one] of found.entries()) {
    if (index > 0 && one.support < least) continue;
    const part = partOf(one);
    const near = places.find((place) => joins(place, part));
    if (near !== undefined) near.push(part);
    else if (places.length < most) places.push([part]);
  }
  const citations = places.flatMap((place) => (place[0] === undefined ? [] : [citationOf(place[0], place)]));
  const enough = PROVES_SHARE * citations.reduce((top, { relevance }) => Math.max(top, relevance), 0);
  const proof = citations.filter(({ relevance }, index) => index === 0 || relevance >= enough).slice(0, MOST_PROVING);
  return citations.map((citation) => ({ ...citation, proves: proof.includes(citation) }));
}

/** With the lines of the spans: a list may begin before its segment, or go on behind it. */
function partOf(found: Found): Part {
  const { candidate, spans } = found;
  const lines = spans.flatMap(({ start, end }) => [lineOf(candidate.text, start), lineOf(candidate.text, end)]);
  return { ...found, from: Math.min(candidate.lineFrom, ...lines), to: Math.max(candidate.lineTo, ...lines) };
}

/** Whether they share a line, or are neighbours and the place becomes neither too long nor too weak by it. */
function joins(place: readonly Part[], { candidate, support, from, to }: Part): boolean {
  const apart = ({ candidate: { path }, ...part }: Part): number =>
    path === candidate.path ? Math.max(from - part.to, part.from - to) : Number.POSITIVE_INFINITY;
  const gap = Math.min(...place.map(apart));
  const best = Math.max(...place.map((part) => part.support));
  return gap <= 0 || (gap <= NEAR && place.length < MOST_JOINED && support >= JOINED_SHARE * best);
}

function citationOf(best: Part, place: readonly Part[]): Omit<Citation, "proves"> {
  const { path, text, lineFrom } = best.candidate;
  const from = Math.min(...place.map((part) => part.from));
  const to = Math.max(...place.map((part) => part.to));
  const quote = text
    .split("\n")
    .slice(from - 1, to)
    .join("\n");
  const relevance = Math.max(...place.map(({ support }) => support));
  const base = { file: path, from, to, at: lineFrom, quote, relevance };
  const [first] = best.spans;
  if (first === undefined) return base;
  const column = first.start - (text.lastIndexOf("\n", first.start - 1) + 1);
  return { ...base, span: { line: lineOf(text, first.start), column, text: text.slice(first.start, first.end) } };
}

/** From 1. */
function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
