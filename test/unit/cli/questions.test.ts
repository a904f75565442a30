import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { folderAndQuestion } from "../../../src/cli/commands/ask.ts";
import {
  QuestionsUnreadableError,
  ResultsFile,
  ResultsNotWritableError,
  readQuestions,
} from "../../../src/cli/questions.ts";

const folder = mkdtempSync(join(tmpdir(), "armt-questions-"));
after(() => rmSync(folder, { recursive: true }));

test("bad lines are told by number, good ones are read", () => {
  const file = join(folder, "q.jsonl");
  writeFileSync(
    file,
    '\ufeff{"id":1,"question":"a"}\r\n\n[]\n{"id":null,"question":"b"}\n{"id":"1","question":"c"}\n{"id":1,"question":"d"}\n"x"\nnull',
  );
  const { questions, bad } = readQuestions(file);
  assert.deepEqual(questions, [
    { id: 1, question: "a" },
    { id: "1", question: "c" },
  ]);
  assert.deepEqual(
    bad.map(({ line }) => line),
    [3, 4, 6, 7, 8],
  );
  assert.match(bad[2]?.reason ?? "", /line 1 already/);
  assert.throws(() => readQuestions(join(folder, "none")), QuestionsUnreadableError);
  assert.throws(() => readQuestions(folder), QuestionsUnreadableError);
});

test("earlier results are dropped only when the first new one comes", () => {
  const file = join(folder, "r.jsonl");
  writeFileSync(file, "earlier\n");
  {
    using results = new ResultsFile(file, false);
    assert.equal(readFileSync(file, "utf8"), "earlier\n");
    results.append('{"id":1}');
    results.append('{"id":2}');
  }
  assert.equal(readFileSync(file, "utf8"), '{"id":1}\n{"id":2}\n');
});

test("resuming keeps whole lines and drops one that was cut off", () => {
  const file = join(folder, "resumed.jsonl");
  writeFileSync(file, '{"id":"ä"}\n{"id":2}\n{"id":3,"ans');
  {
    using results = new ResultsFile(file, true);
    assert.ok(results.answered.has("ä") && results.answered.has(2) && !results.answered.has(3));
    results.append('{"id":3}');
  }
  assert.equal(readFileSync(file, "utf8"), '{"id":"ä"}\n{"id":2}\n{"id":3}\n');
  assert.throws(() => new ResultsFile(join(folder, "no", "r"), false), ResultsNotWritableError);
});

test("one positional argument is the question, two are folder and question", () => {
  assert.deepEqual(folderAndQuestion("where is it?", undefined), [".", "where is it?"]);
  assert.deepEqual(folderAndQuestion("src", "where is it?"), ["src", "where is it?"]);
  assert.throws(() => folderAndQuestion(folder, undefined), /the question is missing/);
  assert.throws(() => folderAndQuestion("src", " "), /empty/);
});
