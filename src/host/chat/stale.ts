import type { Staleness } from "../../protocol/panel.ts";
import type { CitedPlace } from "./exchange.ts";

/** What the file holds now: its text, or that it is gone. */
export interface FileNow {
  readonly lines: readonly string[] | undefined;
  /** Time of day of the last change, "14:32". */
  readonly since: string;
}

/** What became of a cited place: undefined while its lines stand where they stood. */
export function stalenessOf(place: Pick<CitedPlace, "from" | "to" | "quote">, now: FileNow): Staleness | undefined {
  const { lines, since } = now;
  if (lines === undefined) return { kind: "deleted" };
  const quote = place.quote.split("\n");
  if (standsAt(lines, quote, place.from)) return undefined;
  const toLine = nearest(lines, quote, place.from);
  if (toLine !== undefined) return { kind: "moved", fromLine: place.from, toLine };
  return { kind: "changed", since, now: lines.slice(place.from - 1, place.to).join("\n") };
}

function standsAt(lines: readonly string[], quote: readonly string[], from: number): boolean {
  return quote.every((text, offset) => lines[from - 1 + offset] === text);
}

/** The line nearest to `from` at which the whole quote stands. */
function nearest(lines: readonly string[], quote: readonly string[], from: number): number | undefined {
  // A bracket alone stands everywhere.
  if (!quote.some((text) => /[\p{L}\p{N}]{2}/u.test(text))) return undefined;
  let best: number | undefined;
  for (let line = 1; line <= lines.length - quote.length + 1; line++) {
    if (!standsAt(lines, quote, line)) continue;
    if (best === undefined || Math.abs(line - from) < Math.abs(best - from)) best = line;
  }
  return best;
}
