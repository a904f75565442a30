import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EngineRequestError } from "../../../src/host/engine/errors.ts";
import { PROVIDER } from "../provider.ts";
import { client, LARGE, params, SMALL, sandbox, until, workspaceOf } from "./support.ts";

const QUESTION = "what is the default of initialDelay?";

test("a preview counts by names and sizes, opens no source file and makes no state", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", SMALL);
  writeFileSync(join(workspace, ".env"), "KEY=1\n");
  // Text by its name, binary by its content: only a look inside could tell.
  writeFileSync(join(workspace, "data.txt"), Buffer.from([0, 1, 2, 3]));
  const { engine, log } = client(t, folder);
  const options = { folder: workspace, include: [], exclude: ["bit*.js"] };
  const found = await engine.preview(options);
  assert.equal(found.files, SMALL.length);
  assert.deepEqual(found.skipped, { secret: 1, excluded: 1 });
  assert.deepEqual(found.examples.map(({ path }) => path).sort(), [".env", "bitset.js"]);
  assert.equal((await engine.preview({ ...options, include: ["nothing"] })).files, 0);
  assert.ok(!log.some((line) => line.includes("The model runs")));
});

test("settings decide what is indexed, and the list tells it", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", SMALL);
  const { engine } = client(t, folder);
  const status = await engine.open(params(folder, workspace, { exclude: ["error.js"], maxFileBytes: 1_500 }));
  assert.deepEqual([status.coverage, status.readOnly, status.runningProvider], [0, false, null]);
  await engine.index(workspace);
  const { files, skipped } = await engine.files(workspace);
  assert.ok(files.length > 0 && files.every(({ segments, bytes }) => segments > 0 && bytes > 0 && bytes <= 1_500));
  const reasons = Object.fromEntries(skipped.map(({ path, reason }) => [path, reason]));
  assert.equal(reasons["error.js"], "excluded");
  assert.equal(files.length + skipped.length, SMALL.length);
  assert.equal((await engine.status(workspace)).runningProvider, PROVIDER);
  // Opened with other settings: what they leave out is forgotten.
  await engine.open(params(folder, workspace, { include: ["heartbeat.js"] }));
  await engine.index(workspace);
  assert.deepEqual(
    (await engine.files(workspace)).files.map(({ path }) => path),
    ["heartbeat.js"],
  );
});

test("questions go before a running index, and see and tell what is known so far", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", LARGE);
  const { engine } = client(t, folder);
  await engine.open(params(folder, workspace));
  let files = 0;
  let indexed = false;
  const run = engine
    .index(workspace, ({ filesDone }) => {
      files = filesDone;
    })
    .then(() => {
      indexed = true;
    });
  // channel.js is read first but one; nothing of it is committed by itself yet.
  await until(() => files >= 2);
  const during = await engine.ask({ folders: [workspace], question: "what does acceptMessage do?", narrow: [] });
  assert.equal(indexed, false);
  assert.ok(during.coverage > 0 && during.coverage < 1, `coverage ${during.coverage}`);
  assert.ok(during.citations.some(({ file }) => file === "channel.js"));
  // A save goes before the index too, and is known at once.
  writeFileSync(join(workspace, "zebra.js"), "// How many stripes a zebra has.\nexports.zebraStripes = 4711;\n");
  assert.equal(await engine.refresh(workspace, ["zebra.js"]), true);
  assert.equal(indexed, false);
  const question = "what is the value of zebraStripes?";
  assert.equal((await engine.ask({ folders: [workspace], question, narrow: [] })).citations[0]?.file, "zebra.js");
  await run;
  const after = await engine.status(workspace);
  assert.deepEqual([after.coverage, after.stats.files, after.stats.shardsAtRest], [1, 11, after.stats.shards]);
});

