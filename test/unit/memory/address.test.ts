import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressCodes, AddressDecoder } from "../../../src/engine/memory/address.ts";
import { Random } from "./random.ts";

function codeOf(codes: AddressCodes, address: number): Float32Array {
  const code = new Float32Array(codes.width);
  codes.encode(address, code);
  return code;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

test("codes are fixed by the seed, however many were asked for first", () => {
  const few = new AddressCodes(64, 7);
  const many = new AddressCodes(64, 7);
  many.bits(5000);
  for (const address of [0, 1, 63, 64, 575, 4000]) {
    assert.deepEqual(codeOf(few, address), codeOf(many, address));
  }
  assert.notDeepEqual(codeOf(few, 3), codeOf(new AddressCodes(64, 8), 3));
});

test("codes have unit length and are near orthogonal, signs balanced", () => {
  const codes = new AddressCodes(64, 7);
  let worst = 0;
  let plus = 0;
  for (let a = 0; a < 200; a++) {
    assert.ok(Math.abs(dot(codeOf(codes, a), codeOf(codes, a)) - 1) < 1e-5);
    for (let b = 0; b < a; b++) worst = Math.max(worst, Math.abs(dot(codeOf(codes, a), codeOf(codes, b))));
    for (let i = 0; i < 64; i++) if (codes.sign(a, i) === 1) plus++;
  }
  // The largest of 19,900 sums of 64 random signs: 4.2 standard deviations of 1/8 are to be expected.
  assert.ok(worst < 0.7, `largest overlap ${worst}`);
  assert.ok(Math.abs(plus / (200 * 64) - 0.5) < 0.02);
});

test("the decoder's tables give the inner product with each code", () => {
  const random = new Random(3);
  const codes = new AddressCodes(64, 7);
  const decoder = new AddressDecoder(codes);
  const r = random.vector(64);
  decoder.load(r);
  for (let address = 0; address < 300; address++) {
    assert.ok(Math.abs(decoder.score(address) - dot(r, codeOf(codes, address))) < 1e-4);
  }
});

test("a width that is no multiple of eight is refused", () => {
  assert.throws(() => new AddressCodes(60, 1), RangeError);
});
