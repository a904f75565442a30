import assert from "node:assert/strict";
import { test } from "node:test";
import { hash32 } from "../../../src/engine/memory/address.ts";
import { dpfp } from "../../../src/engine/memory/dpfp.ts";
import { type EndlessLayout, EndlessShard } from "../../../src/engine/memory/endless.ts";
import { Random } from "./random.ts";

const layout: EndlessLayout = {
  dMem: 16,
  nu: 3,
  signs: 256,
  strength: 0.12,
  seed: 7,
};
const K = 2 * layout.nu * layout.dMem;
const V = layout.signs;

/** The code of a segment, written out sign by sign. */
function codeOf(segment: number): Float64Array {
  return Float64Array.from({ length: V }, (_, v) => {
    const bits = hash32(segment * (V / 32) + (v >> 5), layout.seed);
    return ((bits >>> (v & 31)) & 1 ? 1 : -1) / Math.sqrt(V);
  });
}

function phi(key: Float32Array): Float32Array {
  const out = new Float32Array(K);
  dpfp(key, layout.dMem, layout.nu, out, true);
  return out;
}

test("an endless shard is the delta rule over the codes of its segments", () => {
  const random = new Random(3);
  const shard = new EndlessShard(layout);
  const A = Array.from({ length: K }, () => new Float64Array(V));
  const keys: Float32Array[] = [];
  for (let i = 0; i < 40; i++) {
    const key = i % 3 === 2 ? (keys[i - 2] as Float32Array) : random.vector(layout.dMem);
    const beta = 0.5 + 0.5 * random.next();
    keys.push(key);
    shard.write(key, beta, 1000 * i);
    const p = phi(key);
    const code = codeOf(1000 * i);
    const old = Float64Array.from({ length: V }, (_, v) => p.reduce((sum, x, k) => sum + x * (A[k]?.[v] ?? 0), 0));
    for (const [k, row] of A.entries()) {
      for (let v = 0; v < V; v++) {
        row[v] = (row[v] ?? 0) + layout.strength * beta * (p[k] ?? 0) * ((code[v] ?? 0) - (old[v] ?? 0));
      }
    }
  }
  for (const key of [keys[0], keys[39], random.vector(layout.dMem)] as Float32Array[]) {
    const p = phi(key);
    const read = shard.read(key);
    for (let v = 0; v < V; v++) {
      const expected = p.reduce((sum, x, k) => sum + x * (A[k]?.[v] ?? 0), 0);
      assert.ok(Math.abs((read[v] as number) - expected) < 1e-5, `value ${v}: ${read[v]} and not ${expected}`);
    }
  }
});

test("a key brings back the segments that wrote under it, newest first, out of any stream length", () => {
  const random = new Random(5);
  const shard = new EndlessShard(layout);
  const key = random.vector(layout.dMem);
  const segments = [17, 40_000, 40_001, 123_456, 299_999];
  for (const segment of segments) shard.write(key, 1, segment);
  const found = shard.recall(key, 300_000, 10);
  assert.deepEqual(
    found.map(({ segment }) => segment),
    segments.toReversed(),
  );
  assert.ok(Math.abs((found[0]?.weight ?? 0) - layout.strength) < 0.01);
  // What was never written is not found.
  assert.deepEqual(new EndlessShard(layout).recall(key, 300_000, 10), []);
});

test("the state stays as large as it is, and a cleared one is empty", () => {
  const random = new Random(9);
  const shard = new EndlessShard(layout);
  const before = shard.stateBytes;
  assert.equal(before, K * V * 4);
  for (let i = 0; i < 500; i++) shard.write(random.vector(layout.dMem), 1, i);
  assert.equal(shard.stateBytes, before);
  shard.clear();
  assert.ok(shard.read(random.vector(layout.dMem)).every((x) => x === 0));
});
