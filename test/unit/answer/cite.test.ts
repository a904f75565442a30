import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CitedPlaces } from "../../../src/engine/answer/cite.ts";
import type { ReadCandidate } from "../../../src/engine/read/candidate.ts";

const TEXT = Array.from({ length: 40 }, (_, i) => `const line${i + 1} = ${i + 1};`).join("\n");
const NONE = new Int32Array();

/** Lines of a file as a segment. */
const segment = (path: string, lineFrom: number, lineTo: number): ReadCandidate => ({
  id: lineFrom,
  path,
  text: TEXT,
  prior: 0,
  symbol: "",
  lineFrom,
  lineTo,
  header: NONE,
  code: NONE,
  tokenStarts: NONE,
  tokenEnds: NONE,
  anchors: [],
});

/** What is cited of the segments, in this order, where so many places may be; the first one holds the `text`. */
function cited(most: number, segments: readonly ReadCandidate[], text?: string) {
  const places = new CitedPlaces(most);
  for (const [i, one] of segments.entries()) if (places.fits(one)) places.add(one, 0.9 - i / 10);
  const start = text === undefined ? 0 : TEXT.indexOf(text);
  const spans = text === undefined ? [] : [{ start, end: start + text.length, logProbability: 0, logit: 0 }];
  return places.citations(segments[0], spans);
}
const lines = (citations: ReturnType<typeof cited>) => citations.map(({ file, from, to }) => `${file}:${from}-${to}`);

describe("cited places", () => {
  it("takes segments that follow each other as one place, in the better one's stead", () => {
    const segments = [segment("a", 11, 20), segment("b", 1, 5), segment("a", 1, 10), segment("a", 30, 40)];
    const citations = cited(5, segments);
    assert.deepEqual(lines(citations), ["a:1-20", "b:1-5", "a:30-40"]);
    assert.equal(citations[0]?.quote, TEXT.split("\n").slice(0, 20).join("\n"));
    assert.deepEqual(
      citations.map(({ relevance }) => relevance),
      [0.9, 0.8, 0.9 - 0.3],
    );
  });

  it("joins two places when what stands between them comes", () => {
    const segments = [segment("a", 1, 10), segment("b", 1, 5), segment("a", 21, 30), segment("a", 11, 20)];
    assert.deepEqual(lines(cited(5, segments)), ["a:1-30", "b:1-5"]);
  });

  it("takes in neighbours, but no other place, once there are enough", () => {
    const segments = [segment("a", 1, 10), segment("b", 1, 5), segment("c", 1, 5), segment("b", 6, 9)];
    assert.deepEqual(lines(cited(2, segments)), ["a:1-10", "b:1-9"]);
  });

  it("marks the answer in the place that holds it, and takes in what of it goes on behind", () => {
    const segments = [segment("a", 11, 20), segment("b", 1, 5), segment("a", 5, 10)];
    const [first, second] = cited(5, segments, "line12 = 12");
    assert.deepEqual(first?.span, { line: 12, column: 6, text: "line12 = 12" });
    assert.equal(second?.span, undefined);
    assert.deepEqual(lines(cited(5, segments, "20;\nconst line21 = 21;\nconst line22")), ["a:5-22", "b:1-5"]);
  });
});
