import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { MAX_ANCHORS, MAX_HEADER, type Segment, Segmenter } from "../../../src/engine/corpus/segment.ts";
import { Tokenizer } from "../../../src/engine/corpus/tokenize.ts";

const tokenizer = Tokenizer.load(fileURLToPath(new URL("../../../models/armt-code/tokenizer.json", import.meta.url)));
const segmenter = Segmenter.create(tokenizer);
const require = createRequire(import.meta.url);

/** Checks what every segmentation must hold, and returns the segments. */
async function check(file: string, text: string): Promise<readonly Segment[]> {
  const { segments } = await segmenter.segment(file, text);
  const all = tokenizer.encode(text);
  let token = 0;
  let previousEnd = 0;
  const lines = text.split("\n");
  for (const segment of segments) {
    assert.ok(segment.code.length >= 1 && segment.code.length <= segmenter.maxTokens, file);
    assert.ok(segment.header.length <= MAX_HEADER);
    assert.ok(segment.start >= previousEnd && segment.end > segment.start, `${file}: overlap at ${segment.start}`);
    assert.equal(text.slice(previousEnd, segment.start).trim(), "", `${file}: text between segments is left out`);
    previousEnd = segment.end;
    assert.deepEqual(segment.code, all.ids.slice(token, token + segment.code.length), file);
    token += segment.code.length;
    assert.equal(segment.byteStart, Buffer.byteLength(text.slice(0, segment.start)));
    assert.equal(segment.byteEnd, Buffer.byteLength(text.slice(0, segment.end)));
    assert.equal(segment.startLine, text.slice(0, segment.start).split("\n").length);
    assert.equal(segment.endLine, text.slice(0, segment.end).split("\n").length);
    const startsLine = segment.start === 0 || text[segment.start - 1] === "\n";
    const endsLine = segment.end === text.length || text[segment.end] === "\n";
    const longLine = (line: number) => tokenizer.encode(lines[line - 1] ?? "").ids.length > segmenter.maxTokens;
    assert.ok(startsLine || longLine(segment.startLine), `${file}:${segment.startLine} does not start a line`);
    assert.ok(endsLine || longLine(segment.endLine), `${file}:${segment.endLine} does not end a line`);
    assert.ok(segment.anchors.length <= MAX_ANCHORS);
    let before = -1;
    for (const anchor of segment.anchors) {
      assert.ok(anchor.token > before && anchor.token < segment.code.length, `${file}: anchors rise and are inside`);
      before = anchor.token;
      assert.ok((segment.tokenEnds[anchor.token] ?? 0) > anchor.start);
      assert.ok((segment.tokenStarts[anchor.token] ?? 0) < anchor.end);
      if (anchor.value !== undefined) {
        assert.ok(anchor.value.firstToken <= anchor.value.lastToken && anchor.value.lastToken < segment.code.length);
        assert.ok((segment.tokenStarts[anchor.value.firstToken] ?? 0) < anchor.value.end);
      }
    }
  }
  assert.equal(token, all.ids.length, `${file}: all tokens are in a segment`);
  assert.equal(text.slice(previousEnd).trim(), "", `${file}: the end is left out`);
  return segments;
}

/** `kind name=value` of a segment's anchors. */
function anchorsOf(text: string, segment: Segment | undefined): string[] {
  return (segment?.anchors ?? []).map(({ kind, start, end, value }) => {
    const shown = value === undefined ? "" : `=${text.slice(value.start, value.end)}`;
    return `${kind} ${text.slice(start, end)}${shown}`;
  });
}

test("real files: full coverage, no overlap, line borders, in every language at hand", async () => {
  const root = new URL("../../../", import.meta.url);
  const files = [
    "src/engine/corpus/segment.ts",
    "src/engine/corpus/words.ts",
    "models/training/tokenizer.py",
    "package.json",
    "node_modules/commander/lib/command.js",
    "node_modules/commander/Readme.md",
    "node_modules/web-tree-sitter/web-tree-sitter.d.ts",
    "node_modules/@huggingface/tokenizers/dist/tokenizers.min.mjs",
  ];
  for (const file of files) {
    const text = readFileSync(new URL(file, root), "utf8");
    const first = await check(file, text);
    const again = await segmenter.segment(file, text);
    assert.deepEqual(again.segments, first, `${file} is cut the same way twice`);
    const crlf = text.replaceAll(/\r?\n/g, "\r\n");
    const other = await check(file, crlf);
    if (!file.includes(".min."))
      assert.deepEqual(
        other.map((s) => s.startLine),
        first.map((s) => s.startLine),
        file,
      );
  }
});

