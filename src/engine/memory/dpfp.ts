/** Kept under the root of the unit form, so that a zero vector maps to zero. */
const EPSILON = 1e-6;

/** Most non-zero numbers φ of one vector can have: half of its width, as relu(x) and relu(-x) exclude each other. */
export function maxNonZeros(dMem: number, nu: number): number {
  return nu * dMem;
}

/**
 * DPFP-ν (Schlag et al. 2021, eq. 38; DPFP in the ARMT reference): with `x2 = [relu(x), relu(-x)]`,
 * `φ = concat over j=1..ν of x2 · roll(x2, j)`.
 *
 * @param x vector [dMem], read from `at`
 * @param out receives φ [2·ν·dMem], written from `outAt`
 * @param unit scale φ to unit length (the workspace memory); false is the reference's form
 */
export function dpfp(
  x: ArrayLike<number>,
  dMem: number,
  nu: number,
  out: Float32Array,
  unit: boolean,
  at = 0,
  outAt = 0,
): void {
  const n = 2 * dMem;
  let square = 0;
  for (let j = 1; j <= nu; j++) {
    const row = outAt + (j - 1) * n;
    for (let i = 0; i < n; i++) {
      const product = rectified(x, at, dMem, i) * rectified(x, at, dMem, i >= j ? i - j : i - j + n);
      out[row + i] = product;
      square += product * product;
    }
  }
  if (!unit) return;
  const scale = 1 / Math.sqrt(square + EPSILON);
  for (let i = outAt; i < outAt + nu * n; i++) out[i] = (out[i] as number) * scale;
}

function rectified(x: ArrayLike<number>, at: number, dMem: number, i: number): number {
  const value = i < dMem ? (x[at + i] as number) : -(x[at + i - dMem] as number);
  return Math.max(value, 0);
}

/** Unit φ of many vectors, non-zeros only: row r is `index/value[offset[r] .. offset[r+1]]`. */
export interface SparseFeatures {
  readonly rows: number;
  readonly offset: Uint32Array;
  readonly index: Uint16Array;
  readonly value: Float32Array;
}

/**
 * Unit φ of the rows of `keys` [rows, dMem], sparse: about three quarters of φ are zero, and every product with φ
 * below takes only the rest. The scale of a key drops out, so int8 keys are taken as they are.
 */
export function sparseFeatures(keys: ArrayLike<number>, rows: number, dMem: number, nu: number): SparseFeatures {
  const room = maxNonZeros(dMem, nu);
  const offset = new Uint32Array(rows + 1);
  const index = new Uint16Array(rows * room);
  const value = new Float32Array(rows * room);
  const rectifiedKey = new Float32Array(2 * dMem);
  for (let row = 0; row < rows; row++) {
    const start = offset[row] as number;
    offset[row + 1] = start + sparseRow(keys, row * dMem, dMem, nu, rectifiedKey, index, value, start);
  }
  return { rows, offset, index, value };
}

/**
 * Unit φ of one vector, non-zeros only, appended to `index` and `value` from `start`; returns how many.
 *
 * @param scratch at least [2·dMem], overwritten
 */
export function sparseRow(
  keys: ArrayLike<number>,
  at: number,
  dMem: number,
  nu: number,
  scratch: Float32Array,
  index: Uint16Array,
  value: Float32Array,
  start: number,
): number {
  const n = 2 * dMem;
  for (let i = 0; i < dMem; i++) {
    const x = keys[at + i] as number;
    scratch[i] = Math.max(x, 0);
    scratch[i + dMem] = Math.max(-x, 0);
  }
  let count = start;
  let square = 0;
  for (let j = 1; j <= nu; j++) {
    const row = (j - 1) * n;
    for (let i = 0; i < n; i++) {
      const own = scratch[i] as number;
      if (own === 0) continue;
      const product = own * (scratch[i >= j ? i - j : i - j + n] as number);
      if (product === 0) continue;
      index[count] = row + i;
      value[count] = product;
      square += product * product;
      count++;
    }
  }
  const scale = 1 / Math.sqrt(square + EPSILON);
  for (let i = start; i < count; i++) value[i] = (value[i] as number) * scale;
  return count - start;
}