test("coverage of an interrupted first index is what was read, also in a new process", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", LARGE);
  const { engine } = client(t, folder, { backOffMs: [10] });
  await engine.open(params(folder, workspace));
  const stop = new AbortController();
  const run = engine.index(workspace, ({ filesDone }) => filesDone >= 5 && stop.abort(), stop.signal);
  await assert.rejects(run, { code: "cancelled" });
  const { files } = await engine.files(workspace);
  const total = LARGE.reduce((sum, file) => sum + readFileSync(join(workspace, file)).length, 0);
  const share = files.reduce((sum, { bytes }) => sum + bytes, 0) / total;
  assert.ok(share > 0 && share < 1);
  assert.equal((await engine.status(workspace)).coverage, share);
  await engine.restart();
  assert.equal((await engine.status(workspace)).coverage, share);
  await engine.index(workspace);
  assert.equal((await engine.status(workspace)).coverage, 1);
  // Files that go and come change what there is, not how much of it is known.
  rmSync(join(workspace, "mux.js"));
  appendFileSync(join(workspace, "error.js"), "\nexports.more = 1;\n");
  await engine.refresh(workspace, ["mux.js", "error.js"]);
  assert.equal((await engine.status(workspace)).coverage, 1);
});

test("folders that are created, renamed and deleted stand for their files; ignored files are left alone", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", SMALL);
  writeFileSync(join(workspace, ".gitignore"), "out/\n*.log\n");
  const { engine } = client(t, folder);
  await engine.open(params(folder, workspace));
  await engine.index(workspace);
  const paths = async () => (await engine.files(workspace)).files.map(({ path }) => path);
  const before = await paths();
  mkdirSync(join(workspace, "new/deep"), { recursive: true });
  mkdirSync(join(workspace, "out"));
  for (const file of ["new/a.js", "new/deep/b.js", "out/c.js", "new/d.log"])
    writeFileSync(join(workspace, file), `exports.value = "${file}";\n`);
  await engine.refresh(workspace, ["new", "out/c.js", "new/d.log"]);
  assert.deepEqual(await paths(), [...before, "new/a.js", "new/deep/b.js"].sort());
  renameSync(join(workspace, "new"), join(workspace, "moved"));
  await engine.refresh(workspace, ["new", "moved"]);
  assert.deepEqual(await paths(), [...before, "moved/a.js", "moved/deep/b.js"].sort());
  rmSync(join(workspace, "moved"), { recursive: true });
  assert.equal(await engine.refresh(workspace, ["moved"]), true);
  assert.deepEqual(await paths(), before);
  assert.equal(await engine.refresh(workspace, ["moved"]), false);
});

test("a narrowed question is answered from its files and folders alone", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", ["recovery.js", "connect.js"]);
  mkdirSync(join(workspace, "lib"));
  writeFileSync(join(workspace, "lib/other.js"), "const initialDelay = 17;\nmodule.exports = { initialDelay };\n");
  const { engine } = client(t, folder);
  await engine.open(params(folder, workspace));
  await engine.index(workspace);
  for (const [path, file] of [
    ["lib/", "lib/other.js"],
    ["connect.js", "connect.js"],
    ["recovery.js", "recovery.js"],
  ] as const) {
    const places: string[] = [];
    const answer = await engine.ask(
      { folders: [workspace], question: QUESTION, narrow: [{ folder: workspace, path }] },
      (stage) => {
        if (stage.stage === "recalled") places.push(...stage.found.map((place) => place.file));
        else places.push(stage.place.file);
      },
    );
    assert.ok(answer.citations.length > 0);
    assert.deepEqual(new Set([...places, ...answer.citations.map((citation) => citation.file)]), new Set([file]));
  }
  // A file that was made a moment ago is looked at first.
  writeFileSync(join(workspace, "fresh.js"), "exports.initialDelay = 99;\n");
  const narrow = [{ folder: workspace, path: "fresh.js" }];
  const answer = await engine.ask({ folders: [workspace], question: QUESTION, narrow });
  assert.equal(answer.citations[0]?.file, "fresh.js");
  const none = await engine.ask({
    folders: [workspace],
    question: QUESTION,
    narrow: [{ folder: workspace, path: "no/" }],
  });
  assert.deepEqual([none.abstained, none.citations], [true, []]);
});

