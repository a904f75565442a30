import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseQuestions } from "../../bench/babilong/cell.ts";
import { Journal, OtherJournalError, type WrittenFile } from "../../bench/babilong/journal.ts";
import { baseAt, scatter } from "../../bench/babilong/scatter.ts";
import { BabiFilesError, parseStories, readQuestions, taskFile } from "../../bench/babilong/stories.ts";
import { seeded } from "../../bench/random.ts";

const TEXT = `1 Anna went to the attic.
2 Bob took the lamp there.
3 Where is Anna? \tattic\t1
4 Anna went to the cellar.
5 Where is Anna? \tcellar\t4
1 Bob went to the attic.
2 Where is Bob? \tattic\t1
`;

const folder = mkdtempSync(join(tmpdir(), "armt-babi-"));
after(() => rmSync(folder, { recursive: true }));

test("a question knows the statements before it in its story, and no others", () => {
  const questions = parseStories(TEXT);
  assert.deepEqual(
    questions.map(({ story, answer, statements }) => [story, answer, statements.length]),
    [
      [0, "attic", 2],
      [0, "cellar", 3],
      [1, "attic", 1],
    ],
  );
  assert.equal(questions[0]?.question, "Where is Anna?");
  assert.deepEqual(questions[2]?.statements, ["Bob went to the attic."]);
  assert.deepEqual(questions[1]?.supporting, ["Anna went to the cellar."]);
});

test("a task's file is found by the task in its name, the test split first", () => {
  for (const name of ["qa1_train.txt", "qa1_test.txt", "qa10_test.txt", "en-qa2-valid.txt"]) {
    writeFileSync(join(folder, name), TEXT);
  }
  assert.equal(taskFile(folder, "qa1"), join(folder, "qa1_test.txt"));
  assert.equal(taskFile(folder, "qa2"), join(folder, "en-qa2-valid.txt"));
  assert.throws(() => taskFile(folder, "qa3"), BabiFilesError);
  assert.throws(() => taskFile(join(folder, "none"), "qa1"), BabiFilesError);
  assert.equal(readQuestions(taskFile(folder, "qa1")).length, 3);
  writeFileSync(join(folder, "qa5_test.txt"), "nothing\n");
  assert.throws(() => readQuestions(join(folder, "qa5_test.txt")), BabiFilesError);
});

test("the journal of a long stream gives back what was added, and is refused to another stream", () => {
  const file = join(folder, "journal.jsonl");
  const added: WrittenFile[] = [1, 2].map((n) => ({
    tokens: [100 * n, 7],
    ranges: [0, 400, 401, 420],
    ms: 1.5 * n,
    writes: [{ segment: 1, writes: [{ slot: n, beta: 0.95, key: Float32Array.of(0.1, -n, 3) }] }],
  }));
  const journal = new Journal(file, "a");
  for (const written of added) journal.add(written);
  appendFileSync(file, '{"tokens":[3');
  const again = new Journal(file, "a");
  assert.deepEqual([...again.read()], added);
  again.add(added[0] as WrittenFile);
  assert.deepEqual([...again.read()], [...added, added[0]]);
  assert.throws(() => new Journal(file, "b"), OtherJournalError);
});

test("questions are drawn by the seed, one of each story before a second", () => {
  const questions = parseStories(TEXT.repeat(20));
  const drawn = chooseQuestions(questions, 40, 3);
  assert.equal(new Set(drawn.map(({ story }) => story)).size, 40);
  assert.deepEqual(drawn, chooseQuestions(questions, 40, 3));
  assert.notDeepEqual(drawn, chooseQuestions(questions, 40, 4));
});

test("statements stand in the stream in their order, every line of the background once", () => {
  const base = (segment: number): string[] => [`a ${segment}`, `b ${segment}`, `c ${segment}`];
  for (const [count, segments] of [
    [5, 1000],
    [30, 4],
    [60, 1],
    [7, 0],
  ] as const) {
    const statements = Array.from({ length: count }, (_, i) => `fact ${i}`);
    const stream = scatter(statements, segments, seeded(count), base);
    assert.deepEqual(stream, scatter(statements, segments, seeded(count), base));
    const own = new Map(stream.changed.map((segment) => [segment.address, segment.lines]));
    assert.equal(own.size, stream.changed.length);
    const lines = Array.from({ length: stream.segments }, (_, at) => own.get(at) ?? base(baseAt(stream, at))).flat();
    assert.deepEqual(
      lines.filter((line) => line.startsWith("fact")),
      statements,
    );
    assert.deepEqual(
      lines.filter((line) => !line.startsWith("fact")),
      Array.from({ length: segments }, (_, segment) => base(segment)).flat(),
    );
  }
});
