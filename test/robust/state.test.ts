import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import type { IndexReport } from "../../src/engine/types.ts";
import { assertTold, assertVerbatim, cannotBePowerless, isRoot, Sandbox } from "./support.ts";

/** One real index; each test works on a copy of its file. */
const box = new Sandbox({ after });
const workspace = box.workspace("w");
const good = box.path("good.sqlite");
let report: IndexReport;
const QUESTION = "which error tells of an illegal operation?";

before(async () => {
  report = await box.index(workspace, "--state", good);
  // All of it in one file, so that a copy is complete.
  const database = new DatabaseSync(good);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
});

function copy(name: string): string {
  const file = box.path(name, "state.sqlite");
  mkdirSync(dirname(file));
  chmodSync(dirname(file), 0o777);
  copyFileSync(good, file);
  return file;
}

/** A damaged state: told by the commands that only read, set aside and built again by index; nothing is deleted. */
async function assertSetAside(state: string): Promise<void> {
  const damaged = readFileSync(state);
  for (const command of ["status", "verify"]) {
    const told = await box.run([command, workspace, "--state", state]);
    assert.equal(told.code, 1, `${command}: ${told.stdout} ${told.stderr}`);
    assert.match(told.stdout + told.stderr, /armt index/);
    assert.ok(readFileSync(state).equals(damaged), `${command} changed the file`);
  }
  const run = await box.run(["index", workspace, "--state", state, "--json"]);
  assert.equal(run.code, 0, run.stderr);
  const rebuilt = JSON.parse(run.stdout) as IndexReport;
  assert.ok(rebuilt.notices.length > 0, "the user is told");
  assert.match(run.stderr, /aside/);
  assert.equal(rebuilt.segments, report.segments);
  assert.equal(rebuilt.writes, report.writes);
  assert.ok(existsSync(`${state}.corrupt-1`), "the damaged file is kept");
  assert.equal((await box.run(["verify", workspace, "--state", state])).code, 0);
  assertVerbatim(workspace, (await box.ask(workspace, QUESTION, "--state", state)).citations);
}

test("a truncated state", async () => {
  const state = copy("truncated");
  truncateSync(state, Math.floor(statSync(state).size / 2));
  await assertSetAside(state);
});

test("a state overwritten with noise", async () => {
  const state = copy("noise");
  writeFileSync(state, randomBytes(100_000));
  await assertSetAside(state);
});

test("a state with flipped bytes in a memory is found by verify and mended by index", async () => {
  const state = copy("flipped");
  const database = new DatabaseSync(state);
  database.exec("UPDATE shards SET state = zeroblob(length(state)) WHERE id = (SELECT min(id) FROM shards)");
  database.close();
  const verified = await box.run(["verify", workspace, "--state", state]);
  assert.equal(verified.code, 1);
  assert.match(verified.stdout + verified.stderr, /armt index/);
  await box.index(workspace, "--state", state);
  assert.equal((await box.run(["verify", workspace, "--state", state])).code, 0);
});

test("what only verify can tell is built again by index, unless another process writes meanwhile", async () => {
  const state = copy("disagrees");
  const database = new DatabaseSync(state);
  database.exec("DELETE FROM fts WHERE rowid = 1; UPDATE files SET segments = segments + 1 WHERE id = 1");
  database.close();
  const lock = new DatabaseSync(`${state}.lock`);
  lock.exec("BEGIN IMMEDIATE");
  const held = await box.run(["verify", workspace, "--state", state]);
  lock.close();
  assert.equal(held.code, 1);
  assert.match(held.stdout, /lexical index does not have it[\s\S]*Another process writes this state/);
  const verified = await box.run(["verify", workspace, "--state", state]);
  assert.equal(verified.code, 1);
  assert.match(verified.stdout, /armt index/);
  const run = await box.index(workspace, "--state", state);
  assert.equal(run.streamedSegments, report.segments);
  assert.equal((await box.run(["verify", workspace, "--state", state])).code, 0);
});

test("a state made with another model is rebuilt, told, and never mixed", async () => {
  const state = copy("model");
  const database = new DatabaseSync(state);
  database.exec("UPDATE meta SET value = 'another' WHERE key = 'model'");
  database.close();
  const run = await box.run(["index", workspace, "--state", state, "--json"]);
  assert.equal(run.code, 0, run.stderr);
  const rebuilt = JSON.parse(run.stdout) as IndexReport;
  assert.equal(rebuilt.streamedSegments, report.segments, "nothing of the other model is used");
  assert.ok(
    rebuilt.notices.some((notice) => /model/.test(notice)),
    JSON.stringify(rebuilt.notices),
  );
  assert.equal((await box.run(["verify", workspace, "--state", state])).code, 0);
});

