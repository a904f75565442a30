import { AddressCodes } from "../memory/address.ts";
import type { FactsLayout, MemoryDims } from "../memory/layout.ts";
import { exactKeys, recallShards } from "../memory/recall.ts";
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
    const { ids, vectors, scales } = this.#store.gists();
    const width = this.#dims.gistWidth;
    const scores = new Float32Array(ids.length);
    for (let row = 0; row < ids.length; row++) {
      let dot = 0;
      const at = row * width;
      for (let i = 0; i < width; i++) dot += (vectors[at + i] as number) * (query.gist[i] as number);
      scores[row] = dot * (scales[row] as number);
    }
    return { segments: ids, scores: standardise(scores) };
  }

  /**
   * The shards' states propose segments, as do the other parts; the exact keys of the log rank all that were proposed
   * (LAB part 2, §3: the nearest key beats every matrix).
   */
  #byMemory(
    query: RecallQuery,
    others: readonly (PartScores | undefined)[],
    only: ReadonlySet<number> | undefined,
  ): PartScores {
    const total = query.weights.reduce((sum, w) => sum + w, 0) || 1;
    const weights = query.weights.map((w) => w / total);
    const proposed = new Set(this.#fromStates(query, weights));
    for (const part of others) for (const segment of best(part, PROPOSED_BY_OTHERS)) proposed.add(segment);
    if (only !== undefined) {
      const [gist] = others;
      const inside =
        gist === undefined ? [...only].slice(0, PROPOSED_BY_OTHERS) : best(keep(gist, only), PROPOSED_BY_OTHERS);
      for (const segment of inside) proposed.add(segment);
    }
    const writes = this.#store.writesOf([...proposed]);
    const segments = [...writes.keys()];
    const keys = Array.from(writes.values(), (logged) => logged.keys);
    return { segments, scores: standardise(exactKeys(query.keys, weights, keys, this.#dims).scores) };
  }

  #fromStates(query: RecallQuery, weights: readonly number[]): number[] {
    const shards = this.#store.shards();
    const places: { segment: number; score: number }[] = [];
    const recalled = recallShards(query.keys, weights, shards, this.#dims, this.#layout, this.#codes);
    for (const [index, scores] of recalled.entries()) {
      const segments = shards[index]?.segments;
      for (const [position, score] of scores.entries()) {
        const segment = segments?.[position];
        if (segment !== undefined && segment !== 0 && Number.isFinite(score)) places.push({ segment, score });
      }
    }
    places.sort((a, b) => b.score - a.score || a.segment - b.segment);
    return places.slice(0, PROPOSED_BY_STATES).map((place) => place.segment);
  }

  #byWords(query: RecallQuery, only: ReadonlySet<number> | undefined): PartScores {
    const all = this.#store.lexical(query.terms, only === undefined ? LEXICAL_HITS : Number.POSITIVE_INFINITY);
    const best = all[0]?.score ?? 1;
    const hits = only === undefined ? all : all.filter((hit) => only.has(hit.segment)).slice(0, LEXICAL_HITS);
    return {
      segments: hits.map((hit) => hit.segment),
      scores: Float32Array.from(hits, (hit) => (best > 0 ? hit.score / best : 0)),
    };
  }
}

/** A part's scores of some segments. */
function keep(part: PartScores | undefined, only: ReadonlySet<number> | undefined): PartScores | undefined {
  if (part === undefined || only === undefined) return part;
  const rows = Array.from(part.segments, (_, row) => row).filter((row) => only.has(part.segments[row] ?? -1));
  return {
    segments: rows.map((row) => part.segments[row] ?? -1),
    scores: Float32Array.from(rows, (row) => part.scores[row] ?? 0),
  };
}

/** The `count` best segments of a part. */
function best(part: PartScores | undefined, count: number): number[] {
  if (part === undefined) return [];
  const order = Array.from(part.scores.keys()).sort((a, b) => (part.scores[b] ?? 0) - (part.scores[a] ?? 0));
  return order.slice(0, count).flatMap((row) => part.segments[row] ?? []);
}
