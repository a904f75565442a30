import assert from "node:assert/strict";
import { test } from "node:test";
import { fuse, standardise } from "../../../src/engine/recall/fuse.ts";
import { questionTerms } from "../../../src/engine/recall/question-terms.ts";

test("scores are standardised; what is not finite says nothing", () => {
  const out = standardise(Float32Array.of(1, 3, Number.NEGATIVE_INFINITY));
  assert.deepEqual([...out], [-1, 1, Number.NaN]);
  assert.deepEqual([...standardise(new Float32Array(0))], []);
});

test("parts are added with their weights; ties go by segment number", () => {
  const gist = Float32Array.of(Number.NaN, 1, 2, 2);
  const lexical = Float32Array.of(Number.NaN, 1);
  const weights = { gist: 1, memory: 1, lexical: 5 };
  const found = fuse({ gist, memory: undefined, lexical }, weights, 10);
  assert.deepEqual(
    found.map((c) => c.segment),
    [1, 2, 3],
  );
  assert.deepEqual(found[0]?.features, { gist: 1, memory: 0, lexical: 1 });
  assert.equal(fuse({ gist, memory: undefined, lexical: undefined }, weights, 1).length, 1);
});

test("a question's terms are its identifiers and words, without the words that every question has", () => {
  const terms = questionTerms("What is the default of maxPayload?", 2);
  assert.deepEqual(
    terms.map((t) => t.term),
    ["default", "max", "payload", "maxpayload"],
  );
  assert.ok(terms.every((t) => t.weight === 2));
  assert.deepEqual(
    questionTerms("what is it", 1).map((t) => t.term),
    ["what", "is", "it"],
  );
});