test("a state from a newer version is refused and left as it is", async () => {
  const state = copy("newer");
  const database = new DatabaseSync(state);
  database.exec("PRAGMA user_version = 999");
  database.close();
  const before = readFileSync(state);
  for (const args of [
    ["index", workspace],
    ["ask", workspace, QUESTION],
    ["status", workspace],
    ["verify", workspace],
  ]) {
    assertTold(await box.run([...args, "--state", state]), 1, /format 999/, /Update ARMT/);
  }
  assert.ok(readFileSync(state).equals(before));
});

test("another program's database is refused and left as it is", async () => {
  const state = box.path("other.sqlite");
  const database = new DatabaseSync(state);
  database.exec("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')");
  database.close();
  const before = readFileSync(state);
  assertTold(await box.run(["index", workspace, "--state", state]), 1, /another program/, /--state/);
  assertTold(await box.run(["clear", workspace, "--state", state]), 1, /another program/);
  assert.ok(readFileSync(state).equals(before));
});

test("a read-only state folder: index says so, what is there still answers", {
  skip: cannotBePowerless(),
}, async () => {
  const state = copy("readonly");
  chmodSync(state, 0o444);
  chmodSync(dirname(state), 0o555);
  try {
    const edited = await box.run(["index", workspace, "--state", box.path("readonly", "new.sqlite")], {
      powerless: true,
    });
    assertTold(edited, 1, /No permission to write/, /--state/);
    const asked = await box.run(["ask", workspace, QUESTION, "--state", state, "--json"], { powerless: true });
    assert.ok(asked.code === 0 || asked.code === 3, asked.stderr);
    assertVerbatim(workspace, (JSON.parse(asked.stdout) as { citations: [] }).citations);
  } finally {
    chmodSync(dirname(state), 0o755);
  }
});

test("a state path that cannot be", async () => {
  assertTold(await box.run(["index", workspace, "--state", workspace]), 1, /--state/);
  writeFileSync(box.path("plain"), "text");
  assertTold(await box.run(["index", workspace, "--state", box.path("plain", "x.sqlite")]), 1, /--state/);
  // A folder that does not exist yet is made.
  await box.index(workspace, "--state", box.path("new", "deep", "x.sqlite"));
});

/** Mounts a small file system; the reason if that is not possible here. */
function mountTiny(folder: string): string | undefined {
  if (process.platform !== "linux" || !isRoot) return "mounting a small file system needs root on Linux";
  mkdirSync(folder);
  const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=96k", "tmpfs", folder], { encoding: "utf8" });
  return mount.status === 0 ? undefined : `no file system could be mounted: ${mount.stderr}`;
}

test("a full disk: told, the state before it is intact, and goes on once there is room", async (t) => {
  const disk = box.path("disk");
  const reason = mountTiny(disk);
  if (reason !== undefined) return t.skip(reason);
  try {
    const state = `${disk}/state.sqlite`;
    const full = await box.run(["index", workspace, "--state", state]);
    assertTold(full, 1, /disk is full/i, /free some space/);
    spawnSync("mount", ["-o", "remount,size=64m", disk]);
    const done = await box.index(workspace, "--state", state);
    assert.equal(done.segments, report.segments);
    assert.equal((await box.run(["verify", workspace, "--state", state])).code, 0);
    // An export to a full disk leaves no half file behind.
    const { blocks, bfree, bsize } = statfsSync(disk);
    const used = Math.ceil(((blocks - bfree) * bsize) / 1024);
    assert.equal(spawnSync("mount", ["-o", `remount,size=${used + 16}k`, disk]).status, 0);
    const target = `${disk}/copy.armt`;
    assertTold(await box.run(["export", target, workspace, "--state", good]), 1, /disk is full/i);
    assert.ok(!existsSync(target));
  } finally {
    spawnSync("umount", [disk]);
  }
});

test("export, clear, import: the memory comes back whole", async () => {
  const state = copy("moved");
  const file = box.path("shared.armt");
  assert.equal((await box.run(["export", file, workspace, "--state", state])).code, 0);
  const again = await box.run(["export", file, workspace, "--state", state]);
  assertTold(again, 2, /exists already/);
  assert.equal((await box.run(["clear", workspace, "--state", state])).code, 0);
  assert.equal((await box.run(["import", file, workspace, "--state", state])).code, 0);
  assert.equal((await box.index(workspace, "--state", state)).streamedSegments, 0);
  assertTold(await box.run(["import", box.path("none.armt"), workspace, "--state", state]), 2, /No such file/);
  writeFileSync(box.path("noise.armt"), randomBytes(10_000));
  assertTold(
    await box.run(["import", box.path("noise.armt"), workspace, "--state", state]),
    1,
    new RegExp(basename("noise.armt")),
    /not changed/,
  );
  assert.equal((await box.index(workspace, "--state", state)).streamedSegments, 0);
});
