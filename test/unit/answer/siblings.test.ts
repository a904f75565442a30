import assert from "node:assert/strict";
import { test } from "node:test";
import { siblingItems } from "../../../src/engine/answer/siblings.ts";
import { trimQuotes } from "../../../src/engine/answer/spans.ts";
import { Segmenter } from "../../../src/engine/corpus/segment.ts";
import { Tokenizer } from "../../../src/engine/corpus/tokenize.ts";

const segmenter = Segmenter.create(Tokenizer.load("models/armt-code/tokenizer.json"));

/** The items of the list that `item` (its first occurrence, or the one behind `after`) belongs to. */
async function items(file: string, text: string, item: string, after = ""): Promise<string[]> {
  const start = text.indexOf(item, text.indexOf(after));
  const nodes = (await segmenter.syntax(file, text)) ?? [];
  return siblingItems(nodes, text, { start, end: start + item.length }).map((found) => {
    const trimmed = trimQuotes(text, found.start, found.end);
    return text.slice(trimmed.start, trimmed.end);
  });
}

test("an item of a literal brings the others along, whichever it is", async () => {
  const text = 'const METHODS = ["GET", "HEAD", "OPTIONS"];\nconst other = ["x", "y"];\n';
  for (const item of ["GET", "HEAD", "OPTIONS"])
    assert.deepEqual(await items("a.ts", text, item), ["GET", "HEAD", "OPTIONS"]);
  assert.deepEqual(await items("a.ts", text, '"GET", "HEAD"'), ["GET", "HEAD", "OPTIONS"]);
  assert.deepEqual(await items("a.py", "SCHEMES = ('http', 'https', 'ws')\n", "https"), ["http", "https", "ws"]);
});

test("keys, and values, of a map are lists of their own", async () => {
  const text = "module.exports = {\n  py: 'python',\n  rb: 'ruby',\n};\n";
  assert.deepEqual(await items("a.js", text, "rb"), ["py", "rb"]);
  assert.deepEqual(await items("a.js", text, "ruby"), ["python", "ruby"]);
});

test("enums, unions, alternatives, branches and cases are lists", async () => {
  assert.deepEqual(await items("a.h", "enum hash { JENKINS, MURMUR3, XXH3 };\n", "MURMUR3"), [
    "JENKINS",
    "MURMUR3",
    "XXH3",
  ]);
  const union = 'type Mode = "never" | "always" | "observed";\n';
  assert.deepEqual(await items("a.ts", union, "observed"), ["never", "always", "observed"]);
  const test = "if (a === 'SIGKILL' || a === 'SIGTERM' || a === 'SIGINT') stop();\n";
  assert.deepEqual(await items("a.js", test, "SIGTERM"), ["SIGKILL", "SIGTERM", "SIGINT"]);
  const branches = "if (t === 'open') a();\nelse if (t === 'close') b();\nelse if (t === 'error') c();\n";
  assert.deepEqual(await items("a.js", branches, "close"), ["open", "close", "error"]);
  const cases = 'switch m {\ncase "gzip":\n\ta()\ncase "br":\n\tb()\n}\n';
  assert.deepEqual(await items("a.go", `package p\nfunc f(m string) {\n${cases}}\n`, "br"), ["gzip", "br"]);
});

test("statements that differ in one place are a list of it", async () => {
  const text = "exports.json = parser.json;\nexports.raw = parser.raw;\nexports.text = parser.text;\n";
  assert.deepEqual(await items("a.js", text, "raw"), ["json", "raw", "text"]);
});

test("what stands alone is no list", async () => {
  assert.deepEqual(await items("a.ts", "const timeout = 30;\n", "30"), []);
  assert.deepEqual(await items("a.ts", "", "x"), []);
});
