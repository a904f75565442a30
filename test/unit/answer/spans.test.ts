import assert from "node:assert/strict";
import { test } from "node:test";
import { closeBrackets, decodeSpans, trimQuotes, wholeNumber } from "../../../src/engine/answer/spans.ts";

const within = (text: string, part: string): [number, number] => {
  const start = text.indexOf(part);
  return [start, start + part.length];
};

test("the best spans come first, do not overlap, and stay in the code", () => {
  const start = Float32Array.of(0, 9, 1, 5, 1, 1);
  const end = Float32Array.of(0, 9, 1, 1, 5, 1);
  const { spans, none } = decodeSpans(start, end, { from: 2, to: 6 }, { spans: 2, tokens: 4 });
  assert.deepEqual(
    spans.map(({ start: s, end: e }) => [s, e]),
    [
      [3, 4],
      [2, 2],
    ],
  );
  assert.ok(none < 0);
  assert.ok(spans.every((span) => span.logProbability <= 0));
});

test("a span is at most so many tokens long", () => {
  const start = Float32Array.of(0, 5, 0, 0, 0);
  const end = Float32Array.of(0, 0, 0, 0, 5);
  const { spans } = decodeSpans(start, end, { from: 1, to: 5 }, { spans: 1, tokens: 2 });
  assert.ok(spans.every((span) => span.end - span.start < 2));
});

test("an empty range has no span", () => {
  const logits = Float32Array.of(1, 2);
  assert.deepEqual(decodeSpans(logits, logits, { from: 1, to: 1 }, { spans: 3, tokens: 3 }).spans, []);
});

test("closers that the tokenizer drops are taken back in where they match", () => {
  const text = "x = f(a, g(b)); y[0]";
  assert.equal(text.slice(4, closeBrackets(text, ...within(text, "f(a, g(b"))), "f(a, g(b))");
  assert.equal(text.slice(16, closeBrackets(text, ...within(text, "y[0"))), "y[0]");
  const [start, end] = within(text, "a, g(b");
  assert.equal(text.slice(start, closeBrackets(text, start, end)), "a, g(b)");
});

test("what stays open keeps the span as it was", () => {
  const text = "call((1 + 2";
  assert.equal(closeBrackets(text, 0, text.length), text.length);
});

test("quotation marks around a span go, those inside stay", () => {
  const cut = (text: string, part: string) => {
    const { start, end } = trimQuotes(text, ...within(text, part));
    return text.slice(start, end);
  };
  assert.equal(cut('a = "utf8";', '"utf8"'), "utf8");
  assert.equal(cut("a = 'it", "'it"), "it");
  assert.equal(cut(`["a", "b"]`, `"a", "b"`), `"a", "b"`);
  assert.equal(cut('x = ""', '""'), '""');
});

const whole = (text: string, part: string): string => {
  const { start, end } = wholeNumber(text, ...within(text, part));
  return text.slice(start, end);
};

test("a part of a number or of an expression of numbers becomes whole", () => {
  assert.equal(whole("a = 1;\n#define SIZE 1024 * 256\nb = 2;", "1024"), "1024 * 256");
  assert.equal(whole("limit: 1 << 20,", "20"), "1 << 20");
  assert.equal(whole("wait(60 * 1000)", "60 *"), "60 * 1000");
  assert.equal(whole("flags = 0x1000", "0x"), "0x1000");
  assert.equal(whole('grace: "30s"', "30"), "30s");
  assert.equal(whole("ratio = 0.25", "25"), "0.25");
});

test("numbers beside names and words stay as they are", () => {
  assert.equal(whole("beat * 2", "2"), "2");
  assert.equal(whole("60.times", "60"), "60");
  assert.equal(whole("utf8", "8"), "8");
  assert.equal(whole("port = 80", "port = 80"), "port = 80");
  assert.equal(whole(`${"1+".repeat(4000)}1`, "1").length <= 201, true);
});
