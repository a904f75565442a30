import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type InputVocabulary,
  indexInput,
  questionInput,
  readInput,
  toInt64,
} from "../../../src/engine/model/inputs.ts";

const VOCABULARY: InputVocabulary = {
  specialTokens: { pad: 0, cls: 101, sep: 102 },
  tokenKinds: { question: 0, code: 1, memory: 2 },
  memoryTokenIds: [2, 3],
  markIds: new Set([50, 51]),
};
const header = Int32Array.of(11, 12);
const code = Int32Array.of(21, 22, 23);
const question = Int32Array.of(31, 32);

describe("step inputs", () => {
  it("puts a segment behind its header and shifts its anchors", () => {
    const input = indexInput(VOCABULARY, header, code, [0, 2]);
    assert.deepEqual([...input.tokens], [101, 11, 12, 102, 21, 22, 23, 102]);
    assert.deepEqual([...input.kinds], [1, 1, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual([...input.anchors], [4, 6]);
    assert.equal(input.tokens[input.codeFrom], 21);
  });

  it("leaves punctuation out of what is indexed and found, but no anchor", () => {
    const marked = Int32Array.of(50, 21, 51, 50, 22, 51, 23);
    const input = indexInput(VOCABULARY, Int32Array.of(11, 50, 12), marked, [1, 3, 6]);
    assert.deepEqual([...input.tokens], [101, 11, 12, 102, 21, 50, 22, 23, 102]);
    assert.deepEqual([...input.anchors], [4, 5, 7]);
    const found = questionInput(VOCABULARY, question, { code: marked, anchors: [4] });
    assert.deepEqual([...found.tokens], [101, 31, 32, 102, 21, 22, 23, 102]);
    assert.deepEqual([...found.anchors], [1, 2, 5]);
    assert.deepEqual([...readInput(VOCABULARY, question, header, marked).tokens].slice(7, 14), [...marked]);
  });

  it("lets every token of a question ask", () => {
    const input = questionInput(VOCABULARY, question);
    assert.deepEqual([...input.tokens], [101, 31, 32, 102]);
    assert.deepEqual([...input.kinds], [0, 0, 0, 0]);
    assert.deepEqual([...input.anchors], [1, 2]);
  });

  it("puts the place that the question goes on from behind it", () => {
    const input = questionInput(VOCABULARY, question, { code, anchors: [1] });
    assert.deepEqual([...input.tokens], [101, 31, 32, 102, 21, 22, 23, 102]);
    assert.deepEqual([...input.kinds], [0, 0, 0, 0, 1, 1, 1, 1]);
    assert.deepEqual([...input.anchors], [1, 2, 5]);
  });

  it("cuts what was found, with its anchors", () => {
    const long = new Int32Array(200).fill(7);
    const input = questionInput(VOCABULARY, question, { code: long, anchors: [95, 96, 150] });
    assert.equal(input.tokens.length, 4 + 96 + 1);
    assert.deepEqual([...input.anchors], [1, 2, 4 + 95]);
  });

  it("reads question, header, code and memory tokens, which write", () => {
    const input = readInput(VOCABULARY, question, header, code);
    assert.deepEqual([...input.tokens], [101, 31, 32, 102, 11, 12, 102, 21, 22, 23, 102, 2, 3]);
    assert.deepEqual([...input.kinds], [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
    assert.deepEqual([...input.anchors], [11, 12]);
    assert.equal(input.tokens[input.codeFrom], 21);
  });

  it("has no anchors where there are none", () => {
    assert.equal(indexInput(VOCABULARY, header, code, []).anchors.length, 0);
    assert.deepEqual([...questionInput(VOCABULARY, new Int32Array(0)).tokens], [101, 102]);
  });

  it("widens to int64, signs included", () => {
    assert.deepEqual([...toInt64(Int32Array.of(0, 1, -1, 30521, -2147483648))], [0n, 1n, -1n, 30521n, -2147483648n]);
  });
});
