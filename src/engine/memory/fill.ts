import type { AddressCodes } from "./address.ts";
import { choleskyInPlace, choleskySolve } from "./cholesky.ts";
import { type SparseFeatures, sparseFeatures } from "./dpfp.ts";
import { featureWidth, type MemoryDims } from "./layout.ts";

/** Facts to fill a shard's state from. Row i has the key `keys[i·dMem ..]`. */
export interface FactBatch {
  /** Keys [count, dMem], int8 without scale. */
  readonly keys: Int8Array;
  /** β [count], 0..255 for 0..1. */
  readonly betas: Uint8Array;
  /** Address [count] in the shard: the position of the write's segment. */
  readonly addresses: Uint32Array;
}

export interface FillOptions {
  /** Only writes with β above this count. */
  readonly betaThreshold: number;
  /** Of writes with equal keys only the last in the batch counts: for streams that rewrite a fact. */
  readonly newestOnly?: boolean;
}

/**
 * The delta rule (ARMT eq. 5 with unit φ and no z): for each write in turn `A += β φ(k) (v − Aᵀφ(k))ᵀ`.
 * Changes `state` [K, V] in place; the order of the batch matters.
 */
export function fillDelta(
  state: Float32Array,
  facts: FactBatch,
  dims: MemoryDims,
  codes: AddressCodes,
  options: FillOptions,
): void {
  const kept = selectRows(facts, dims, options);
  const features = featuresOf(facts, kept, dims);
  const change = new Float32Array(dims.valueWidth);
  for (let row = 0; row < kept.length; row++) {
    const fact = kept[row] as number;
    codes.encode(facts.addresses[fact] as number, change);
    deltaWrite(state, features, row, change, (facts.betas[fact] as number) / 255);
  }
}

/**
 * One write: `A += s φ(k) (v − Aᵀφ(k))ᵀ`, φ(k) being row `row` of `features`. `change` [V] comes as v and is used up.
 */
export function deltaWrite(
  state: Float32Array,
  { index, value, offset }: SparseFeatures,
  row: number,
  change: Float32Array,
  strength: number,
): void {
  const width = change.length;
  const from = offset[row] as number;
  const to = offset[row + 1] as number;
  for (let p = from; p < to; p++) {
    const at = (index[p] as number) * width;
    const weight = value[p] as number;
    for (let v = 0; v < width; v++) change[v] = (change[v] as number) - weight * (state[at + v] as number);
  }
  for (let p = from; p < to; p++) {
    const at = (index[p] as number) * width;
    const weight = strength * (value[p] as number);
    for (let v = 0; v < width; v++) state[at + v] = (state[at + v] as number) + weight * (change[v] as number);
  }
}

/**
 * Ridge regression over all writes: `A = Φᵀ(ΦΦᵀ + λI)⁻¹V` with rows weighted by √β, solved as K×K or as count×count
 * equations, whichever are fewer. Returns A [K, V].
 *
 * A function of the set of writes: they are taken in the order of their addresses, so the numbers do not depend on
 * the order of the batch, to the last bit.
 */
export function fillRidge(
  facts: FactBatch,
  dims: MemoryDims,
  codes: AddressCodes,
  lambda: number,
  options: FillOptions,
): Float32Array {
  const kept = selectRows(facts, dims, options).sort(
    (a, b) => (facts.addresses[a] as number) - (facts.addresses[b] as number),
  );
  const features = featuresOf(facts, kept, dims);
  const weights = Float64Array.from(kept, (fact) => Math.sqrt((facts.betas[fact] as number) / 255));
  for (let row = 0; row < kept.length; row++) {
    for (let p = features.offset[row] as number; p < (features.offset[row + 1] as number); p++) {
      features.value[p] = (features.value[p] as number) * (weights[row] as number);
    }
  }
  const values = new Float64Array(kept.length * dims.valueWidth);
  for (let row = 0; row < kept.length; row++) {
    codes.encode(facts.addresses[kept[row] as number] as number, values, row * dims.valueWidth, weights[row] as number);
  }
  const k = featureWidth(dims);
  const solution =
    kept.length < k ? solveDual(features, values, lambda, dims) : solvePrimal(features, values, lambda, dims);
  return Float32Array.from(solution);
}

