import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { citedPlaces, type Found } from "../../../src/engine/answer/cite.ts";
import type { Citation } from "../../../src/engine/types.ts";

const TEXT = Array.from({ length: 60 }, (_, i) => `const line${i + 1} = ${i + 1};`).join("\n");

/** Lines of a file as a segment; `told` is the text of its spans. */
function found(path: string, lineFrom: number, lineTo: number, support: number, ...told: string[]): Found {
  const spans = told.map((text) => {
    const start = TEXT.indexOf(text);
    return { start, end: start + text.length, logProbability: 0, logit: 0 };
  });
  return { candidate: { path, text: TEXT, lineFrom, lineTo }, support, spans };
}
const lines = (citations: readonly Citation[]) => citations.map(({ file, from, to }) => `${file}:${from}-${to}`);

describe("cited places", () => {
  it("takes segments that follow each other as one place, which still knows the best of them", () => {
    const citations = citedPlaces(
      [found("a", 11, 20, 0.9), found("b", 1, 5, 0.8), found("a", 1, 9, 0.7), found("a", 30, 40, 0.6)],
      5,
    );
    assert.deepEqual(lines(citations), ["a:1-20", "b:1-5", "a:30-40"]);
    assert.deepEqual(
      citations.map(({ at }) => at),
      [11, 1, 30],
    );
    assert.equal(citations[0]?.quote, TEXT.split("\n").slice(0, 20).join("\n"));
    assert.deepEqual(
      citations.map(({ relevance }) => relevance),
      [0.9, 0.8, 0.6],
    );
  });

  it("joins no neighbour that next to nothing speaks for, and not more than three", () => {
    const weak = [found("a", 11, 20, 0.9), found("a", 1, 10, 0.08)];
    assert.deepEqual(lines(citedPlaces(weak, 5)), ["a:11-20", "a:1-10"]);
    const many = [1, 11, 21, 31].map((from, i) => found("a", from, from + 9, 0.9 - i / 10));
    assert.deepEqual(lines(citedPlaces(many, 5)), ["a:1-30", "a:31-40"]);
  });

  it("leaves out what has a small share of the best one's support, but never the place of the answer", () => {
    const places = [found("a", 1, 5, 0.01, "line2 = 2"), found("b", 1, 5, 0.9), found("c", 1, 5, 0.02)];
    assert.deepEqual(lines(citedPlaces(places, 5)), ["a:1-5", "b:1-5"]);
  });

  it("takes in neighbours, but no other place, once there are enough", () => {
    const places = [found("a", 1, 10, 0.9), found("b", 1, 5, 0.8), found("c", 1, 5, 0.7), found("b", 6, 9, 0.6)];
    assert.deepEqual(lines(citedPlaces(places, 2)), ["a:1-10", "b:1-9"]);
  });

  it("says which places belong to the proof", () => {
    const supports = [0.2, 0.9, 0.5, 0.3, 0.4, 0.6];
    const citations = citedPlaces(
      supports.map((support, i) => found(`${i}`, 1, 5, support)),
      6,
    );
    assert.deepEqual(
      citations.map(({ proves }) => proves),
      [true, true, true, false, true, false],
    );
  });

  it("marks the answer where it stands", () => {
    const [first, second] = citedPlaces(
      [found("a", 11, 20, 0.9, "line12 = 12"), found("b", 1, 5, 0.8), found("a", 5, 10, 0.7)],
      5,
    );
    assert.deepEqual(first?.span, { line: 12, column: 6, text: "line12 = 12" });
    assert.deepEqual([first?.from, first?.at], [5, 11]);
    assert.equal(second?.span, undefined);
  });

  it("quotes a list whole that begins before its segment and goes on behind it, and no line of it twice", () => {
    const list = found("a", 11, 20, 0.9, "line9 = 9", "line12 = 12", "line22 = 22");
    const citations = citedPlaces([list, found("a", 21, 30, 0.01), found("a", 21, 30, 0.05)], 5);
    assert.deepEqual(lines(citations), ["a:9-30"]);
    assert.deepEqual(citations[0]?.span, { line: 9, column: 6, text: "line9 = 9" });
  });
});
