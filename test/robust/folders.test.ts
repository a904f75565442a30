import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertTold, assertVerbatim, cannotBePowerless, Sandbox } from "./support.ts";

test("no such folder: told at once, before a model is loaded", async (t) => {
  const box = new Sandbox(t);
  for (const args of [
    ["index", "missing"],
    ["ask", "missing", "where?"],
    ["status", "missing"],
    ["verify", "missing"],
  ]) {
    const { run, cpuMs, native } = await box.cost(args);
    assertTold(run, 2, /No such folder: .*missing/, /Check the path/);
    assert.deepEqual(native, [], "nothing native is loaded");
    assert.ok(cpuMs < 1000, `took ${cpuMs} ms of processor time`);
  }
  const file = box.path("file.txt");
  writeFileSync(file, "text");
  assertTold(await box.run(["index", file]), 2, /No such folder/);
  assertTold(await box.run(["batch", "--workspace", "missing", "--questions", file, "--out", "r"]), 2);
});

test("an empty folder", async (t) => {
  const box = new Sandbox(t);
  mkdirSync(box.path("empty"));
  assertTold(await box.run(["index", "empty"]), 1, /holds no files/, /Add source files/);
  assertTold(await box.run(["ask", "empty", "where is the port set?"]), 1, /holds no files/);
});

test("the home folder and the file-system root are refused", async (t) => {
  const box = new Sandbox(t);
  assertTold(await box.run(["index", box.home]), 2, /home folder/, /Open a project folder inside it/);
  assertTold(await box.run(["index", "/"]), 2, /file-system root/);
  symlinkSync("/", box.path("root"));
  symlinkSync(box.home, box.path("casa"));
  assertTold(await box.run(["index", "root"]), 2, /file-system root/);
  assertTold(await box.run(["ask", "where?"], { cwd: box.path("casa") }), 2, /home folder/);
});

test("no read permission: on the folder, on a folder in it, on a file in it", {
  skip: cannotBePowerless(),
}, async (t) => {
  const box = new Sandbox(t);
  const closed = box.workspace("closed");
  chmodSync(closed, 0o000);
  assertTold(await box.run(["index", closed], { powerless: true }), 1, /No permission to read/, /Grant read access/);
  chmodSync(closed, 0o755);

  const partly = box.workspace("partly", [
    "amqplib/examples/tutorials",
    "amqplib/lib/error.js",
    "amqplib/lib/bitset.js",
  ]);
  chmodSync(join(partly, "amqplib/examples"), 0o000);
  chmodSync(join(partly, "amqplib/lib/error.js"), 0o000);
  const run = await box.run(["index", partly, "--json"], { powerless: true });
  assert.equal(run.code, 0, run.stderr);
  const report = JSON.parse(run.stdout) as { files: number; skipped: Record<string, number> };
  assert.ok(report.files > 0);
  assert.ok((report.skipped["unreadable"] ?? 0) >= 1, JSON.stringify(report.skipped));
  chmodSync(join(partly, "amqplib/examples"), 0o755);
});

test("a symlink loop", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("loop");
  symlinkSync("..", join(workspace, "amqplib", "up"));
  symlinkSync(workspace, join(workspace, "again"));
  symlinkSync("self", join(workspace, "self"));
  const plain = await box.index(box.workspace("plain"));
  const report = await box.index(workspace);
  assert.equal(report.files, plain.files);
  assert.equal(report.segments, plain.segments);
  // A workspace that is itself named by a link is the same workspace.
  symlinkSync(workspace, box.path("link"));
  assert.equal((await box.index(box.path("link"))).streamedSegments, 0);
});

test("a path with spaces and emoji", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("mein Projekt 🚀 'x' \"y\" $HOME");
  mkdirSync(join(workspace, "größe 🎉"));
  writeFileSync(
    join(workspace, "größe 🎉", "zeit limit.js"),
    "// How long a parcel may wait.\nexports.parcelPatience = 4711;\n",
  );
  await box.index(workspace);
  const answer = await box.ask(workspace, "what is the value of parcelPatience?");
  assertVerbatim(workspace, answer.citations);
  assert.ok(
    answer.citations.some(({ file }) => file === "größe 🎉/zeit limit.js"),
    JSON.stringify(answer),
  );
  // The same folder as current folder, and its state under a name of the same kind.
  const state = box.path("états 🗂", "my state.sqlite");
  assert.equal((await box.run(["index", "--state", state], { cwd: workspace })).code, 0);
  assert.equal((await box.run(["verify", "--state", state], { cwd: workspace })).code, 0);
});