test("nothing outside of the workspace is indexed, whoever names it", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", SMALL);
  mkdirSync(join(folder, "out"));
  writeFileSync(join(folder, "out/f.txt"), "initialDelay = 31337 is the default\n");
  const { engine } = client(t, folder);
  await engine.open(params(folder, workspace));
  await engine.index(workspace);
  const files = () => engine.files(workspace).then((list) => list.files.map(({ path }) => path));
  const before = await files();
  for (const path of ["../out/f.txt", "./../out/f.txt", join(folder, "out/f.txt"), "../out", "./error.js"]) {
    const narrow = [{ folder: workspace, path }];
    const answer = await engine.ask({ folders: [workspace], question: QUESTION, narrow });
    assert.deepEqual([answer.abstained, answer.citations], [true, []], path);
    const about = { folder: workspace, file: path, line: 1 };
    await engine.ask({ folders: [workspace], question: QUESTION, narrow: [], about });
    assert.equal(await engine.refresh(workspace, [path]), false, path);
    assert.deepEqual(await files(), before, path);
  }
});

test("a link to a folder stands for no files, and takes away those that were there", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "real", SMALL);
  for (const place of ["outside/deep", "real/lib/deep"]) {
    mkdirSync(join(folder, place), { recursive: true });
    writeFileSync(join(folder, place, "f.js"), `exports.place = "${place}";\n`);
  }
  // The workspace itself may be opened by a link.
  const opened = join(folder, "w");
  symlinkSync(workspace, opened, "junction");
  const { engine } = client(t, folder);
  await engine.open(params(folder, opened));
  await engine.index(opened);
  const paths = async () => (await engine.files(opened)).files.map(({ path }) => path);
  const before = await paths();
  assert.ok(before.includes("lib/deep/f.js"));
  symlinkSync(join(folder, "outside"), join(workspace, "x"), "junction");
  symlinkSync(join(workspace, "lib"), join(workspace, "y"), "junction");
  assert.equal(await engine.refresh(opened, ["x", "x/deep", "x/deep/f.js", "y", "y/deep/f.js"]), false);
  assert.deepEqual(await paths(), before);
  rmSync(join(workspace, "lib"), { recursive: true });
  symlinkSync(join(folder, "outside"), join(workspace, "lib"), "junction");
  assert.equal(await engine.refresh(opened, ["lib/deep/f.js"]), true);
  assert.deepEqual(
    await paths(),
    before.filter((path) => path !== "lib/deep/f.js"),
  );
});

test("a follow-up goes on from the cited place", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", LARGE);
  const { engine } = client(t, folder);
  await engine.open(params(folder, workspace));
  await engine.index(workspace);
  const line =
    readFileSync(join(workspace, "recovery.js"), "utf8")
      .split("\n")
      .findIndex((text) => text.includes("initialDelay")) + 1;
  const read: string[] = [];
  const about = { folder: workspace, file: "recovery.js", line };
  const answer = await engine.ask({ folders: [workspace], question: "and the factor?", narrow: [], about }, (stage) => {
    if (stage.stage === "reading") read.push(stage.place.file);
  });
  assert.equal(read[0], "recovery.js", "the place itself is read first");
  assert.equal(answer.citations[0]?.file, "recovery.js");
});

test("of several folders the surest answers, and only from itself; stages and counts are of all", async (t) => {
  const folder = sandbox(t);
  const one = workspaceOf(folder, "one", ["recovery.js"]);
  const two = workspaceOf(folder, "two", ["bitset.js", "credentials.js"]);
  const { engine, log } = client(t, folder);
  for (const workspace of [one, two]) {
    await engine.open(params(folder, workspace));
    await engine.index(workspace);
  }
  assert.equal(log.filter((line) => line.includes("The model runs on")).length, 1, "one session for both");
  const positions: number[] = [];
  const asked = new Set<string>();
  const answer = await engine.ask({ folders: [two, one], question: QUESTION, narrow: [] }, (stage, where) => {
    asked.add(where);
    if (stage.stage === "recalled") positions.push(...stage.found.map(({ position }) => position));
  });
  assert.equal(answer.folder, one);
  assert.deepEqual(new Set(answer.citations.map(({ file }) => file)), new Set(["recovery.js"]));
  assert.deepEqual(asked, new Set([one, two]));
  assert.ok(answer.read > 0 && answer.recalled >= answer.read);
  assert.ok(positions.length > 0 && positions.every((at) => at > 0 && at < 1));
  const narrowed = await engine.ask({
    folders: [one, two],
    question: QUESTION,
    narrow: [{ folder: two, path: "bitset.js" }],
  });
  assert.equal(narrowed.folder, two);
});

