import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  allHitAt,
  answerRight,
  calibrationError,
  evidenceRanks,
  exactMatch,
  hitAt,
  listItems,
  normalise,
  percentile,
  type Reply,
  scoreAnswer,
  scoreList,
  stabilityKey,
} from "../../bench/metrics.ts";
import type { Question } from "../../bench/questions/load.ts";

const question: Question = {
  id: "q",
  repo: "r",
  type: "fact",
  question: "?",
  paraphrases: [],
  answers: ["30000"],
  spans: [{ file: "b.js", line: 10, text: "30000" }],
  evidence: [
    { file: "a.js", lines: [5, 8], must_contain: "x" },
    { file: "b.js", lines: [10, 10], must_contain: "y" },
  ],
};
const reply: Reply = { citations: [], ms: 1 };

describe("evidence", () => {
  it("hits where a line is shared, and only in the same file", () => {
    const ranks = evidenceRanks(
      [
        { file: "a.js", from: 1, to: 4 },
        { file: "b.js", from: 5, to: 8 },
        { file: "a.js", from: 8, to: 30 },
        { file: "b.js", from: 10, to: 10 },
        { file: "a.js", from: 5, to: 5 },
      ],
      question.evidence,
    );
    assert.deepEqual(ranks, [3, 4]);
    assert.equal(hitAt(ranks, 2), false);
    assert.equal(hitAt(ranks, 3), true);
    assert.equal(allHitAt(ranks, 3), false);
    assert.equal(allHitAt(ranks, 4), true);
  });

  it("misses without citations or evidence", () => {
    assert.deepEqual(evidenceRanks([], question.evidence), [null, null]);
    assert.equal(hitAt([], 5), false);
    assert.equal(allHitAt([], 5), false);
  });
});

describe("answers", () => {
  it("are equal but for case, quotes, white space and trailing punctuation", () => {
    assert.equal(normalise(" 'NodeBuffer' ;"), "nodebuffer");
    assert.equal(normalise("100 *\n  1024"), "100 * 1024");
    assert.ok(exactMatch('"30000",', ["30 s", "30000"]));
    assert.ok(!exactMatch("300000", ["30000"]));
    assert.ok(!exactMatch("CLOSE_TIMEOUT: 30000", ["30000"]));
  });

  it("count where exactness is asked for", () => {
    assert.deepEqual(scoreAnswer({ ...reply, answer: "30000." }, question), { exact: true, f1: 1 });
    assert.deepEqual(scoreAnswer({ ...reply, answer: null }, question), { exact: false, f1: 0 });
    assert.equal(scoreAnswer(reply, question), null, "a peer without answers");
    assert.equal(scoreAnswer({ ...reply, answer: "x" }, { ...question, type: "location" }), null);
    assert.equal(scoreAnswer({ ...reply, answer: "x" }, { ...question, type: "negative" }), null);
  });

  it("of a list must name every item and nothing else", () => {
    const list = { answers: ["ws:", "wss:", "http:"], spans: [] };
    assert.deepEqual([...listItems("'ws:', \"wss:\"; a,b")], ["ws", "wss", "a,b"]);
    assert.deepEqual(scoreList("http:, ws:, wss:", list), { exact: true, f1: 1 });
    assert.deepEqual(scoreList("ws:\nwss:\nhttp:", list), { exact: true, f1: 1 });
    assert.deepEqual(scoreList("ws:, wss:", list), { exact: false, f1: 0.8 });
    assert.equal(scoreList("ws:, wss:, http:, ftp:", list).exact, false);
    assert.deepEqual(scoreList("ftp:", list), { exact: false, f1: 0 });
  });

  it("of a list may use other accepted names", () => {
    const named = {
      answers: ["GITLAB", "CIRCLE", "GitLab CI"],
      spans: ["GITLAB", "CIRCLE"].map((text) => ({ file: "f", line: 1, text })),
    };
    assert.equal(scoreList("gitlab, circle", named).exact, true);
    assert.equal(scoreList("gitlab, circle, GitLab CI", named).exact, true);
    assert.equal(scoreList("GitLab CI, circle", named).exact, false);
  });
});

describe("stability", () => {
  it("compares answers, for locations files, and takes abstention for an answer", () => {
    const key = (answer: string | null, type: Question["type"], file = "a.js"): string | null =>
      stabilityKey({ ...reply, answer, citations: [{ file, from: 1, to: 2 }] }, { ...question, type });
    assert.equal(key("'A'", "fact"), key("a", "fact"));
    assert.notEqual(key("a", "fact"), key("b", "fact"));
    assert.equal(key("a", "location"), key("b", "location"));
    assert.notEqual(key("a", "location"), key("a", "location", "b.js"));
    assert.equal(key("a, b", "list"), key("b, a", "list"));
    assert.equal(key(null, "negative"), key(null, "fact"));
    assert.equal(stabilityKey(reply, question), null);
  });
});

describe("calibration", () => {
  it("is 0 for honest and 1 for confidently wrong answers", () => {
    const honest = [true, true, true, false].map((right) => ({ confidence: 0.75, right }));
    assert.equal(calibrationError(honest), 0);
    assert.equal(calibrationError([{ confidence: 1, right: false }]), 1);
    assert.equal(calibrationError([]), null);
  });

  it("weighs bins by size", () => {
    const error = calibrationError([
      { confidence: 0.95, right: true },
      { confidence: 0.95, right: true },
      { confidence: 0.95, right: true },
      { confidence: 0.25, right: true },
    ]);
    assert.ok(Math.abs((error ?? 0) - (0.75 * 0.05 + 0.25 * 0.75)) < 1e-12);
  });

  it("judges given answers only", () => {
    const at = (file: string): Reply => ({ ...reply, answer: "x", citations: [{ file, from: 5, to: 6 }] });
    assert.equal(answerRight({ ...reply, answer: null }, question), null);
    assert.equal(answerRight(at("a.js"), { ...question, type: "location" }), true);
    assert.equal(answerRight(at("c.js"), { ...question, type: "location" }), false);
    assert.equal(answerRight(at("a.js"), { ...question, type: "negative", evidence: [] }), false);
    assert.equal(answerRight({ ...reply, answer: "30000" }, question), true);
  });
});

describe("percentile", () => {
  it("is a value that occurred", () => {
    const times = [5, 1, 4, 2, 3];
    assert.equal(percentile(times, 0.5), 3);
    assert.equal(percentile(times, 0.95), 5);
    assert.equal(percentile([7], 0.5), 7);
    assert.equal(percentile([], 0.5), null);
  });
});
