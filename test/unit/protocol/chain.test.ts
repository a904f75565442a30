import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../../src/engine/types.ts";
import { chainOf, proofOf } from "../../../src/protocol/chain.ts";

const cite = (file: string, quote: string, relevance: number) => ({ file, from: 1, to: 1, quote, relevance });

const answer = (citations: Answer["citations"], change: Partial<Answer> = {}): Answer => ({
  question: "How large is a frame before the server has tuned it?",
  answer: "4096",
  kind: "span",
  abstained: false,
  confidence: 0.9,
  citations,
  recalled: 3,
  read: 3,
  ms: 1,
  coverage: 1,
  ...change,
});
const value = cite("defs.js", "const FRAME_MIN_SIZE = 4096;", 0.8);
const use = cite("connection.js", "this.frameMax = FRAME_MIN_SIZE;", 0.7);
const caller = cite("open.js", "if (size > connection.frameMax) throw new Error();", 0.5);
const far = cite("readme.txt", "FRAME_MIN_SIZE is explained elsewhere", 0.1);

test("places lead to the answer by names that the next one holds as well", () => {
  const chain = chainOf(answer([value, use, caller, far]));
  assert.deepEqual(
    chain.map(({ citation, word }) => [citation.file, word]),
    [
      ["open.js", "frameMax"],
      ["connection.js", "FRAME_MIN_SIZE"],
    ],
  );
  assert.deepEqual(proofOf([value, use, caller, far]), [use, caller]);
});

test("words of the question lead nowhere, nor do places of an answer that is unsure, a list or none", () => {
  const server = [cite("a.js", "server.start()", 0.8), cite("b.js", "server.stop()", 0.8)];
  assert.deepEqual(chainOf(answer(server)), []);
  for (const change of [{ confidence: 0.2 }, { kind: "list" }, { abstained: true }] as const)
    assert.deepEqual(chainOf(answer([value, use], change)), []);
  assert.deepEqual(chainOf(answer([])), []);
  assert.deepEqual(chainOf(answer([value])), []);
});
