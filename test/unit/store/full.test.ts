import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DiskFullError, StateNotAFileError, StateNotWritableError } from "../../../src/engine/store/errors.ts";
import { Store } from "../../../src/engine/store/store.ts";
import { addFile, OPTIONS, openStore, statesOf, temporaryFolder } from "./fixture.ts";

const NAMES = Array.from({ length: 40 }, (_, i) => `name${i}`);

/** A small file system of its own; undefined where this user may not mount one. */
function smallDisk(t: TestContext, kilobytes: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "armt-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  t.after(() => {
    execFileSync("umount", ["-l", folder]);
    rmdirSync(folder);
  });
  return folder;
}

test("on a full disk the transaction is undone, the store stays usable, and goes on when there is room", async (t) => {
  const disk = smallDisk(t, 2048);
  if (disk === undefined) return t.skip("needs the right to mount a small file system");
  const store = openStore(t, join(disk, "state.db"));
  addFile(store, "kept.ts", NAMES.slice(0, 5));
  writeFileSync(join(disk, "ballast"), Buffer.alloc(1_000_000));
  let committed = 0;
  const fill = (): void => {
    for (; ; committed++) addFile(store, `f${committed}.ts`, NAMES);
  };
  assert.throws(fill, (error) => error instanceof DiskFullError && /free some space/.test(error.message));
  assert.ok(committed > 0);
  const present = [store.files().length, statesOf(store)];
  assert.equal(present[0], committed + 1);
  assert.throws(() => addFile(store, `again${committed}.ts`, NAMES), DiskFullError);
  assert.deepEqual([store.files().length, statesOf(store)], present);
  assert.equal(
    store.lexical([{ term: "name3", weight: 1 }], 500).length,
    committed + 1,
    "questions are still answered",
  );

  rmSync(join(disk, "ballast"));
  addFile(store, "after.ts", NAMES.slice(3, 6));
  assert.equal(store.files().length, committed + 2);
  assert.deepEqual(await store.verify(), []);
  store.close();
  assert.deepEqual(await openStore(t, join(disk, "state.db")).verify(), []);
});

test("a state that fits nowhere is told at opening, an export at its target", (t) => {
  const disk = smallDisk(t, 64);
  if (disk === undefined) return t.skip("needs the right to mount a small file system");
  const large = openStore(t, join(temporaryFolder(t), "state.db"));
  for (let i = 0; i < 5; i++) addFile(large, `f${i}.ts`, NAMES);
  assert.throws(() => large.exportTo(join(disk, "export")), DiskFullError);
  assert.equal(existsSync(join(disk, "export")), false, "no half an export is left");
  writeFileSync(join(disk, "ballast"), Buffer.alloc(60_000));
  assert.throws(() => Store.open(join(disk, "state.db"), OPTIONS), DiskFullError);
});

test("in a folder that cannot be written the state is not opened for writing, but for reading", async (t) => {
  const disk = smallDisk(t, 4096);
  if (disk === undefined) return t.skip("needs the right to mount a small file system");
  const file = join(disk, "state.db");
  const before = openStore(t, file);
  addFile(before, "a.ts", NAMES);
  await before.settle();
  const states = statesOf(before);
  before.close();
  execFileSync("mount", ["-o", "remount,ro", disk]);
  for (const path of [file, join(disk, "new.db"), join(disk, "sub", "new.db")]) {
    assert.throws(
      () => Store.open(path, OPTIONS),
      (error) => error instanceof StateNotWritableError && /Grant write access|--state/.test(error.message),
      path,
    );
  }
  const content = readFileSync(file);
  const reader = openStore(t, file, { readOnly: true });
  assert.deepEqual(statesOf(reader), states);
  assert.deepEqual(await reader.verify(), []);
  assert.equal(reader.lexical([{ term: "name3", weight: 1 }], 5).length, 1);
  assert.deepEqual(readFileSync(file), content);
});

test("a folder or a file in the way of the state is told", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "plain"), "x");
  mkdirSync(join(folder, "state.db"));
  assert.throws(() => Store.open(join(folder, "plain", "state.db"), OPTIONS), StateNotWritableError);
  assert.throws(() => Store.open(join(folder, "state.db"), OPTIONS), StateNotAFileError);
});
