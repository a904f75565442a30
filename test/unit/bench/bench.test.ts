import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Answer } from "../../../src/engine/types.ts";
import { chooseQuestions, loadQuestions, type Question, UnknownRepositoryError } from "../../bench/questions/load.ts";
import {
  checkSources,
  givenSources,
  SourcesMismatchError,
  SourcesMissingError,
} from "../../bench/questions/sources.ts";
import { quoteFaults } from "../../bench/quotes.ts";
import { figures, judge, mainTable } from "../../bench/report.ts";
import { Journal, type ResultRecord } from "../../bench/results.ts";

const folder = mkdtempSync(join(tmpdir(), "armt-bench-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("question sets", () => {
  it("hold the pinned questions, four wordings each, apart from each other", () => {
    const dev = loadQuestions("dev").questions;
    const train = loadQuestions("train").questions;
    assert.equal(dev.length, 282);
    assert.equal(train.length, 6058);
    assert.ok([...dev, ...train].every((question) => question.paraphrases.length === 3));
    const repos = new Set(train.map((question) => question.repo));
    assert.ok(dev.every((question) => !repos.has(question.repo)));
    assert.equal(new Set([...dev, ...train].map((question) => question.id)).size, 6340);
  });

  it("are limited evenly and by repository", () => {
    const { questions } = loadQuestions("dev");
    const chosen = chooseQuestions(questions, ["ws", "gin"], 6);
    assert.deepEqual(new Set(chosen.map((question) => question.repo)), new Set(["ws", "gin"]));
    assert.equal(chosen.length, 12);
    assert.ok(new Set(chosen.map((question) => question.type)).size >= 4);
    assert.throws(() => chooseQuestions(questions, ["nope"]), UnknownRepositoryError);
  });
});

const question: Question = {
  id: "r-1",
  repo: "r",
  type: "fact",
  question: "limit?",
  paraphrases: ["cap?"],
  answers: ["10"],
  spans: [{ file: "a.js", line: 2, text: "10" }],
  evidence: [{ file: "a.js", lines: [2, 2], must_contain: "limit = 10" }],
};

describe("sources", () => {
  it("are checked against the questions", () => {
    const workspaces = join(folder, "ws");
    mkdirSync(join(workspaces, "r"), { recursive: true });
    writeFileSync(join(workspaces, "r", "a.js"), "// limit\nconst limit = 10;\n");
    checkSources(workspaces, [question]);
    assert.throws(
      () => checkSources(workspaces, [{ ...question, spans: [{ file: "a.js", line: 1, text: "10" }] }]),
      SourcesMismatchError,
    );
    assert.throws(() => checkSources(workspaces, [{ ...question, repo: "gone" }]), SourcesMismatchError);
    assert.equal(givenSources(folder, ["r"]), workspaces);
    assert.equal(givenSources(workspaces, ["r"]), workspaces);
    assert.throws(() => givenSources(folder, ["r", "gone"]), SourcesMissingError);
  });
});

