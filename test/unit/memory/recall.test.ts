import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressCodes } from "../../../src/engine/memory/address.ts";
import { ByteReader } from "../../../src/engine/memory/bytes.ts";
import { dpfp } from "../../../src/engine/memory/dpfp.ts";
import { fillRidge } from "../../../src/engine/memory/fill.ts";
import {
  DEFAULT_FACTS_LAYOUT,
  type FactsLayout,
  featureWidth,
  type MemoryDims,
} from "../../../src/engine/memory/layout.ts";
import { packState, unpackState } from "../../../src/engine/memory/quantize.ts";
import { exactKeys, recallShards } from "../../../src/engine/memory/recall.ts";
import {
  anyLive,
  decodeWrites,
  encodeWrites,
  InvalidWritesError,
  quantizeWrites,
} from "../../../src/engine/memory/writes.ts";
import { Random, randomFacts } from "./random.ts";

const DIMS: MemoryDims = { dMem: 64, nu: 3, valueWidth: 64, gistWidth: 8 };
const LAYOUT: FactsLayout = { ...DEFAULT_FACTS_LAYOUT, stateBits: 8, betaThreshold: 0 };
const codes = new AddressCodes(64, 7);

function phi(key: ArrayLike<number>): Float32Array {
  const out = new Float32Array(featureWidth(DIMS));
  dpfp(key, DIMS.dMem, DIMS.nu, out, true);
  return out;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

test("recall is Σ_t w_t φ(q)ᵀA·code", () => {
  const random = new Random(1);
  const facts = randomFacts(random, 36, 64);
  const state = packState(fillRidge(facts, DIMS, codes, 0.5, LAYOUT), 384, 64, 8);
  const questions = [random.vector(64), Float32Array.from(facts.keys.subarray(0, 64))];
  const weights = [0.3, 2];
  const live = Uint8Array.of(1, 0, 1);
  const scores = recallShards(questions, weights, [{ state, live }], DIMS, LAYOUT, codes)[0] ?? new Float32Array();
  const a = new Float32Array(384 * 64);
  unpackState(state, 384, 64, 8, a);
  const code = new Float32Array(64);
  for (const [position, any] of live.entries()) {
    codes.encode(position, code);
    let expected = any === 0 ? Number.NEGATIVE_INFINITY : 0;
    for (const [t, question] of questions.entries()) {
      const feature = phi(question);
      const r = new Float32Array(64);
      for (let k = 0; k < 384; k++)
        for (let v = 0; v < 64; v++) r[v] = (r[v] ?? 0) + (feature[k] ?? 0) * (a[k * 64 + v] ?? 0);
      expected += (weights[t] ?? 0) * dot(r, code);
    }
    assert.ok(expected === scores[position] || Math.abs(expected - (scores[position] ?? 0)) < 1e-4);
  }
});

test("the shard that holds a fact scores above those that do not, by raw score", () => {
  const random = new Random(2);
  const batches = Array.from({ length: 6 }, () => randomFacts(random, 144, 64));
  const shards = batches.map((facts) => ({
    state: packState(fillRidge(facts, DIMS, codes, 0.5, LAYOUT), 384, 64, 8),
    live: new Uint8Array(144).fill(1),
  }));
  let right = 0;
  for (let i = 0; i < 60; i++) {
    const fact = i * 2;
    const question = Float32Array.from(batches[i % 6]?.keys.subarray(fact * 64, (fact + 1) * 64) ?? []);
    const best = recallShards([question], [1], shards, DIMS, LAYOUT, codes).map((scores) => Math.max(...scores));
    if (best.indexOf(Math.max(...best)) === i % 6) right++;
  }
  assert.ok(right >= 57, `${right} of 60`);
});

test("exact keys give MaxSim of φ, the best slot and its similarity", () => {
  const random = new Random(3);
  const questions = [random.vector(64), random.vector(64), random.vector(64)];
  const weights = [1, 0.5, 0];
  const segments = [random.int8(12 * 64), random.int8(64), new Int8Array()];
  const found = exactKeys(questions, weights, segments, DIMS);
  for (const [segment, keys] of segments.entries()) {
    let expected = keys.length === 0 ? Number.NEGATIVE_INFINITY : 0;
    for (const [t, question] of questions.entries()) {
      const similarities = Array.from({ length: keys.length / 64 }, (_, slot) =>
        dot(phi(question), phi(keys.subarray(slot * 64, (slot + 1) * 64))),
      );
      if (similarities.length === 0) continue;
      const best = Math.max(...similarities);
      expected += (weights[t] ?? 0) * best;
      assert.equal(found.slots[segment * 3 + t], similarities.indexOf(best));
      assert.ok(Math.abs((found.similarities[segment * 3 + t] ?? 0) - best) < 1e-5);
    }
    assert.ok(expected === found.scores[segment] || Math.abs(expected - (found.scores[segment] ?? 0)) < 1e-4);
  }
});

test("the log keeps anchors, β in steps and the signs of the keys", () => {
  const random = new Random(4);
  const keys = random.vector(5 * 64);
  const writes = quantizeWrites(keys, [0, 0.25, 0.5, 1, 2], [0, 3, 90, 300, 65535], 64);
  assert.deepEqual([...writes.betas], [0, 64, 128, 255, 255]);
  const log = new ByteReader(encodeWrites(writes, 64));
  assert.equal(log.left, 1 + 3 + 9 + 5 * 8);
  const kept = decodeWrites(log, 64);
  assert.equal(log.left, 0);
  assert.deepEqual(kept.anchors, writes.anchors);
  assert.deepEqual([...kept.betas], [0, 68, 136, 255, 255]);
  assert.deepEqual(
    kept.keys,
    writes.keys.map((x) => (x > 0 ? 1 : -1)),
  );
  for (let row = 0; row < 5; row++) {
    const original = keys.subarray(row * 64, (row + 1) * 64);
    assert.ok(dot(phi(original), phi(writes.keys.subarray(row * 64, (row + 1) * 64))) > 0.999);
  }
  assert.deepEqual([anyLive(kept.betas, 0.5), anyLive(kept.betas.subarray(0, 2), 0.5)], [true, false]);
});

test("a number that is not finite never reaches the log", () => {
  const keys = new Float32Array(64).fill(1);
  keys[5] = Number.NaN;
  assert.throws(() => quantizeWrites(keys, [1], [0], 64), InvalidWritesError);
  const log = encodeWrites(quantizeWrites(keys.fill(1), [1], [0], 64), 64);
  assert.throws(() => decodeWrites(new ByteReader(log.subarray(1)), 64), RangeError);
});