const SAMPLES: Readonly<Record<string, readonly [text: string, anchors: readonly string[], symbol: string]>> = {
  "a.js": [
    "class Server {\n  constructor(options = {}) {\n    this.port = options.port ?? 8080;\n  }\n}\n",
    ["definition Server", "definition constructor", "assignment options={}", "assignment port=options.port ?? 8080"],
    "Server",
  ],
  "a.py": [
    "MAX_RETRIES = 5\n\ndef connect(host, timeout=30):\n    raise ValueError('no such host')\n",
    ["assignment MAX_RETRIES=5", "definition connect", "assignment timeout=30", "literal such"],
    "",
  ],
  "a.c": [
    "#define LIMIT 100\nstatic int count = 3;\nint add(int a, int b)\n{\n  return a + b;\n}\n",
    ["definition LIMIT=100", "assignment count=3", "definition add"],
    "",
  ],
  "a.go": [
    'package a\n\nconst Size = 64\n\nfunc (e *Engine) Run() error {\n\treturn e.listen(":8080")\n}\n',
    ["definition Size=64", "definition Run", "call listen", "literal 8080"],
    "",
  ],
  "a.rs": [
    "pub const LIMIT: usize = 10;\n\nimpl Foo {\n    fn bar(&self) -> u8 {\n        7\n    }\n}\n",
    ["definition LIMIT=10", "definition Foo", "definition bar"],
    "",
  ],
  "a.rb": [
    "class Puma\n  DEFAULT = { port: 9292 }\n  def run\n  end\nend\n",
    ["definition Puma", "assignment port=9292", "definition run"],
    "Puma",
  ],
  "a.php": [
    "<?php\nclass A {\n  const X = 'y';\n  public $size = 5;\n}\n",
    ["definition A", "definition X='y'", "definition size=5"],
    "A",
  ],
  "A.java": ["class A {\n  static final int MAX = 7;\n  void run() {}\n}\n", ["definition A", "definition run"], "A"],
  "a.cs": ["class A {\n  const int Max = 7;\n  void Run() {}\n}\n", ["definition A", "definition Run"], "A"],
  "a.sh": ["PORT=80\nstart() {\n  echo hi\n}\n", ["assignment PORT=80", "definition start"], ""],
  "a.css": [".a {\n  color: red;\n}\n", ["assignment color=red"], "a"],
  "a.yml": ["port: 8080\nname: demo\n", ["assignment port=8080", "assignment name=demo"], ""],
  "a.md": ["# Install guide\n\nRun the setup.\n", ["definition Install"], "Install guide"],
  "a.ts": [
    "export enum Level {\n  Low,\n  High = 3,\n}\n",
    ["definition Level", "definition Low", "definition High=3"],
    "Level",
  ],
};

test("anchors and symbols of small files", async () => {
  for (const [file, [text, wanted, symbol]] of Object.entries(SAMPLES)) {
    const segments = await check(file, text);
    assert.equal(segments.length, 1, file);
    const found = anchorsOf(text, segments[0]);
    for (const anchor of wanted) assert.ok(found.includes(anchor), `${file}: ${anchor} in ${found.join(", ")}`);
    assert.equal(segments[0]?.symbol, symbol, file);
  }
});

test("keeps a definition that fits whole, with its comment, and names it", async () => {
  const method = (name: string) =>
    `  /**\n   * Does ${name} to the thing, carefully.\n   */\n  ${name}(value) {\n${"    this.total += value * 2 + other(value);\n".repeat(5)}    return value;\n  }\n`;
  const text = `class Box {\n${["alpha", "beta", "gamma", "delta"].map(method).join("\n")}}\n`;
  const segments = await check("lib/box.js", text);
  for (const name of ["alpha", "beta", "gamma", "delta"]) {
    const holder = segments.filter((segment) => text.slice(segment.start, segment.end).includes(`${name}(value) {`));
    assert.equal(holder.length, 1);
    const body = text.slice(holder[0]?.start, holder[0]?.end);
    assert.ok(body.includes(`Does ${name}`) && body.includes("return value"), body);
    if (name !== "alpha") assert.equal(holder[0]?.symbol, `Box.${name}`);
  }
});

test("empty and blank texts have no segments", async () => {
  for (const text of ["", "\n", " \n\t\r\n", "}\n)\n"]) {
    assert.equal((await segmenter.segment("a.js", text)).segments.length, 0, JSON.stringify(text));
  }
});

test("huge lines, deep nesting and broken syntax", async () => {
  const inputs: Record<string, string> = {
    "one-line.js": `var a=[${"1234,".repeat(200_000)}];`,
    "minified.js": `${"function f(a){return a+1}".repeat(20_000)}`,
    "deep.js": `${"[".repeat(20_000)}1${"]".repeat(20_000)}`,
    "deep-lines.js": `${"if (a) {\n".repeat(3000)}b();\n${"}\n".repeat(3000)}`,
    "deep.c": "(".repeat(30_000),
    "broken.py": "def f(:\n  class\n ))) = 5\n\tx = = 3\n".repeat(50),
    "broken.ts": "class { foo( => <<< } const = ;\n`unclosed ${ template\n".repeat(50),
    "blank.py": `${"\n".repeat(200_000)}x = 1\n${"\n".repeat(200_000)}y = 2\n`,
    "unicode.go": '// 日本語コメント 😀\nvar 変数 = "héllo" // \ud800\n',
    "long-word.txt": "x".repeat(1_200_000),
  };
  for (const [file, text] of Object.entries(inputs)) {
    const started = process.cpuUsage();
    const { segments } = await segmenter.segment(file, text);
    assert.ok(segments.length >= 1, file);
    assert.ok(process.cpuUsage(started).user < 30e6, `${file} takes too long`);
    if (text.length < 300_000) await check(file, text);
  }
});

test("a missing grammar folder falls back to lines", async () => {
  const plain = Segmenter.create(tokenizer, { grammarFolder: "/nonexistent" });
  const result = await plain.segment("a.js", "const a = 1;\n");
  assert.equal(result.grammar, "lines");
  assert.equal(result.segments.length, 1);
  assert.ok(require.resolve("@vscode/tree-sitter-wasm/wasm/tree-sitter-cpp.wasm"));
});
