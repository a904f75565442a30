import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressCodes } from "../../../src/engine/memory/address.ts";
import { dpfp } from "../../../src/engine/memory/dpfp.ts";
import { type FactBatch, fillDelta, fillRidge } from "../../../src/engine/memory/fill.ts";
import { DEFAULT_FACTS_LAYOUT, featureWidth, type MemoryDims } from "../../../src/engine/memory/layout.ts";
import { packState, unpackState } from "../../../src/engine/memory/quantize.ts";
import { recallShards } from "../../../src/engine/memory/recall.ts";
import { Random, randomFacts, reordered } from "./random.ts";

/** The lab's size, K = 288. */
const LAB: MemoryDims = { dMem: 48, nu: 3, valueWidth: 64, gistWidth: 8 };
const ALL = { betaThreshold: 0 };
const codes = new AddressCodes(64, 7);

/** Share of facts whose own key finds their own address among all, asked of the state after quantisation. */
function addressesRight(state: Float32Array, facts: FactBatch, dims: MemoryDims, bits: 4 | 8): number {
  const packed = packState(state, featureWidth(dims), dims.valueWidth, bits);
  const live = new Uint8Array(facts.betas.length).fill(1);
  const layout = { ...DEFAULT_FACTS_LAYOUT, stateBits: bits };
  let right = 0;
  for (let i = 0; i < live.length; i++) {
    const question = Float32Array.from(facts.keys.subarray(i * dims.dMem, (i + 1) * dims.dMem));
    const scores =
      recallShards([question], [1], [{ state: packed, live }], dims, layout, codes)[0] ?? new Float32Array();
    if (scores.indexOf(Math.max(...scores)) === i) right++;
  }
  return right / live.length;
}

/** Ridge by its definition with dense φ and Gaussian elimination, to compare with. */
function ridgeByDefinition(facts: FactBatch, dims: MemoryDims, own: AddressCodes, lambda: number): number[][] {
  const k = featureWidth(dims);
  const n = facts.betas.length;
  const phi: number[][] = [];
  const values: number[][] = [];
  for (let i = 0; i < n; i++) {
    const weight = Math.sqrt((facts.betas[i] ?? 0) / 255);
    const row = new Float32Array(k);
    dpfp(facts.keys, dims.dMem, dims.nu, row, true, i * dims.dMem);
    phi.push([...row].map((x) => x * weight));
    const value = new Float32Array(dims.valueWidth);
    own.encode(facts.addresses[i] ?? 0, value);
    values.push([...value].map((x) => x * weight));
  }
  const rows = phi.map((a, i) => [
    ...phi.map((b, j) => a.reduce((sum, x, c) => sum + x * (b[c] ?? 0), 0) + (i === j ? lambda : 0)),
    ...(values[i] ?? []),
  ]);
  for (let i = 0; i < n; i++) {
    const pivot = rows[i] ?? [];
    for (let j = 0; j < n; j++) {
      const row = rows[j] ?? [];
      if (j === i) continue;
      const factor = (row[i] ?? 0) / (pivot[i] ?? 1);
      for (let c = i; c < row.length; c++) row[c] = (row[c] ?? 0) - factor * (pivot[c] ?? 0);
    }
  }
  const x = rows.map((row, i) => row.slice(n).map((value) => value / (row[i] ?? 1)));
  return Array.from({ length: k }, (_, f) =>
    Array.from({ length: dims.valueWidth }, (_, v) =>
      phi.reduce((sum, row, i) => sum + (row[f] ?? 0) * (x[i]?.[v] ?? 0), 0),
    ),
  );
}

test("ridge is the solution of its equations in the dual and in the primal form", () => {
  const dims: MemoryDims = { dMem: 4, nu: 3, valueWidth: 8, gistWidth: 8 };
  for (const count of [10, 60]) {
    const facts = randomFacts(new Random(count), count, dims.dMem);
    for (let i = 0; i < count; i++) facts.betas[i] = 100 + i;
    const small = new AddressCodes(8, 7);
    const state = fillRidge(facts, dims, small, 0.5, ALL);
    const expected = ridgeByDefinition(facts, dims, small, 0.5);
    for (const [f, row] of expected.entries()) {
      for (const [v, value] of row.entries()) assert.ok(Math.abs((state[f * 8 + v] ?? 0) - value) < 1e-4);
    }
  }
});

