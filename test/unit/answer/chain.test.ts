import assert from "node:assert/strict";
import { test } from "node:test";
import { chainOf } from "../../../src/engine/answer/chain.ts";

const cite = (file: string, quote: string, proves = true) => {
  return { file, from: 1, to: 1, at: 1, quote, relevance: 0.8, proves };
};
const value = cite("defs.js", "const FRAME_MIN_SIZE = 4096; // see addListener");
const use = cite("connection.js", "this.frameMax = FRAME_MIN_SIZE; addListener(open);");
const caller = cite("open.js", "if (size > connection.frameMax) addListener(refuse);");
const HOLDERS = new Map([
  ["framemax", 3],
  ["frameminsize", 2],
]);
const chain = (question: string, ...citations: ReturnType<typeof cite>[]) =>
  chainOf(question, citations, (term) => HOLDERS.get(term) ?? 400).map(({ citation, word }) => [
    citations[citation]?.file,
    word,
  ]);

test("places lead to the answer by the rarest names that the next one holds as well", () => {
  assert.deepEqual(chain("How large may it be before the server has tuned it?", value, use, caller), [
    ["open.js", "frameMax"],
    ["connection.js", "FRAME_MIN_SIZE"],
  ]);
});

test("nothing leads on by names that stand everywhere, that the question spells out, or from what proves nothing", () => {
  assert.deepEqual(chain("How large?", cite("a", "addListener(a)"), cite("b", "addListener(b)")), []);
  assert.deepEqual(chain("what is the frame min size", value, use), []);
  assert.deepEqual(chain("FRAME_MIN_SIZE?", value, use), []);
  assert.deepEqual(chain("How large?", value, { ...use, proves: false }), []);
  assert.deepEqual(chain("How large?", cite("a", "// ______ when"), cite("b", "// ______ when")), []);
  assert.deepEqual(chain("How large?"), []);
});

test("lines of a megabyte are looked at in part", () => {
  const line = Array.from({ length: 80_000 }, (_, i) => `someName${i}`).join(" ");
  let asked = 0;
  const citations = ["a", "b", "c", "d"].map((file) => cite(file, line));
  chainOf("How large?", citations, () => {
    asked++;
    return 400;
  });
  assert.ok(asked > 0 && asked < 200, `${asked}`);
});
