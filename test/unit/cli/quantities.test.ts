import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, duration, percent, plural } from "../../../src/cli/quantities.ts";

test("quantities as people read them", () => {
  assert.equal(count(1234567), "1,234,567");
  assert.equal(plural(1, "file"), "1 file");
  assert.equal(plural(0, "file"), "0 files");
  assert.deepEqual([0, 999, 1000, 999_949, 999_950, 45_600_000, 2e15].map(bytes), [
    "0 B",
    "999 B",
    "1.0 KB",
    "999.9 KB",
    "1.0 MB",
    "45.6 MB",
    "2000.0 TB",
  ]);
});

test("durations never show 60 of a unit", () => {
  assert.deepEqual([0, 999, 1000, 59_949, 59_950, 125_000, 3_599_900, 3_720_000].map(duration), [
    "0 ms",
    "999 ms",
    "1.0 s",
    "59.9 s",
    "1 min 00 s",
    "2 min 05 s",
    "1 h 00 min",
    "1 h 02 min",
  ]);
});

test("percent is 100 only when all is done and 0 only when nothing is", () => {
  assert.deepEqual([0, 0.001, 0.5, 0.999, 1].map(percent), ["0%", "1%", "50%", "99%", "100%"]);
});
