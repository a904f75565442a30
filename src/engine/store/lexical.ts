import type { DatabaseSync, StatementSync } from "node:sqlite";

/** A word of the question and how much it counts. */
export interface LexicalTerm {
  readonly term: string;
  readonly weight: number;
}

export interface LexicalHit {
  readonly segment: number;
  /** Weighted BM25, larger is better. */
  readonly score: number;
}

/** Worth of a match in path, symbol and body. */
export type ColumnWeights = readonly [path: number, symbol: number, body: number];

export const DEFAULT_COLUMN_WEIGHTS: ColumnWeights = [1, 1, 1];

/**
 * BM25 over the segments' words. The BM25 of several words is the sum of theirs, so each word is asked on its own and
 * its scores are weighted here: fractional weights, which FTS5 cannot express in one query.
 */
export class LexicalIndex {
  readonly #match: StatementSync;

  constructor(db: DatabaseSync) {
    this.#match = db.prepare("SELECT rowid, bm25(fts, ?, ?, ?) FROM fts WHERE fts MATCH ?");
    this.#match.setReturnArrays(true);
  }

  /** The `limit` best segments, best first; equal scores by id. */
  search(terms: readonly LexicalTerm[], limit: number, columns: ColumnWeights = DEFAULT_COLUMN_WEIGHTS): LexicalHit[] {
    const scores = new Map<number, number>();
    for (const { term, weight } of terms) {
      if (weight === 0) continue;
      for (const row of this.#match.iterate(...columns, quoted(term))) {
        const segment = row["0"];
        const rank = row["1"];
        if (typeof segment !== "number" || typeof rank !== "number") continue;
        // FTS5 gives the better match the smaller number.
        scores.set(segment, (scores.get(segment) ?? 0) - weight * rank);
      }
    }
    return [...scores]
      .map(([segment, score]) => ({ segment, score }))
      .sort((a, b) => b.score - a.score || a.segment - b.segment)
      .slice(0, limit);
  }
}

/** A term as an FTS5 string: nothing in it is an operator. NUL would end the query. */
function quoted(term: string): string {
  return `"${term.replaceAll("\0", " ").replaceAll('"', '""')}"`;
}