test("a rebuild answers from the old state until the new one is whole; chats stay", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", ["recovery.js", "connect.js"]);
  const { engine } = client(t, folder);
  await engine.open(params(folder, workspace));
  await engine.index(workspace);
  const chat = { id: "1", title: "t", created: 5, json: "{}" };
  await engine.saveChat(workspace, chat);
  let streaming = false;
  const rebuild = engine.rebuild(workspace, ({ segmentsDone }) => {
    streaming ||= segmentsDone > 2;
  });
  await until(() => streaming);
  const during = await engine.ask({ folders: [workspace], question: QUESTION, narrow: [] });
  assert.deepEqual([during.coverage, during.citations[0]?.file], [1, "recovery.js"]);
  const report = await rebuild;
  assert.equal(report.streamedSegments, report.segments);
  assert.deepEqual(await engine.chats(workspace), [chat]);
  const after = await engine.ask({ folders: [workspace], question: QUESTION, narrow: [] });
  assert.deepEqual([after.coverage, after.citations[0]?.file], [1, "recovery.js"]);
  await engine.deleteChat(workspace, "1");
  assert.deepEqual(await engine.chats(workspace), []);
  await engine.clear(workspace);
  assert.deepEqual((await engine.files(workspace)).files, []);
  assert.equal((await engine.status(workspace)).coverage, 0);
});

test("a second window reads the state, sees what the first one writes, and takes over when it goes", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", ["recovery.js", "bitset.js"]);
  const first = client(t, folder).engine;
  const second = client(t, folder).engine;
  await first.open(params(folder, workspace));
  const reading = await second.open(params(folder, workspace));
  assert.equal(reading.readOnly, true);
  assert.ok(reading.notices.length > 0);
  await assert.rejects(second.index(workspace), { code: "state-read-only" });
  await first.index(workspace);
  const answer = await second.ask({ folders: [workspace], question: QUESTION, narrow: [] });
  assert.deepEqual([answer.citations[0]?.file, answer.coverage], ["recovery.js", 1]);
  // Each window keeps its chats.
  const chat = { id: "2", title: "of the second", created: 1, json: "[]" };
  await second.saveChat(workspace, chat);
  assert.deepEqual(await first.chats(workspace), [chat]);
  // The first window puts another file in the state's place.
  writeFileSync(join(workspace, "recovery.js"), "// Waits before it connects again.\nexports.initialDelay = 4242;\n");
  await first.rebuild(workspace);
  const again = await second.ask({ folders: [workspace], question: QUESTION, narrow: [] });
  assert.match(again.citations[0]?.quote ?? "", /4242/);
  assert.deepEqual(await second.chats(workspace), [chat]);
  const taken = new Promise<boolean>((resolve) => second.onWriter(({ status }) => resolve(status.readOnly)));
  process.kill(first.pid ?? 0, "SIGKILL");
  await first.dispose();
  assert.equal(await taken, false);
  assert.ok((await second.index(workspace)).files === 2);
});

test("refused and missing folders are told by their codes", async (t) => {
  const folder = sandbox(t);
  const { engine } = client(t, folder);
  await assert.rejects(engine.open(params(folder, join(folder, "none"))), (error) => {
    assert.ok(error instanceof EngineRequestError);
    assert.equal(error.code, "workspace-not-found");
    return true;
  });
  await assert.rejects(engine.open(params(folder, folder)), { code: "workspace-refused" });
  const workspace = workspaceOf(folder, "w", SMALL);
  await assert.rejects(engine.open(params(folder, workspace, { model: folder })), { code: "model-missing" });
  await engine.open(params(folder, workspace));
  await assert.rejects(engine.ask({ folders: [workspace], question: " ", narrow: [] }), { code: "empty-question" });
});
