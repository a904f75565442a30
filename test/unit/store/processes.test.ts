import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { StoreReadOnlyError, WriterLockLostError } from "../../../src/engine/store/errors.ts";
import { Store } from "../../../src/engine/store/store.ts";
import { addFile, OPTIONS, openStore, statesOf, temporaryFolder } from "./fixture.ts";

const CHILD = fileURLToPath(new URL("child.ts", import.meta.url));

interface Child {
  readonly process: ChildProcess;
  /** All lines so far. */
  readonly lines: string[];
}

/** Starts a child and waits for its first line. */
async function start(t: TestContext, ...args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  await once(reader, "line");
  return { process: child, lines };
}

async function kill(child: Child): Promise<void> {
  child.process.kill("SIGKILL");
  await once(child.process, "exit");
}

test("a second process reads what the first writes, and writes once that is killed", async (t) => {
  const file = join(temporaryFolder(t), "state.db");
  const child = await start(t, "hold", file);
  assert.deepEqual(child.lines, ["ready writer"]);
  const second = openStore(t, file);
  assert.equal(second.readOnly, true);
  assert.match(second.notices.join(), new RegExp(`Another process \\(${child.process.pid} on .*opened for reading`));
  assert.throws(() => addFile(second, "a.ts", ["one"]), StoreReadOnlyError);
  assert.throws(() => second.clear(), StoreReadOnlyError);
  assert.deepEqual(second.files(), []);
  second.close();

  await kill(child);
  const third = openStore(t, file);
  assert.deepEqual([third.readOnly, third.notices], [false, []]);
  addFile(third, "a.ts", ["one"]);
});

test("two stores of one process: the second reads, and sees each commit of the first", (t) => {
  const file = join(temporaryFolder(t), "state.db");
  const writer = openStore(t, file);
  const reader = openStore(t, file);
  assert.deepEqual([writer.readOnly, reader.readOnly], [false, true]);
  assert.deepEqual(reader.shards(), []);
  addFile(writer, "a.ts", ["one", "two"]);
  assert.deepEqual(statesOf(reader), statesOf(writer));
  assert.equal(reader.memory().segments, 2);
  writer.close();
  assert.equal(openStore(t, file).readOnly, false);
});

test("a writer that stands still loses the lock, and cannot write when it wakes up", async (t) => {
  if (process.platform === "win32") return t.skip("Windows does not let go of an open lock file");
  const file = join(temporaryFolder(t), "state.db");
  // A heartbeat that never comes is what a stopped process looks like.
  const asleep = openStore(t, file, { lockTiming: { heartbeatMs: 1e8, staleMs: 60_000 } });
  addFile(asleep, "a.ts", ["one"]);
  const long = new Date(Date.now() - 120_000);
  utimesSync(`${file}.lock`, long, long);
  const next = openStore(t, file);
  assert.equal(next.readOnly, false);
  addFile(next, "b.ts", ["two"]);
  assert.throws(() => addFile(asleep, "c.ts", ["three"]), WriterLockLostError);
  assert.deepEqual(
    next.files().map(({ path }) => path),
    ["a.ts", "b.ts"],
  );
  assert.deepEqual(await next.verify(), []);
});

test("a living writer's heartbeat keeps the lock", async (t) => {
  const file = join(temporaryFolder(t), "state.db");
  openStore(t, file, { lockTiming: { heartbeatMs: 20, staleMs: 500 } });
  await sleep(800);
  assert.equal(openStore(t, file, { lockTiming: { heartbeatMs: 20, staleMs: 500 } }).readOnly, true);
});

test("killed at ten random moments, the state is each time whole and holds every committed round", async (t) => {
  const file = join(temporaryFolder(t), "state.db");
  for (let run = 1; run <= 10; run++) {
    const child = await start(t, "write", file, String(run));
    await sleep(20 + ((run * 37) % 180));
    await kill(child);
    assert.equal(child.lines[0], "ready writer");
    const store = Store.open(file, OPTIONS);
    try {
      assert.deepEqual(store.notices, []);
      assert.deepEqual(await store.verify(), []);
      const told = child.lines.filter((line) => line.startsWith("round")).length;
      const note = store.note("round") ?? "";
      const committed = note.startsWith(`${run}:`) ? Number(note.split(":")[1]) + 1 : 0;
      assert.ok(committed >= told, `${told} rounds were told, ${committed} are there`);
    } finally {
      store.close();
    }
  }
  assert.ok(!existsSync(`${file}.corrupt-1`));
});

test("killed while an old state is being rebuilt, the next process goes on", async (t) => {
  const file = join(temporaryFolder(t), "state.db");
  const old = openStore(t, file, { modelHash: "older" });
  addFile(old, "old.ts", ["one"]);
  old.close();
  const child = await start(t, "write", file, "5");
  while (child.lines.length < 4) await sleep(10);
  await kill(child);
  const store = openStore(t, file);
  assert.equal(store.rebuilding, true);
  assert.deepEqual(await store.verify(), []);
  store.commitRebuild();
  assert.deepEqual([store.rebuilding, await store.verify()], [false, []]);
});
