import { AddressCodes } from "../memory/address.ts";
import type { FactsLayout, MemoryDims } from "../memory/layout.ts";
import { exactKeys, recallShards } from "../memory/recall.ts";
import type { LexicalTerm } from "../store/lexical.ts";
import type { Store } from "../store/store.ts";
import type { Part } from "../types.ts";
import { type Candidate, type FusionWeights, fuse, type PartScores, standardise } from "./fuse.ts";

/** Segments that the shards' states choose; the log's exact keys rank these. */
const CHOSEN_BY_STATE = 400;
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

  /** The best `limit` segments, best first. `without` leaves parts out. */
  recall(query: RecallQuery, limit: number, without: ReadonlySet<Part>): Candidate[] {
    return fuse(
      {
        ...(without.has("gist") ? {} : { gist: this.#byGist(query) }),
        ...(without.has("memory") ? {} : { memory: this.#byMemory(query) }),
        ...(without.has("lexical") ? {} : { lexical: this.#byWords(query) }),
      },
      this.#fusion,
      limit,
    );
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

  /** The states choose among all segments, the exact keys of the log rank those chosen (LAB part 2, §3). */
  #byMemory(query: RecallQuery): PartScores {
    const total = query.weights.reduce((sum, w) => sum + w, 0) || 1;
    const weights = query.weights.map((w) => w / total);
    const shards = this.#store.shards();
    const recalled = recallShards(query.keys, weights, shards, this.#dims, this.#layout, this.#codes);
    const places: { segment: number; score: number }[] = [];
    for (const [index, scores] of recalled.entries()) {
      const segments = shards[index]?.segments;
      for (const [position, score] of scores.entries()) {
        const segment = segments?.[position];
        if (segment !== undefined && segment !== 0 && Number.isFinite(score)) places.push({ segment, score });
      }
    }
    places.sort((a, b) => b.score - a.score || a.segment - b.segment);
    const chosen = places.slice(0, CHOSEN_BY_STATE).map((place) => place.segment);
    const writes = this.#store.writesOf(chosen);
    const known = chosen.filter((segment) => writes.has(segment));
    const logged = known.flatMap((segment) => writes.get(segment)?.keys ?? []);
    return { segments: known, scores: standardise(exactKeys(query.keys, weights, logged, this.#dims).scores) };
  }

  #byWords(query: RecallQuery): PartScores {
    const hits = this.#store.lexical(query.terms, LEXICAL_HITS);
    const best = hits[0]?.score ?? 1;
    return {
      segments: hits.map((hit) => hit.segment),
      scores: Float32Array.from(hits, (hit) => (best > 0 ? hit.score / best : 0)),
    };
  }
}
