import { AddressCodes } from "../memory/address.ts";
import { TritProducts, tritBytes } from "../memory/codes.ts";
import type { FactsLayout, MemoryDims } from "../memory/layout.ts";
import { exactKeys, recallShards } from "../memory/recall.ts";
import { top } from "../memory/top.ts";
import type { LexicalTerm } from "../store/lexical.ts";
import type { Store } from "../store/store.ts";
import type { Part } from "../types.ts";
import { type Candidate, type FusionWeights, fuse, type PartScores, standardise } from "./fuse.ts";

/** Segments that the shards' states propose, and each of the other parts; the log's exact keys rank them. */
const PROPOSED_BY_STATES = 200;
const PROPOSED_BY_OTHERS = 150;
const LEXICAL_HITS = 400;

/** A question, or a question with what was found so far, as recall needs it. */
export interface RecallQuery {
  /** One key [dMem] per asking token. */
  readonly keys: readonly Float32Array[];
  /** Strength of each key, as the model gives it. */
  readonly weights: readonly number[];
  /** Gist [G], unit length. */
  readonly gist: Float32Array;
  readonly terms: readonly LexicalTerm[];
}

/** Finds the segments of a workspace that are worth reading for a question: memory, gist and words, fused. */
export class Recall {
  readonly #store: Store;
  readonly #dims: MemoryDims;
  readonly #layout: FactsLayout;
  readonly #codes: AddressCodes;
  readonly #fusion: FusionWeights;

  constructor(store: Store, dims: MemoryDims, layout: FactsLayout, fusion: FusionWeights) {
    this.#store = store;
    this.#dims = dims;
    this.#layout = layout;
    this.#codes = new AddressCodes(dims.valueWidth, layout.codeSeed);
    this.#fusion = fusion;
  }

  /**
   * The best `limit` segments, best first. `without` leaves parts out. `only` keeps to some segments, with the scores
   * that they have among all, so that what was calibrated on whole workspaces holds for them too.
   */
  recall(query: RecallQuery, limit: number, without: ReadonlySet<Part>, only?: ReadonlySet<number>): Candidate[] {
    const gist = without.has("gist") ? undefined : this.#byGist(query);
    const lexical = without.has("lexical") ? undefined : this.#byWords(query, only);
    const memory = without.has("memory") ? undefined : this.#byMemory(query, [gist, lexical], only);
    return fuse({ gist: keep(gist, only), memory: keep(memory, only), lexical }, this.#fusion, limit);
  }

  #byGist(query: RecallQuery): PartScores {
    const memory = this.#store.memory();
    const width = this.#dims.gistWidth;
    const bytes = tritBytes(width);
    const products = new TritProducts(query.gist, width);
    const scores = silent(memory.end);
    for (const { first, block } of memory.blocks()) {
      for (let position = 0; position < block.files.length; position++) {
        if (block.files[position] === 0) continue;
        scores[first + position] = products.with(block.gists, position * bytes) / (block.shares[position] as number);
      }
    }
    return standardise(scores);
  }

  /**
   * The shards' states propose segments, as do the other parts; the exact keys of the log rank all that were proposed
   * (the nearest key beats every matrix).
   */
  #byMemory(
    query: RecallQuery,
    others: readonly (PartScores | undefined)[],
    only: ReadonlySet<number> | undefined,
  ): PartScores {
    const total = query.weights.reduce((sum, w) => sum + w, 0) || 1;
    const weights = query.weights.map((w) => w / total);
    const scores = silent(this.#store.memory().end);
    const proposed = new Set(top(this.#fromStates(query, weights, scores.length), PROPOSED_BY_STATES));
    for (const part of others) for (const segment of best(part)) proposed.add(segment);
    if (only !== undefined) {
      const [gist] = others;
      const inside = gist === undefined ? [...only].slice(0, PROPOSED_BY_OTHERS) : best(keep(gist, only));
      for (const segment of inside) proposed.add(segment);
    }
    const writes = this.#store.writesOf([...proposed]);
    const keys = Array.from(writes.values(), (logged) => logged.keys);
    const exact = exactKeys(query.keys, weights, keys, this.#dims).scores;
    for (const [row, segment] of [...writes.keys()].entries()) scores[segment] = exact[row] as number;
    return standardise(scores);
  }

  /** What the shards' states say of each segment. */
  #fromStates(query: RecallQuery, weights: readonly number[], end: number): Float32Array {
    const shards = this.#store.shards();
    const found = silent(end);
    const recalled = recallShards(query.keys, weights, shards, this.#dims, this.#layout, this.#codes);
    for (const [index, scores] of recalled.entries()) {
      const segments = shards[index]?.segments;
      for (let position = 0; position < scores.length; position++) {
        const segment = segments?.[position] ?? 0;
        if (segment !== 0) found[segment] = scores[position] as number;
      }
    }
    return found;
  }

  #byWords(query: RecallQuery, only: ReadonlySet<number> | undefined): PartScores {
    const scores = silent(this.#store.memory().end);
    const all = this.#store.lexical(query.terms, only === undefined ? LEXICAL_HITS : Number.POSITIVE_INFINITY);
    const best = all[0]?.score ?? 1;
    const hits = only === undefined ? all : all.filter((hit) => only.has(hit.segment)).slice(0, LEXICAL_HITS);
    for (const { segment, score } of hits) scores[segment] = best > 0 ? score / best : 0;
    return scores;
  }
}

/** Scores that say nothing of any segment below `end`. */
function silent(end: number): Float32Array {
  return new Float32Array(end).fill(Number.NaN);
}

/** A part's scores of some segments. */
function keep(part: PartScores | undefined, only: ReadonlySet<number> | undefined): PartScores | undefined {
  if (part === undefined || only === undefined) return part;
  const kept = silent(part.length);
  for (const segment of only) kept[segment] = part[segment] ?? Number.NaN;
  return kept;
}

/** The best segments of a part. */
function best(part: PartScores | undefined): number[] {
  return part === undefined ? [] : top(part, PROPOSED_BY_OTHERS);
}
