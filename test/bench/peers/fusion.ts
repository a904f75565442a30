import type { Place } from "../metrics.ts";
import { overlap } from "./bm25.ts";

/** The constant of reciprocal-rank fusion (Cormack, Clarke, Büttcher 2009, section 2). */
const RRF_K = 60;

/**
 * Reciprocal-rank fusion of two rankings of places whose borders differ. Each place scores 1 / (60 + its rank) plus,
 * from the other ranking, 1 / (60 + rank) of the best place that shares a line with it. The best `k` places that
 * share no line are returned, best first; of two equal ones the first ranking's.
 */
export function fuse(first: readonly Place[], second: readonly Place[], k: number): readonly Place[] {
  const scored = [...score(first, second), ...score(second, first)].sort((a, b) => b.score - a.score);
  const found: Place[] = [];
  for (const { place } of scored) {
    if (found.some((other) => overlap(place, other))) continue;
    found.push(place);
    if (found.length === k) break;
  }
  return found;
}

function score(own: readonly Place[], other: readonly Place[]): { readonly place: Place; readonly score: number }[] {
  return own.map((place, rank) => {
    const match = other.findIndex((candidate) => overlap(place, candidate));
    return { place, score: 1 / (RRF_K + rank + 1) + (match < 0 ? 0 : 1 / (RRF_K + match + 1)) };
  });
}
