import assert from "node:assert/strict";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Segmenter } from "../../../src/engine/corpus/segment.ts";
import { Tokenizer } from "../../../src/engine/corpus/tokenize.ts";
import { inWords } from "../../../src/engine/examples/candidates.ts";
import { plainFacts } from "../../../src/engine/examples/facts.ts";
import { findExamples } from "../../../src/engine/examples/find.ts";

const tokenizer = Tokenizer.load(fileURLToPath(new URL("../../../models/armt-code/tokenizer.json", import.meta.url)));
const segmenter = Segmenter.create(tokenizer);
const amqplib = fileURLToPath(new URL("../../../node_modules/amqplib", import.meta.url));
const turn = { pass: async () => {} };

test("questions are made from facts that stand where they say, once, in the project's own source", async () => {
  const files = globSync("**/*.{js,ts,md,json}", { cwd: amqplib }).map((path) => ({
    path: path.replaceAll("\\", "/"),
    bytes: statSync(join(amqplib, path)).size,
    segments: 2,
  }));
  const found = await findExamples(amqplib, files, segmenter, turn, 12);
  assert.equal(found.length, 12);
  assert.ok(found.some(({ question }) => question.startsWith("What is the ")));
  assert.ok(found.some(({ question }) => question.startsWith("Where is ")));
  assert.equal(new Set(found.map(({ question }) => question)).size, found.length);
  for (const { file, line, name, value, question } of found) {
    assert.doesNotMatch(file, /^(?:examples|test)\/|\.(?:md|json)$/);
    const text = readFileSync(join(amqplib, file), "utf8").split("\n")[line - 1] ?? "";
    assert.ok(text.includes(name) && text.includes(value ?? ""), `${question} ${file}:${line} ${text}`);
  }
});

test("one file is enough for questions", async () => {
  const files = [{ path: "lib/heartbeat.js", bytes: 2_000, segments: 2 }];
  assert.ok((await findExamples(amqplib, files, segmenter, turn, 12)).length >= 2);
});

test("lines of languages without a grammar tell facts", () => {
  const text = [
    "sub run_all_jobs {",
    "  my $max_queue_size = 4096;",
    "function M.parse_header(line)",
    "parseHeader :: Text -> Maybe Header",
    "data HeaderField = HeaderField",
    "short = 1",
    "x = 4096",
  ].join("\n");
  assert.deepEqual(plainFacts(text), [
    { kind: "function", name: "run_all_jobs", line: 1 },
    { kind: "value", name: "max_queue_size", line: 2, value: "4096" },
    { kind: "function", name: "parse_header", line: 3 },
    { kind: "function", name: "parseHeader", line: 4 },
    { kind: "type", name: "HeaderField", line: 5 },
  ]);
});

test("names are told in words", () => {
  assert.equal(inWords("DEFAULT_MAX_FRAME_SIZE"), "default max frame size");
  assert.equal(inWords("_maxHTTPHeaders"), "max http headers");
});
