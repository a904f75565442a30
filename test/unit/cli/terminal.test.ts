import assert from "node:assert/strict";
import { test } from "node:test";
import { indented, safeBlock, safeLine } from "../../../src/cli/terminal.ts";

test("control characters and direction overrides are shown as escapes", () => {
  assert.equal(safeBlock("a\u001b[2Jb\u0007"), "a\\x1b[2Jb\\x07");
  assert.equal(safeBlock("x\u009b31m\u202ey\u2066z"), "x\\x9b31m\\u202ey\\u2066z");
  assert.equal(safeBlock("\u{e0041}tag\u200bzero\ufeff"), "\\u{e0041}tag\\u200bzero\\ufeff");
});

test("blocks keep their lines and tabs and lose the carriage returns of line ends only", () => {
  assert.equal(safeBlock("a\tb\r\nc\r"), "a\tb\nc");
  assert.equal(safeBlock("a\rb"), "a\\x0db");
});

test("a line stays one line", () => {
  assert.equal(safeLine("file\nname\t.js"), "file\\nname\\t.js");
});

test("letters, emoji and combining marks stay as they are", () => {
  const text = "größe 日本語 🚀 é עברית";
  assert.equal(safeBlock(text), text);
});

test("blank lines are not indented", () => {
  assert.equal(indented("a\n\nb", "  "), "  a\n\n  b");
});
