import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertVerbatim, Sandbox } from "./support.ts";

const FACT = "// Pigeons come back after this many milliseconds.\nexports.pigeonTimeout = 90210;\n";

test("a file of 200 MB is left out with a reason and costs no memory", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w");
  writeFileSync(join(workspace, "huge.js"), FACT);
  truncateSync(join(workspace, "huge.js"), 200_000_000);
  const report = await box.index(workspace);
  assert.equal(report.skipped["too-large"], 1, JSON.stringify(report.skipped));
  assert.ok(report.peakMemoryMb < 1000, `${report.peakMemoryMb} MB`);
});

test("binary files are left out with a reason", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w");
  const before = await box.index(workspace);
  writeFileSync(join(workspace, "noise.js"), Buffer.concat([Buffer.from("exports.x = 1;\n"), randomBytes(40_000)]));
  writeFileSync(join(workspace, "picture.png"), randomBytes(5_000));
  const report = await box.index(workspace);
  const left = (skipped: Readonly<Record<string, number>>): number => Object.values(skipped).reduce((a, b) => a + b, 0);
  assert.equal(left(report.skipped) - left(before.skipped), 2, JSON.stringify(report.skipped));
  assert.equal(report.files, before.files);
});

test("a minified file of 5 MB in one line is left out with a reason", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w");
  const piece = "function a(b){return b?c(b):d(b)}var e=a(1);";
  writeFileSync(join(workspace, "app.js"), piece.repeat(Math.ceil(5_000_000 / piece.length)));
  const report = await box.index(workspace);
  assert.equal(
    (report.skipped["minified"] ?? 0) + (report.skipped["too-large"] ?? 0),
    1,
    JSON.stringify(report.skipped),
  );
  assert.ok(report.ms < 60_000);
});

test("invalid UTF-8 neither stops the index nor is ever quoted wrongly", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w");
  // Latin-1: "größe" is not UTF-8. A lone continuation byte and a cut-off sequence in the second file.
  writeFileSync(join(workspace, "latin.js"), Buffer.from(`// gr\u00f6\u00dfe\n${FACT}`, "latin1"));
  writeFileSync(
    join(workspace, "cut.js"),
    Buffer.concat([Buffer.from("exports.cut = 1; // "), Buffer.from([0x80, 0xf0, 0x9f])]),
  );
  await box.index(workspace);
  assert.equal((await box.run(["verify", workspace])).code, 0);
  const answer = await box.ask(workspace, "what is the value of pigeonTimeout?");
  assertVerbatim(workspace, answer.citations);
});

test("CRLF lines are quoted as they stand on disk", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w");
  writeFileSync(
    join(workspace, "windows.js"),
    `"use strict";\r\n${FACT.replace(/\n/g, "\r\n")}\r\nmodule.exports.other = 1;\r\n`,
  );
  await box.index(workspace);
  const answer = await box.ask(workspace, "what is the value of pigeonTimeout?");
  const cited = answer.citations.filter(({ file }) => file === "windows.js");
  assert.ok(cited.length > 0, JSON.stringify(answer));
  assert.ok(cited.some(({ quote }) => quote.includes("90210;\r")));
  assertVerbatim(workspace, answer.citations);
  // For people the carriage return is not shown.
  const shown = await box.run(["ask", workspace, "what is the value of pigeonTimeout?"]);
  assert.doesNotMatch(shown.stdout, /\r|\\x0d/);
});

test("escape sequences and direction overrides in a file cannot reach the terminal", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w");
  writeFileSync(
    join(workspace, "evil.js"),
    "// Pigeons \u001b[2J\u001b]0;owned\u0007 and \u202e overrides\nexports.pigeonTimeout = 90210; // \u009b31m \u202e\n",
  );
  const json = await box.ask(workspace, "what is the value of pigeonTimeout?");
  assert.ok(
    json.citations.some(({ quote }) => quote.includes("\u202e")),
    JSON.stringify(json),
  );
  const shown = await box.run(["ask", workspace, "what is the value of pigeonTimeout?"]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find.
  assert.doesNotMatch(shown.stdout + shown.stderr, /[\u001b\u0007\u009b\u202e]/);
  assert.match(shown.stdout, /\\u202e/);
});

test("an empty file, a file of blank lines and one without a last line feed", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w");
  writeFileSync(join(workspace, "empty.js"), "");
  writeFileSync(join(workspace, "blank.js"), "\n\n\n   \n\t\n");
  writeFileSync(join(workspace, "open.js"), FACT.trimEnd());
  await box.index(workspace);
  assert.equal((await box.run(["verify", workspace])).code, 0);
  assertVerbatim(workspace, (await box.ask(workspace, "what is the value of pigeonTimeout?")).citations);
});
