import { type AddressCodes, AddressDecoder } from "./address.ts";
import { dpfp, maxNonZeros, sparseRow } from "./dpfp.ts";
import { type FactsLayout, featureWidth, type MemoryDims } from "./layout.ts";
import { unpackState } from "./quantize.ts";

/** A shard to recall from. */
export interface RecallShard {
  /** Packed state (`packState`) of K × V numbers. */
  readonly state: Uint8Array;
  /** For each segment position 1 if a write of it is in the state, 0 if none is. */
  readonly live: Uint8Array;
}

/**
 * Asks shards' states. `r = Σ_t w_t φ(q_t)ᵀA`; a segment's score is `r · code(position)`. The address is the segment,
 * not the slot, so that all its writes add up in one value: that finds more than slots' values of twice the width, and
 * is one product a shard for all question keys (models/training/experiments.md). Raw scores compare across shards and
 * tell absence.
 *
 * @param questionKeys one vector [dMem] per question key
 * @param weights w_t, one per question key
 * @returns per shard the score of each segment position; -Infinity where no live write stands
 */
export function recallShards(
  questionKeys: readonly Float32Array[],
  weights: readonly number[],
  shards: readonly RecallShard[],
  dims: MemoryDims,
  layout: FactsLayout,
  codes: AddressCodes,
): Float32Array[] {
  const k = featureWidth(dims);
  const width = dims.valueWidth;
  const question = new Float32Array(k);
  const row = new Float32Array(k);
  for (const [t, key] of questionKeys.entries()) {
    dpfp(key, dims.dMem, dims.nu, row, true);
    for (let i = 0; i < k; i++) question[i] = (question[i] as number) + (weights[t] ?? 1) * (row[i] as number);
  }
  const state = new Float32Array(k * width);
  const recalled = new Float32Array(width);
  const decoder = new AddressDecoder(codes);
  return shards.map((shard) => {
    unpackState(shard.state, k, width, layout.stateBits, state);
    recalled.fill(0);
    for (let i = 0; i < k; i++) {
      const weight = question[i] as number;
      if (weight === 0) continue;
      const at = i * width;
      for (let v = 0; v < width; v++) recalled[v] = (recalled[v] as number) + weight * (state[at + v] as number);
    }
    decoder.load(recalled);
    const scores = new Float32Array(shard.live.length);
    for (let position = 0; position < scores.length; position++) {
      scores[position] = shard.live[position] === 0 ? Number.NEGATIVE_INFINITY : decoder.score(position);
    }
    return scores;
  });
}

/** What the exact keys of segments say to a question. */
export interface ExactScores {
  /** MaxSim per segment, `Σ_t w_t max_slot φ(q_t)·φ(k)`; -Infinity for a segment without writes. */
  readonly scores: Float32Array;
  /** The best similarity, 0..1, per segment and question key: [segments, questionKeys]. */
  readonly similarities: Float32Array;
  /** Slot that has it, [segments, questionKeys]. */
  readonly slots: Uint8Array;
}

/**
 * Ranks segments by their logged keys instead of the state: the nearest key beats every matrix.
 *
 * @param segments int8 keys [count, dMem] of each segment; their scale drops out, as φ has unit length
 */
export function exactKeys(
  questionKeys: readonly Float32Array[],
  weights: readonly number[],
  segments: readonly Int8Array[],
  dims: MemoryDims,
): ExactScores {
  const { dMem, nu } = dims;
  const asked = questionKeys.length;
  const stride = Math.ceil(asked / 4) * 4;
  const questions = interleavedFeatures(questionKeys, stride, dims);
  const index = new Uint16Array(maxNonZeros(dMem, nu));
  const value = new Float32Array(maxNonZeros(dMem, nu));
  const scratch = new Float32Array(2 * dMem);
  const similarity = new Float32Array(stride);
  const similarities = new Float32Array(segments.length * asked);
  const slots = new Uint8Array(segments.length * asked);
  const scores = new Float32Array(segments.length);
  for (const [segment, keys] of segments.entries()) {
    const base = segment * asked;
    const count = keys.length / dMem;
    for (let slot = 0; slot < count; slot++) {
      const nonZeros = sparseRow(keys, slot * dMem, dMem, nu, scratch, index, value, 0);
      for (let t = 0; t < stride; t += 4) dotFour(questions, stride, t, index, value, nonZeros, similarity);
      for (let t = 0; t < asked; t++) {
        if ((similarity[t] as number) > (similarities[base + t] as number)) {
          similarities[base + t] = similarity[t] as number;
          slots[base + t] = slot;
        }
      }
    }
    let score = count === 0 ? Number.NEGATIVE_INFINITY : 0;
    for (let t = 0; t < asked; t++) score += (weights[t] ?? 1) * (similarities[base + t] as number);
    scores[segment] = score;
  }
  return { scores, similarities, slots };
}

/** Products of a key's non-zero features with the questions t..t+3, into `out`: four sums stay in registers. */
function dotFour(
  questions: Float32Array,
  stride: number,
  t: number,
  index: Uint16Array,
  value: Float32Array,
  nonZeros: number,
  out: Float32Array,
): void {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let p = 0; p < nonZeros; p++) {
    const at = (index[p] as number) * stride + t;
    const weight = value[p] as number;
    s0 += weight * (questions[at] as number);
    s1 += weight * (questions[at + 1] as number);
    s2 += weight * (questions[at + 2] as number);
    s3 += weight * (questions[at + 3] as number);
  }
  out[t] = s0;
  out[t + 1] = s1;
  out[t + 2] = s2;
  out[t + 3] = s3;
}

/** φ of the question keys as [K, stride]: a key's non-zero feature then meets all questions in one run of memory. */
function interleavedFeatures(questionKeys: readonly Float32Array[], stride: number, dims: MemoryDims): Float32Array {
  const k = featureWidth(dims);
  const row = new Float32Array(k);
  const out = new Float32Array(k * stride);
  for (const [t, key] of questionKeys.entries()) {
    dpfp(key, dims.dMem, dims.nu, row, true);
    for (let i = 0; i < k; i++) out[i * stride + t] = row[i] as number;
  }
  return out;
}
