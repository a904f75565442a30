import assert from "node:assert/strict";
import { test } from "node:test";
import { describeIndex } from "../../../src/cli/progress.ts";
import type { IndexProgress } from "../../../src/engine/types.ts";

const at = (part: Partial<IndexProgress>): IndexProgress => ({
  phase: "stream",
  filesDone: 0,
  filesTotal: 10,
  bytesDone: 0,
  bytesTotal: 4_000_000,
  segmentsDone: 0,
  tokensDone: 0,
  elapsedMs: 0,
  ...part,
});

test("bytes, segments a second and time left", () => {
  const start = at({ elapsedMs: 1000 });
  const now = at({ bytesDone: 1_000_000, segmentsDone: 250, elapsedMs: 11_000 });
  assert.equal(describeIndex(now, start), "1.0 MB of 4.0 MB (25%), 25.0 segments/s, 30 s left");
});

test("rates are of the streaming alone, not of what was kept", () => {
  const start = at({ bytesDone: 2_000_000, segmentsDone: 500, elapsedMs: 100 });
  const now = at({ bytesDone: 3_000_000, segmentsDone: 600, elapsedMs: 10_100 });
  assert.equal(describeIndex(now, start), "3.0 MB of 4.0 MB (75%), 10.0 segments/s, 10 s left");
});

test("no rate before there is one, and no division by zero", () => {
  assert.equal(describeIndex(at({}), at({})), "0 B of 4.0 MB (0%)");
  assert.equal(describeIndex(at({ bytesTotal: 0 }), at({})), "0 B of 0 B (100%)");
  assert.match(describeIndex(at({ phase: "discover", filesTotal: 1234 }), undefined), /1,234/);
});
