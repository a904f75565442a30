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

/** One part's scores: `scores[i]` belongs to `segments[i]`. */
export interface PartScores {
  readonly segments: ArrayLike<number>;
  readonly scores: Float32Array;
}

/** Scores as standard deviations from their mean; values that are not finite are left out of both and become 0. */
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
  return scores.map((s) => (Number.isFinite(s) ? (s - mean) / deviation : 0));
}

/** Weighted sum of the parts' features; the best `limit` segments, ties by segment number. */
export function fuse(
  parts: Readonly<Record<keyof RecallFeatures, PartScores | undefined>>,
  weights: FusionWeights,
  limit: number,
): Candidate[] {
  const found = new Map<number, { gist: number; memory: number; lexical: number }>();
  for (const name of ["gist", "memory", "lexical"] as const) {
    const part = parts[name];
    if (part === undefined) continue;
    for (let i = 0; i < part.scores.length; i++) {
      const segment = part.segments[i];
      const score = part.scores[i];
      if (segment === undefined || score === undefined) continue;
      let features = found.get(segment);
      if (features === undefined) {
        features = { gist: 0, memory: 0, lexical: 0 };
        found.set(segment, features);
      }
      features[name] = score;
    }
  }
  const candidates = [...found].map(([segment, features]) => ({
    segment,
    features,
    score: weights.gist * features.gist + weights.memory * features.memory + weights.lexical * features.lexical,
  }));
  return candidates.sort((a, b) => b.score - a.score || a.segment - b.segment).slice(0, limit);
}
