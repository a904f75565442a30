import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { lexicalTerms } from "../../../src/engine/corpus/terms.ts";
import { Tokenizer, TokenizerError, UNK_ID } from "../../../src/engine/corpus/tokenize.ts";
import { scanWords } from "../../../src/engine/corpus/words.ts";

const tokenizer = Tokenizer.load(fileURLToPath(new URL("../../../models/armt-code/tokenizer.json", import.meta.url)));

interface ParityCase {
  readonly text: string;
  readonly ids: number[];
  readonly starts: number[];
  readonly ends: number[];
  readonly words: number[];
}

function words(text: string): string[] {
  const found: string[] = [];
  scanWords(text, (from, to) => found.push(text.slice(from, to)));
  return found;
}

test("gives the ids and offsets of the Python tokenizer", () => {
  const cases = JSON.parse(
    readFileSync(new URL("tokenizer-parity.json", import.meta.url), "utf8"),
  ) as readonly ParityCase[];
  assert.ok(cases.length >= 300);
  for (const { text, ...expected } of cases) {
    const encoded = tokenizer.encode(text);
    const actual = {
      ids: [...encoded.ids],
      starts: [...encoded.starts],
      ends: [...encoded.ends],
      words: [...encoded.words],
    };
    assert.deepEqual(actual, expected, JSON.stringify(text));
  }
});

test("splits identifiers at case, underscore and digit borders", () => {
  assert.deepEqual(words("maxPayload2"), ["max", "Payload", "2"]);
  assert.deepEqual(words("HTTPServer"), ["HTTP", "Server"]);
  assert.deepEqual(words("getURLs MAX_ID __init__"), ["get", "URLs", "MAX", "ID", "init"]);
});

test("drops closers and semicolons and collapses long punctuation runs", () => {
  assert.deepEqual(words("f(a[0]); { } // ----- =="), ["f", "(", "a", "[", "0", "{", "/", "/", "-", "=", "="]);
});

test("offsets cover sigils and outer underscores, so that names stay verbatim", () => {
  const text = "$this->__construct_ = _";
  const { starts, ends } = tokenizer.encode(text);
  assert.equal(text.slice(starts[0], ends[0]), "$this");
  assert.equal(starts[3], text.indexOf("__construct"));
  assert.ok([...ends].includes(text.indexOf("_ =") + 1));
});

test("is linear and safe on huge one-line input", () => {
  const inputs = [
    "x".repeat(5_000_000),
    "_$".repeat(2_500_000),
    "aB1".repeat(1_700_000),
    "A".repeat(5_000_000),
    "😀".repeat(1_000_000),
  ];
  for (const text of inputs) {
    // Processor time: other work on the machine must not fail the test.
    const started = process.cpuUsage();
    const encoded = tokenizer.encode(text);
    assert.ok(encoded.ids.length >= 1);
    assert.ok(process.cpuUsage(started).user < 10e6, text.slice(0, 10));
  }
  assert.deepEqual([...tokenizer.encode("x".repeat(5_000_000)).ids], [UNK_ID]);
});

test("offsets rise and stay inside the text for random UTF-16", () => {
  let seed = 1;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % n;
  };
  for (let round = 0; round < 300; round++) {
    const text = String.fromCharCode(...Array.from({ length: 60 }, () => random(random(2) === 0 ? 0x80 : 0x10000)));
    const { starts, ends } = tokenizer.encode(text);
    for (const [i, start] of starts.entries()) {
      const end = ends[i] ?? -1;
      assert.ok(start >= 0 && end > start && end <= text.length, JSON.stringify(text));
      if (i > 0) assert.ok(start >= (starts[i - 1] ?? 0), JSON.stringify(text));
    }
  }
});

test("names the missing tokenizer file", () => {
  assert.throws(() => Tokenizer.load("/nonexistent/tokenizer.json"), TokenizerError);
});

test("lexical terms: pieces and the whole identifier", () => {
  assert.deepEqual(lexicalTerms("maxPayload = MAX_SIZE;"), ["max", "payload", "maxpayload", "max", "size", "maxsize"]);
  assert.deepEqual(lexicalTerms("a.b('c')"), ["a", "b", "c"]);
  assert.deepEqual(lexicalTerms("-- == ++"), []);
});
