import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedRowError } from "../../../src/engine/store/rows.ts";
import { decodeList, encodeList, type ListedSegment } from "../../../src/engine/store/segment-list.ts";
import { Random } from "../memory/random.ts";

const SYMBOLS = ["", "Pool.take", "naïve\nname", "\0", "日本語 🦊", "x".repeat(300)];

function segments(count: number): ListedSegment[] {
  const random = new Random(count);
  return Array.from({ length: count }, (_, i) => ({
    id: 1 + random.integer(100_000),
    charFrom: i * 300 + random.integer(200),
    charTo: i * 300 + 200 + random.integer(2_000),
    lineFrom: i * 10 + 1,
    lineTo: i * 10 + 1 + random.integer(30),
    symbol: SYMBOLS[random.integer(SYMBOLS.length)] ?? "",
    hash: `h${random.integer(1e9)}`,
  }));
}

test("a file's segments come back as they were, in any order of ids and with any symbols", () => {
  for (const count of [0, 1, 2, 700]) assert.deepEqual(decodeList(encodeList(segments(count))), segments(count));
});

test("a list of segments takes few bytes", () => {
  const plain = segments(200).map((s, i) => ({ ...s, id: i + 1, symbol: `part${i >> 2}`, hash: s.hash.slice(0, 8) }));
  assert.ok(encodeList(plain).length < 200 * 16, `${encodeList(plain).length} bytes`);
});

test("damage in a list is told, never used", () => {
  const list = encodeList(segments(40));
  for (let at = 0; at < list.length; at += 7) {
    const damaged = list.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    assert.throws(() => decodeList(damaged), MalformedRowError, `byte ${at}`);
    assert.throws(() => decodeList(list.subarray(0, at)), MalformedRowError, `first ${at} bytes`);
  }
});
