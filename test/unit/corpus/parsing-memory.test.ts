import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

/** Parses a long file in each of some languages and prints the process's peak memory in MiB. */
const PROGRAM = `
import { Segmenter } from "./src/engine/corpus/segment.ts";
import { Tokenizer } from "./src/engine/corpus/tokenize.ts";
const segmenter = Segmenter.create(Tokenizer.load("models/armt-code/tokenizer.json"));
const functions = {
  go: (n) => "func f" + n + "(a int, b string) (int, error) {\\n\\tif a > " + n + " {\\n\\t\\treturn a, nil\\n\\t}\\n\\treturn " + n + ", nil\\n}\\n",
  rb: (n) => "def f" + n + "(a, b)\\n  return a if a > " + n + "\\n  [a, b].map { |x| x + " + n + " }\\nend\\n",
  cs: (n) => "class C" + n + " { int F(int a) { if (a > " + n + ") { return a; } return " + n + "; } }\\n",
  ps1: (n) => "function F" + n + "($a) { if ($a -gt " + n + ") { return $a } ; return " + n + " }\\n",
};
for (const [extension, one] of Object.entries(functions)) {
  const text = Array.from({ length: 2500 }, (_, n) => one(n)).join("\\n");
  const { grammar } = await segmenter.segment("long." + extension, text);
  if (grammar === "") throw new Error("not parsed: " + extension);
}
console.log(process.resourceUsage().maxRSS / 1024);
`;

test("parsing long files in several languages takes little memory", () => {
  const peak = Number(execFileSync(process.execPath, ["--input-type=module", "-e", PROGRAM], { encoding: "utf8" }));
  assert.ok(peak > 50 && peak < 450, `${peak} MiB`);
});