test("ridge recalls 256 facts from K = 288, where one pass of the delta rule does not", () => {
  const facts = randomFacts(new Random(5), 256, LAB.dMem);
  const ridge = fillRidge(facts, LAB, codes, 0.5, ALL);
  const delta = new Float32Array(ridge.length);
  fillDelta(delta, facts, LAB, codes, ALL);
  const right = { ridge8: addressesRight(ridge, facts, LAB, 8), ridge4: addressesRight(ridge, facts, LAB, 4) };
  const deltaRight = addressesRight(delta, facts, LAB, 8);
  assert.ok(right.ridge8 >= 0.95, `ridge int8 ${right.ridge8}`);
  assert.ok(right.ridge4 >= 0.95, `ridge int4 ${right.ridge4}`);
  assert.ok(deltaRight < right.ridge8, `delta ${deltaRight}`);
  assert.ok(deltaRight > 0.5, `delta ${deltaRight}`);
});

test("the settled state does not depend on the order of the writes, to the last bit", () => {
  const random = new Random(6);
  for (const count of [100, 300]) {
    const facts = randomFacts(random, count, LAB.dMem);
    const rows = random.shuffled([...facts.addresses]);
    const shuffled = reordered(facts, rows, LAB.dMem);
    assert.deepEqual(fillRidge(shuffled, LAB, codes, 0.5, ALL), fillRidge(facts, LAB, codes, 0.5, ALL));
  }
});

test("the delta rule replaces the value of an equal key, β = 1", () => {
  const facts = randomFacts(new Random(7), 2, LAB.dMem);
  facts.keys.copyWithin(LAB.dMem, 0, LAB.dMem);
  const both = new Float32Array(featureWidth(LAB) * 64);
  fillDelta(both, facts, LAB, codes, ALL);
  const last = new Float32Array(both.length);
  fillDelta(last, reordered(facts, [1], LAB.dMem), LAB, codes, ALL);
  for (let i = 0; i < both.length; i++) assert.ok(Math.abs((both[i] ?? 0) - (last[i] ?? 0)) < 1e-5);
});

test("filling in two steps is filling in one", () => {
  const facts = randomFacts(new Random(8), 40, LAB.dMem, 180);
  const rows = [...facts.addresses];
  const whole = new Float32Array(featureWidth(LAB) * 64);
  fillDelta(whole, facts, LAB, codes, ALL);
  const steps = new Float32Array(whole.length);
  fillDelta(steps, reordered(facts, rows.slice(0, 15), LAB.dMem), LAB, codes, ALL);
  fillDelta(steps, reordered(facts, rows.slice(15), LAB.dMem), LAB, codes, ALL);
  assert.deepEqual(steps, whole);
});

test("of equal keys all count at rest, or only the newest where a stream rewrites", () => {
  const facts = randomFacts(new Random(9), 3, LAB.dMem);
  facts.keys.copyWithin(LAB.dMem, 0, LAB.dMem);
  const newest = fillRidge(facts, LAB, codes, 0.5, { betaThreshold: 0, newestOnly: true });
  assert.deepEqual(newest, fillRidge(reordered(facts, [1, 2], LAB.dMem), LAB, codes, 0.5, ALL));
  assert.notDeepEqual(newest, fillRidge(facts, LAB, codes, 0.5, ALL));
});

test("writes with a low β stay out of both fills", () => {
  const facts = randomFacts(new Random(10), 4, LAB.dMem);
  facts.betas[1] = 100;
  const kept = reordered(facts, [0, 2, 3], LAB.dMem);
  const options = { betaThreshold: 0.5 };
  assert.deepEqual(fillRidge(facts, LAB, codes, 0.5, options), fillRidge(kept, LAB, codes, 0.5, options));
  const a = new Float32Array(featureWidth(LAB) * 64);
  const b = new Float32Array(a.length);
  fillDelta(a, facts, LAB, codes, options);
  fillDelta(b, kept, LAB, codes, options);
  assert.deepEqual(a, b);
});

test("no writes give an empty state", () => {
  const none = { keys: new Int8Array(), betas: new Uint8Array(), addresses: new Uint32Array() };
  assert.ok(fillRidge(none, LAB, codes, 0.5, ALL).every((x) => x === 0));
});

test("a packed state is off by at most half a step of its row", () => {
  const random = new Random(11);
  const state = random.vector(40 * 64);
  const largest = Math.max(...state.map(Math.abs));
  for (const bits of [4, 8] as const) {
    const packed = packState(state, 40, 64, bits);
    const back = new Float32Array(state.length);
    unpackState(packed, 40, 64, bits, back);
    for (let row = 0; row < 40; row++) {
      const values = state.subarray(row * 64, (row + 1) * 64);
      // The row's own step, rounded up to a share of the largest.
      const step = (Math.max(...values.map(Math.abs)) + largest / 255) / (bits === 8 ? 127 : 7);
      for (const [i, value] of values.entries()) {
        assert.ok(Math.abs(value - (back[row * 64 + i] ?? 0)) <= step / 2 + 1e-6);
      }
    }
    assert.throws(() => unpackState(packed.subarray(1), 40, 64, bits, back), RangeError);
  }
  assert.equal(packState(state, 40, 64, 4).length, 4 + 40 * (1 + 32));
});
