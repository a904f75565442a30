import { top } from "../memory/top.ts";

/** What the parts of recall say about one segment. A part that does not know the segment says 0. */
export interface RecallFeatures {
  /** Cosine of the gists, in standard deviations from the workspace's mean. */
  readonly gist: number;
  /** MaxSim over the segment's writes, in standard deviations from the workspace's mean. */
  readonly memory: number;
  /** BM25 as a share of the best segment's, 0..1. */
  readonly lexical: number;
}

/** Weights of the parts, learned on training repositories (`calibration.fusion` of the bundle). */
export type FusionWeights = RecallFeatures;

export interface Candidate {
  readonly segment: number;
  readonly score: number;
  readonly features: RecallFeatures;
}

/** One part's scores, by segment; NaN where it says nothing. */
export type PartScores = Float32Array;

/** Scores as standard deviations from their mean, in place; what is not finite is left out of both and becomes NaN. */
export function standardise(scores: Float32Array): Float32Array {
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (const s of scores) {
    if (!Number.isFinite(s)) continue;
    sum += s;
    squares += s * s;
    count++;
  }
  const mean = count === 0 ? 0 : sum / count;
  const deviation = Math.sqrt(Math.max(1e-12, count === 0 ? 1 : squares / count - mean * mean));
  for (let i = 0; i < scores.length; i++) {
    const s = scores[i] as number;
    scores[i] = Number.isFinite(s) ? (s - mean) / deviation : Number.NaN;
  }
  return scores;
}

/** Weighted sum of the parts' features; the best `limit` segments that any part knows, ties by segment number. */
export function fuse(
  parts: Readonly<Record<keyof RecallFeatures, PartScores | undefined>>,
  weights: FusionWeights,
  limit: number,
): Candidate[] {
  const names = ["gist", "memory", "lexical"] as const;
  const sums = new Float64Array(Math.max(0, ...names.map((name) => parts[name]?.length ?? 0))).fill(Number.NaN);
  for (const name of names) {
    const part = parts[name];
    const weight = weights[name];
    for (let segment = 0; segment < (part?.length ?? 0); segment++) {
      const score = part?.[segment] ?? Number.NaN;
      if (Number.isNaN(score)) continue;
      const sum = sums[segment] as number;
      sums[segment] = (Number.isNaN(sum) ? 0 : sum) + weight * score;
    }
  }
  const feature = (name: keyof RecallFeatures, segment: number): number => {
    const score = parts[name]?.[segment] ?? Number.NaN;
    return Number.isNaN(score) ? 0 : score;
  };
  return top(sums, limit).map((segment) => ({
    segment,
    score: sums[segment] as number,
    features: {
      gist: feature("gist", segment),
      memory: feature("memory", segment),
      lexical: feature("lexical", segment),
    },
  }));
}
