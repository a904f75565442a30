import assert from "node:assert/strict";
import { test } from "node:test";
import { dpfp, maxNonZeros, sparseFeatures } from "../../../src/engine/memory/dpfp.ts";
import { Random } from "./random.ts";

test("φ is the product of the rectified vector with its rolls", () => {
  const out = new Float32Array(8);
  dpfp(Float32Array.of(2, -3), 2, 2, out, false);
  // x2 = [2, 0, 0, 3]; roll by 1 = [3, 2, 0, 0]; roll by 2 = [0, 3, 2, 0].
  assert.deepEqual([...out], [6, 0, 0, 0, 0, 0, 0, 0]);
});

test("unit φ has length one and does not depend on the scale", () => {
  const random = new Random(1);
  const x = random.vector(64);
  const one = new Float32Array(384);
  const ten = new Float32Array(384);
  dpfp(x, 64, 3, one, true);
  dpfp(
    x.map((value) => value * 10),
    64,
    3,
    ten,
    true,
  );
  assert.ok(Math.abs(Math.hypot(...one) - 1) < 1e-5);
  for (let i = 0; i < 384; i++) assert.ok(Math.abs((one[i] ?? 0) - (ten[i] ?? 0)) < 1e-5);
});

test("the sparse form holds the same numbers, few of them, in rising order", () => {
  const random = new Random(2);
  const keys = random.int8(20 * 64);
  const sparse = sparseFeatures(keys, 20, 64, 3);
  const dense = new Float32Array(384);
  for (let row = 0; row < 20; row++) {
    dpfp(keys, 64, 3, dense, true, row * 64);
    const again = new Float32Array(384);
    const from = sparse.offset[row] ?? 0;
    const to = sparse.offset[row + 1] ?? 0;
    assert.ok(to - from <= maxNonZeros(64, 3));
    for (let p = from; p < to; p++) {
      again[sparse.index[p] ?? 0] = sparse.value[p] ?? 0;
      if (p > from) assert.ok((sparse.index[p] ?? 0) > (sparse.index[p - 1] ?? 0));
    }
    for (let i = 0; i < 384; i++) assert.ok(Math.abs((again[i] ?? 0) - (dense[i] ?? 0)) < 1e-6);
  }
  assert.ok((sparse.offset[20] ?? 0) / (20 * 384) < 0.3, "about three quarters are zero");
});

test("a zero key gives zero", () => {
  assert.equal(sparseFeatures(new Int8Array(64), 1, 64, 3).offset[1], 0);
});
