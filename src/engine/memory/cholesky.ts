/**
 * Cholesky factor of a symmetric positive definite matrix, in place: of `m` [n, n] the lower triangle is read and
 * replaced by L with `L Lᵀ = m`; the upper triangle is left as it is.
 * Row by row, so that every inner product runs over two contiguous rows.
 */
export function choleskyInPlace(m: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      const other = j * n;
      m[row + j] = ((m[row + j] as number) - dot(m, row, other, j)) / (m[other + j] as number);
    }
    const rest = (m[row + i] as number) - dot(m, row, row, i);
    if (!(rest > 0)) throw new RangeError("The matrix is not positive definite.");
    m[row + i] = Math.sqrt(rest);
  }
}

/** Four sums side by side: the processor need not wait for one addition before it starts the next. */
function dot(m: Float64Array, a: number, b: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < count; k += 4) {
    s0 += (m[a + k] as number) * (m[b + k] as number);
    s1 += (m[a + k + 1] as number) * (m[b + k + 1] as number);
    s2 += (m[a + k + 2] as number) * (m[b + k + 2] as number);
    s3 += (m[a + k + 3] as number) * (m[b + k + 3] as number);
  }
  for (; k < count; k++) s0 += (m[a + k] as number) * (m[b + k] as number);
  return s0 + s1 + (s2 + s3);
}

/** Solves `L Lᵀ X = B` in place: `b` [n, width] becomes X; `l` [n, n] is the factor from `choleskyInPlace`. */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array, width: number): void {
  for (let i = 0; i < n; i++) {
    eliminate(l, i * n, 1, 0, i, b, i * width, width);
    scaleRow(b, i * width, width, 1 / (l[i * n + i] as number));
  }
  for (let i = n - 1; i >= 0; i--) {
    eliminate(l, i, n, i + 1, n, b, i * width, width);
    scaleRow(b, i * width, width, 1 / (l[i * n + i] as number));
  }
}

/** `b[row] -= Σ_j l[base + j·stride] · b[j]` for j in from..to-1, four rows at a time to pass over `b[row]` less often. */
function eliminate(
  l: Float64Array,
  base: number,
  stride: number,
  from: number,
  to: number,
  b: Float64Array,
  row: number,
  width: number,
): void {
  let j = from;
  for (; j + 3 < to; j += 4) {
    const c0 = l[base + j * stride] as number;
    const c1 = l[base + (j + 1) * stride] as number;
    const c2 = l[base + (j + 2) * stride] as number;
    const c3 = l[base + (j + 3) * stride] as number;
    const b0 = j * width;
    const b1 = b0 + width;
    const b2 = b1 + width;
    const b3 = b2 + width;
    for (let v = 0; v < width; v++) {
      b[row + v] =
        (b[row + v] as number) -
        (c0 * (b[b0 + v] as number) + c1 * (b[b1 + v] as number)) -
        (c2 * (b[b2 + v] as number) + c3 * (b[b3 + v] as number));
    }
  }
  for (; j < to; j++) {
    const c = l[base + j * stride] as number;
    for (let v = 0; v < width; v++) b[row + v] = (b[row + v] as number) - c * (b[j * width + v] as number);
  }
}

function scaleRow(b: Float64Array, row: number, width: number, factor: number): void {
  for (let v = row; v < row + width; v++) b[v] = (b[v] as number) * factor;
}
