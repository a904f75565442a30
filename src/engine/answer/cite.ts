import type { ReadCandidate } from "../read/candidate.ts";
import type { Citation } from "../types.ts";
import type { TextSpan } from "./compose.ts";

interface Cited {
  readonly candidate: ReadCandidate;
  readonly support: number;
}

/**
 * The places that are cited, best first. Segments that follow each other in a file are one place: what was cut apart
 * only because it was long is quoted whole, and does not take the room of other evidence.
 */
export class CitedPlaces {
  readonly #most: number;
  #places: Cited[][] = [];

  /** `most`: places at most. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether there is room for the segment. */
  fits(candidate: ReadCandidate): boolean {
    return this.#places.length < this.#most || this.#places.some((place) => adjoins(place, candidate));
  }

  /** Segments come in the order in which they are to be cited. */
  add(candidate: ReadCandidate, support: number): void {
    const joined = this.#places.filter((place) => adjoins(place, candidate));
    const [first] = joined;
    if (first === undefined) {
      this.#places.push([{ candidate, support }]);
      return;
    }
    first.push({ candidate, support }, ...joined.slice(1).flat());
    this.#places = this.#places.filter((place) => place === first || !joined.includes(place));
  }

  /** `spans` of the `holder` make up the answer. */
  citations(holder: ReadCandidate | undefined, spans: readonly TextSpan[]): Citation[] {
    return this.#places.map((place) =>
      citationOf(place, place.some(({ candidate }) => candidate === holder) ? spans : []),
    );
  }
}

/** Whether no line stands between them. */
function adjoins(place: readonly Cited[], { path, lineFrom, lineTo }: ReadCandidate): boolean {
  return place.some(
    ({ candidate: one }) => one.path === path && lineFrom <= one.lineTo + 1 && lineTo >= one.lineFrom - 1,
  );
}

function citationOf(place: readonly Cited[], spans: readonly TextSpan[]): Citation {
  const { path = "", text = "" } = place[0]?.candidate ?? {};
  const lines = text.split("\n");
  const [first] = spans;
  const before = text.slice(0, first?.start ?? 0).split("\n");
  const last = text.slice(0, spans.at(-1)?.end ?? 0).split("\n").length;
  // A list may begin before its segment, or go on behind it.
  const from = Math.min(...place.map(({ candidate }) => candidate.lineFrom), ...(first ? [before.length] : []));
  const to = Math.max(...place.map(({ candidate }) => candidate.lineTo), ...(first ? [last] : []));
  const quote = lines.slice(from - 1, to).join("\n");
  const base = { file: path, from, to, quote, relevance: Math.max(...place.map(({ support }) => support)) };
  if (first === undefined) return base;
  const column = before.at(-1)?.length ?? 0;
  return { ...base, span: { line: before.length, column, text: text.slice(first.start, first.end) } };
}