/** `(ΦᵀΦ + λI)⁻¹ ΦᵀV`: K equations. */
function solvePrimal(phi: SparseFeatures, values: Float64Array, lambda: number, dims: MemoryDims): Float64Array {
  const k = featureWidth(dims);
  const gram = new Float64Array(k * k);
  for (let row = 0; row < phi.rows; row++) {
    const from = phi.offset[row] as number;
    const to = phi.offset[row + 1] as number;
    // Indices rise within a row, so the pairs q <= p fill exactly the lower triangle.
    for (let p = from; p < to; p++) {
      const at = (phi.index[p] as number) * k;
      const weight = phi.value[p] as number;
      for (let q = from; q <= p; q++) {
        const cell = at + (phi.index[q] as number);
        gram[cell] = (gram[cell] as number) + weight * (phi.value[q] as number);
      }
    }
  }
  for (let i = 0; i < k; i++) gram[i * k + i] = (gram[i * k + i] as number) + lambda;
  const right = transposeTimes(phi, values, dims);
  choleskyInPlace(gram, k);
  choleskySolve(gram, k, right, dims.valueWidth);
  return right;
}

/** `Φᵀ (ΦΦᵀ + λI)⁻¹ V`: as many equations as writes. */
function solveDual(phi: SparseFeatures, values: Float64Array, lambda: number, dims: MemoryDims): Float64Array {
  const n = phi.rows;
  const gram = new Float64Array(n * n);
  const dense = new Float64Array(featureWidth(dims));
  for (let i = 0; i < n; i++) {
    const from = phi.offset[i] as number;
    const to = phi.offset[i + 1] as number;
    for (let p = from; p < to; p++) dense[phi.index[p] as number] = phi.value[p] as number;
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let p = phi.offset[j] as number; p < (phi.offset[j + 1] as number); p++) {
        sum += (phi.value[p] as number) * (dense[phi.index[p] as number] as number);
      }
      gram[i * n + j] = sum;
    }
    gram[i * n + i] = (gram[i * n + i] as number) + lambda;
    for (let p = from; p < to; p++) dense[phi.index[p] as number] = 0;
  }
  choleskyInPlace(gram, n);
  choleskySolve(gram, n, values, dims.valueWidth);
  return transposeTimes(phi, values, dims);
}

/** `ΦᵀV` [K, V]. */
function transposeTimes(phi: SparseFeatures, values: Float64Array, dims: MemoryDims): Float64Array {
  const width = dims.valueWidth;
  const out = new Float64Array(featureWidth(dims) * width);
  for (let row = 0; row < phi.rows; row++) {
    const from = row * width;
    for (let p = phi.offset[row] as number; p < (phi.offset[row + 1] as number); p++) {
      const at = (phi.index[p] as number) * width;
      const weight = phi.value[p] as number;
      for (let v = 0; v < width; v++) out[at + v] = (out[at + v] as number) + weight * (values[from + v] as number);
    }
  }
  return out;
}

function selectRows(facts: FactBatch, dims: MemoryDims, options: FillOptions): number[] {
  const kept: number[] = [];
  for (let i = 0; i < facts.betas.length; i++) {
    if ((facts.betas[i] as number) / 255 > options.betaThreshold) kept.push(i);
  }
  if (options.newestOnly !== true) return kept;
  const newest = new Map<string, number>();
  for (const i of kept) newest.set(facts.keys.subarray(i * dims.dMem, (i + 1) * dims.dMem).join(), i);
  return kept.filter((i) => newest.get(facts.keys.subarray(i * dims.dMem, (i + 1) * dims.dMem).join()) === i);
}

function featuresOf(facts: FactBatch, kept: readonly number[], dims: MemoryDims): SparseFeatures {
  const keys = new Int8Array(kept.length * dims.dMem);
  for (const [row, i] of kept.entries()) {
    keys.set(facts.keys.subarray(i * dims.dMem, (i + 1) * dims.dMem), row * dims.dMem);
  }
  return sparseFeatures(keys, kept.length, dims.dMem, dims.nu);
}