describe("quote check", () => {
  const workspace = join(folder, "quotes");
  mkdirSync(workspace);
  writeFileSync(join(workspace, "a.js"), "\ufeff// größe\r\nconst limit = 10;\nlast");
  writeFileSync(join(workspace, "latin.txt"), Buffer.from([0x67, 0xf6, 0x0a, 0x78]));
  writeFileSync(join(workspace, "wide.txt"), Buffer.from("\ufeffa\n10 größe", "utf16le"));
  const answer = (citation: Partial<Answer["citations"][number]>, change: Partial<Answer> = {}): Answer => ({
    question: "?",
    answer: "10",
    kind: "span",
    abstained: false,
    confidence: 1,
    citations: [
      { file: "a.js", from: 2, to: 2, at: 2, quote: "const limit = 10;", relevance: 1, proves: true, ...citation },
    ],
    chain: [],
    recalled: 1,
    read: 1,
    ms: 1,
    coverage: 1,
    ...change,
  });
  const faults = (...args: Parameters<typeof answer>): readonly string[] => quoteFaults(workspace, answer(...args));

  it("passes what is on disk, byte by byte", () => {
    assert.deepEqual(faults({ span: { line: 2, column: 14, text: "10" } }), []);
    assert.deepEqual(faults({ from: 1, to: 3, quote: "// größe\r\nconst limit = 10;\nlast" }), []);
    assert.deepEqual(faults({ file: "wide.txt", from: 2, to: 2, quote: "10 größe" }), []);
    assert.deepEqual(
      faults({ file: "latin.txt", from: 1, to: 1, quote: "g\ufffd" }, { answer: null, kind: "none" }),
      [],
    );
  });

  it("tells everything else", () => {
    assert.equal(faults({ quote: "const limit = 11;" }, { answer: "11" }).length, 1);
    assert.equal(faults({ from: 1, to: 2, quote: "// größe\nconst limit = 10;" }).length, 1, "the CR is lost");
    assert.equal(faults({ to: 4 }).length, 1);
    assert.equal(faults({ file: "b.js" }).length, 1);
    assert.equal(faults({ span: { line: 2, column: 13, text: "10" } }).length, 1);
    assert.equal(faults({ span: { line: 3, column: 0, text: "last" } }).length, 1);
    assert.equal(faults({}, { answer: "12" }).length, 1);
    assert.equal(faults({}, { answer: "10, 12", kind: "list" }).length, 1);
    assert.deepEqual(faults({}, { answer: "no", kind: "no" }), []);
  });
});

describe("journal", () => {
  const result = (wording: number, change: Partial<ResultRecord> = {}): ResultRecord => ({
    record: "result",
    system: "armt",
    id: "r-1",
    wording,
    text: "?",
    reply: { citations: [{ file: "a.js", from: 1, to: 9 }], answer: "'10'", confidence: 0.9, ms: 5 },
    faults: [],
    ...change,
  });

  it("goes on after a torn line", () => {
    const place = join(folder, "journals");
    const first = Journal.open(place, "dev-1", false);
    first.append(result(0));
    appendFileSync(first.file, '{"record":"result","sys');
    const second = Journal.open(place, "dev-1", true);
    assert.equal(second.file, first.file);
    assert.ok(second.has("armt", "r-1", 0) && !second.has("armt", "r-1", 1));
    second.append(result(1));
    assert.equal(Journal.open(place, "dev-1", true).records.length, 2);
    assert.equal(Journal.open(place, "dev-2", true).records.length, 0, "another model or question set");
  });

  it("adds up to the figures of the table", () => {
    const negative: Question = { ...question, id: "r-2", type: "negative", answers: [], spans: [], evidence: [] };
    const records = [
      result(0),
      result(1, { reply: { citations: [{ file: "b.js", from: 1, to: 2 }], answer: null, confidence: 0.1, ms: 15 } }),
      result(0, { id: "r-2", reply: { citations: [], answer: null, confidence: 0, ms: 5 } }),
      result(1, { id: "r-2", reply: { citations: [], answer: null, confidence: 0, ms: 5 } }),
    ];
    const all = figures(judge(records, [question, negative]));
    assert.deepEqual(
      [
        all.questions,
        all.wordings,
        all.hit1,
        all.hit5,
        all.all5,
        all.exact,
        all.abstainedRight,
        all.abstainedWrong,
        all.stable,
      ],
      [2, 4, 0.5, 0.5, null, 0.5, 1, 0.5, 0.5],
    );
    assert.deepEqual([all.msP50, all.msP95], [5, 15]);
    assert.ok(Math.abs((all.calibrationError ?? 0) - 0.1) < 1e-12);
    const peer = figures(judge([result(0, { reply: { citations: [], ms: 1 } })], [question]));
    assert.deepEqual([peer.hit5, peer.exact, peer.abstainedWrong, peer.stable], [0, null, null, null]);
    assert.match(mainTable([["armt", all]]), /\| armt \| 0\.500 \|/u);
  });
});
