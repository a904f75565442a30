import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeSigns,
  encodeSigns,
  encodeTrits,
  signBytes,
  TritProducts,
  tritBytes,
} from "../../../src/engine/memory/codes.ts";
import { top } from "../../../src/engine/memory/top.ts";
import { Random } from "./random.ts";

/** Trits written out: 1 above the border, -1 below it, 0 between. */
function tritsOf(x: Float32Array): number[] {
  const border = 0.612 * Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
  return Array.from(x, (value) => (Math.abs(value) > border ? Math.sign(value) : 0));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

test("products with trits are those with the code written out, also where the width is no multiple of five", () => {
  const random = new Random(5);
  for (const width of [5, 7, 32, 384]) {
    const bytes = tritBytes(width);
    const codes = new Uint8Array(20 * bytes);
    const vectors = Array.from({ length: 20 }, () => random.vector(width));
    const shares = vectors.map((x, row) => encodeTrits(x, width, codes, row * bytes));
    const asked = random.vector(width);
    const products = new TritProducts(asked, width);
    for (const [row, x] of vectors.entries()) {
      const trits = tritsOf(x);
      assert.ok(Math.abs(products.with(codes, row * bytes) - dot(asked, trits)) < 1e-4);
      const share = dot(x, trits) / Math.sqrt(dot(x, x) * width);
      assert.ok(Math.abs((shares[row] ?? 0) - share) < 1e-6);
    }
  }
});

test("a product with a code, divided by its share, is near the product with the vector", () => {
  const random = new Random(6);
  const width = 384;
  const codes = new Uint8Array(tritBytes(width));
  let error = 0;
  for (let i = 0; i < 200; i++) {
    const x = random.vector(width);
    const asked = x.map((value, j) => (j % 2 === 0 ? value : random.normal()));
    const share = encodeTrits(x, width, codes, 0);
    const estimate = new TritProducts(asked, width).with(codes, 0) / (share * Math.sqrt(width));
    const length = Math.sqrt(dot(x, x));
    error += Math.abs(estimate - dot(asked, x) / length) / Math.sqrt(dot(asked, asked)) / 200;
  }
  assert.ok(error < 0.03, `mean error of the cosine ${error}`);
});

test("a vector of zeros has a code that says nothing", () => {
  const codes = new Uint8Array(tritBytes(9));
  assert.equal(encodeTrits(new Float32Array(9), 9, codes, 0), 0);
  assert.equal(new TritProducts(new Float32Array(9).fill(1), 9).with(codes, 0), 0);
});

test("signs come back as they were", () => {
  const x = Int8Array.of(3, -1, 0, 7, -128, 127, 1, -2, 5, -5);
  const codes = new Uint8Array(1 + signBytes(10));
  encodeSigns(x, 0, 10, codes, 1);
  const back = new Int8Array(10);
  decodeSigns(codes, 1, 10, back, 0);
  assert.deepEqual([...back], [1, -1, -1, 1, -1, 1, 1, -1, 1, -1]);
});

test("the top is what sorting all gives, ties by position, without what is no number", () => {
  const random = new Random(7);
  const scores = Float32Array.from({ length: 500 }, () => random.integer(60));
  scores[3] = Number.NaN;
  scores[4] = Number.NEGATIVE_INFINITY;
  const sorted = Array.from(scores.keys())
    .filter((i) => Number.isFinite(scores[i]))
    .sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  for (const count of [0, 1, 2, 50, 498, 1000, Number.POSITIVE_INFINITY]) {
    assert.deepEqual(top(scores, count), sorted.slice(0, count), `${count}`);
  }
});
