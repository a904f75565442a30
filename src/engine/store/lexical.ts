import type { DatabaseSync, StatementSync } from "node:sqlite";
import { top } from "../memory/top.ts";
import { numberOf } from "./rows.ts";
import type { SegmentMemory } from "./segment-memory.ts";

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

/** k1 and b of BM25 (Robertson and Zaragoza 2009); segments are about equally long, so length says little. */
const SATURATION = 1.2;
const LENGTH_SHARE = 0.25;

/** The idf of a word that is in half of the segments or more. */
const LEAST_IDF = 1e-6;

/**
 * BM25 over the segments' words, where a word is in a segment or is not: FTS5 with `detail=none` keeps nothing else, in
 * a third of the bytes, and the fused recall found as much (models/training/experiments.md). Each word is asked on its
 * own, so that words can have weights.
 */
export class LexicalIndex {
  readonly #match: StatementSync;
  readonly #merge: StatementSync;
  readonly #changes: StatementSync;

  constructor(db: DatabaseSync) {
    // One text for all rows: a call for each row would take most of the time.
    this.#match = db.prepare("SELECT group_concat(rowid) AS ids FROM fts WHERE fts MATCH ?");
    this.#merge = db.prepare("INSERT INTO fts (fts, rank) VALUES ('merge', ?)");
    this.#changes = db.prepare("SELECT total_changes() AS n");
  }

  /**
   * Merges the index by at most so many pages; a negative number begins to merge all of it into one tree. Returns whether
   * there was something to do (sqlite.org/fts5.html, "The 'merge' Command").
   */
  merge(pages: number): boolean {
    const changes = (): number => numberOf(this.#changes.get() ?? {}, "n");
    const before = changes();
    this.#merge.run(pages);
    return changes() - before >= 2;
  }

  /** The `limit` best segments, best first; equal scores by id. */
  search(terms: readonly LexicalTerm[], limit: number, memory: SegmentMemory): LexicalHit[] {
    const scores = new Float64Array(memory.end);
    for (const { term, weight } of terms) {
      if (weight === 0) continue;
      const ids = this.#segmentsWith(term);
      const idf = Math.log((memory.segments - ids.length + 0.5) / (ids.length + 0.5));
      for (const id of ids) {
        const length = memory.lengthOf(id) / memory.meanLength;
        const share = (SATURATION + 1) / (1 + SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length));
        scores[id] = (scores[id] as number) + weight * Math.max(LEAST_IDF, idf) * share;
      }
    }
    for (const [id, score] of scores.entries()) if (score === 0) scores[id] = Number.NaN;
    return top(scores, limit).map((segment) => ({ segment, score: scores[segment] as number }));
  }

  #segmentsWith(term: string): number[] {
    const ids = this.#match.get(query(term))?.["ids"];
    return typeof ids === "string" ? ids.split(",").map(Number) : [];
  }
}

/** Words as the index takes them: without accents, which its tokenizer would not see. */
export function foldAccents(words: string): string {
  return words.normalize("NFD").replaceAll(/[\u0300-\u036f]/gu, "");
}

/** FTS5 strings, so that nothing in a term is an operator; all words of a term must be there. */
function query(term: string): string {
  return `"${foldAccents(term).replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, '" "')}"`;
}
