import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { Answer } from "../../src/engine/types.ts";
import { assertVerbatim, git, MEDIUM, Sandbox } from "./support.ts";

/** Segments that the state has of a file. */
function segmentsOf(state: string, path: string): number {
  const database = new DatabaseSync(state, { readOnly: true });
  try {
    return Number(database.prepare("SELECT segments FROM files WHERE path = ?").get(path)?.["segments"] ?? 0);
  } finally {
    database.close();
  }
}

test("a second index streams only what an edit changed", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w", MEDIUM);
  const first = await box.index(workspace);
  assert.ok(first.streamedSegments > 0);
  const unchanged = await box.index(workspace);
  assert.equal(unchanged.streamedSegments, 0);
  assert.equal(unchanged.streamedFiles, 0);
  assert.equal(unchanged.writes, first.writes);

  const edited = join(workspace, "amqplib/lib/recovery.js");
  writeFileSync(edited, `// One line more.\n${readFileSync(edited, "utf8")}`);
  const second = await box.index(workspace);
  assert.equal(second.streamedFiles, 1);
  const inFile = segmentsOf(second.state, "amqplib/lib/recovery.js");
  assert.ok(
    second.streamedSegments >= 1 && second.streamedSegments <= inFile,
    `${second.streamedSegments} of ${inFile}`,
  );
  assert.equal((await box.run(["verify", workspace])).code, 0);

  // Saved again with the same content: only its time differs.
  writeFileSync(edited, readFileSync(edited));
  assert.equal((await box.index(workspace)).streamedSegments, 0);
});

test("an updated state holds the same and answers the same as one made afresh", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w", MEDIUM);
  const file = join(workspace, "amqplib/lib/bitset.js");
  const original = readFileSync(file);
  await box.index(workspace);
  writeFileSync(file, "exports.gone = true;\n");
  await box.index(workspace);
  writeFileSync(file, original);
  const updated = await box.index(workspace);
  const fresh = await box.index(workspace, "--state", box.path("fresh.sqlite"));
  assert.equal(updated.segments, fresh.segments);
  assert.equal(updated.writes, fresh.writes);
  const question = "what is the default of initialDelay?";
  const [a, b] = [await box.ask(workspace, question), await box.ask(workspace, question, "--state", fresh.state)];
  // A segment's address is where it found room, and the last digits of a score depend on it.
  const place = ({ citations: [first] }: Answer): unknown => [first?.file, first?.from, first?.to, first?.quote];
  assert.deepEqual([a.answer, a.kind, a.abstained, place(a)], [b.answer, b.kind, b.abstained, place(b)]);
});

test("nothing of a deleted file is ever cited, and a moved file is cited at its new place", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w", MEDIUM);
  writeFileSync(join(workspace, "secret-port.js"), "// The port of the pigeon loft.\nexports.pigeonPort = 31337;\n");
  const question = "what is the value of pigeonPort?";
  await box.index(workspace);
  const before = await box.ask(workspace, question);
  assert.ok(
    before.citations.some(({ file }) => file === "secret-port.js"),
    JSON.stringify(before),
  );

  renameSync(join(workspace, "secret-port.js"), join(workspace, "amqplib/moved.js"));
  const moved = await box.ask(workspace, question);
  assert.ok(moved.citations.every(({ file }) => file !== "secret-port.js"));
  assert.ok(
    moved.citations.some(({ file }) => file === "amqplib/moved.js"),
    JSON.stringify(moved),
  );
  assertVerbatim(workspace, moved.citations);

  rmSync(join(workspace, "amqplib/moved.js"));
  const gone = await box.ask(workspace, question);
  assert.notEqual(gone.answer, "31337");
  for (const { file, quote } of gone.citations) {
    assert.notEqual(file, "amqplib/moved.js");
    assert.doesNotMatch(quote, /pigeon/i);
  }
  const report = await box.index(workspace);
  assert.equal(segmentsOf(report.state, "amqplib/moved.js"), 0);
  assert.equal((await box.run(["verify", workspace])).code, 0);
});

test("git switch streams only what differs", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w", MEDIUM);
  const file = join(workspace, "amqplib/lib/recovery.js");
  git(workspace, "init", "-q", "-b", "main");
  git(workspace, "add", "-A");
  git(workspace, "commit", "-qm", "one");
  git(workspace, "switch", "-qc", "other");
  writeFileSync(file, `${readFileSync(file, "utf8")}\n// On the other branch.\nmodule.exports.branchFlag = 77123;\n`);
  writeFileSync(join(workspace, "added.js"), "exports.addedOnBranch = 5;\n");
  git(workspace, "add", "-A");
  git(workspace, "commit", "-qm", "two");
  git(workspace, "switch", "-q", "main");

  const first = await box.index(workspace);
  git(workspace, "switch", "-q", "other");
  const there = await box.index(workspace);
  assert.equal(there.streamedFiles, 2);
  assert.ok(there.streamedSegments < first.segments / 2);
  assert.equal(there.files, first.files + 1);
  git(workspace, "switch", "-q", "main");
  const back = await box.index(workspace);
  assert.ok(back.streamedFiles <= 1, `${back.streamedFiles} files`);
  assert.equal(back.removedFiles, 1);
  assert.equal(back.segments, first.segments);
  assert.equal(back.writes, first.writes);
  assert.equal((await box.run(["verify", workspace])).code, 0);
});

test("ignored and secret files are never read", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w");
  writeFileSync(join(workspace, ".env"), "PIGEON_TOKEN=abc31337\n");
  writeFileSync(join(workspace, ".gitignore"), "ignored.js\n");
  writeFileSync(join(workspace, "ignored.js"), "exports.pigeonToken = 'abc31337';\n");
  git(workspace, "init", "-q");
  const answer = await box.ask(workspace, "what is the pigeon token?");
  assert.doesNotMatch(JSON.stringify(answer), /abc31337/);
});
