import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { tritBytes } from "../../../src/engine/memory/codes.ts";
import { featureWidth } from "../../../src/engine/memory/layout.ts";
import {
  StateCorruptError,
  StateFromAnotherModelError,
  StateFromNewerVersionError,
  StateMissingError,
  StateNotOursError,
  StateOfAnotherWorkspaceError,
} from "../../../src/engine/store/errors.ts";
import { PLACES_PER_BLOCK } from "../../../src/engine/store/log-block.ts";
import { Store } from "../../../src/engine/store/store.ts";
import { Random } from "../memory/random.ts";
import { addFile, DIMS, OPTIONS, openStore, statesOf, temporaryFolder } from "./fixture.ts";

const NAMES = Array.from({ length: 40 }, (_, i) => `name${i}`);

/** A settled state with some files, closed. */
async function stateFile(t: TestContext): Promise<string> {
  const file = join(temporaryFolder(t), "state.db");
  const store = openStore(t, file);
  for (let i = 0; i < 10; i++) addFile(store, `f${i}.ts`, NAMES.slice(i, i + 30));
  store.putChat({ id: "c", title: "T", created: 1, json: "{}" });
  await store.settle();
  store.close();
  return file;
}

function besides(file: string): string[] {
  return readdirSync(dirname(file)).filter((name) => name !== basename(file) && !name.endsWith(".lock"));
}

function noise(file: string, at: number, length: number): void {
  const random = new Random(length);
  const handle = openSync(file, "r+");
  writeSync(
    handle,
    Uint8Array.from({ length }, () => random.integer(256)),
    0,
    length,
    at,
  );
  closeSync(handle);
}

const DAMAGES: readonly { readonly name: string; readonly harm: (file: string, size: number) => void }[] = [
  { name: "truncated in the middle", harm: (file, size) => truncateSync(file, Math.floor(size / 2)) },
  { name: "truncated inside its first page", harm: (file) => truncateSync(file, 700) },
  { name: "overwritten with noise", harm: (file, size) => noise(file, 0, size) },
  { name: "overwritten with noise but for the header", harm: (file, size) => noise(file, 100, size - 100) },
  { name: "no database at all", harm: (file) => writeFileSync(file, "just text\n".repeat(100)) },
];

for (const { name, harm } of DAMAGES) {
  test(`a state file ${name} is set aside, and a new one works`, async (t) => {
    const file = await stateFile(t);
    harm(file, readFileSync(file).length);
    const damaged = readFileSync(file);
    assert.throws(() => Store.open(file, { ...OPTIONS, readOnly: true }), StateCorruptError);
    assert.deepEqual(readFileSync(file), damaged, "a reader changes nothing");

    const store = openStore(t, file);
    assert.match(store.notices.join(), /damaged .* set aside as .*state\.db\.corrupt-1; a new one is built/);
    assert.deepEqual(readFileSync(`${file}.corrupt-1`), damaged, "nothing is deleted");
    assert.deepEqual(store.files(), []);
    addFile(store, "a.ts", ["one"]);
    assert.deepEqual(await store.verify(), []);
    store.close();
    assert.deepEqual(openStore(t, file).notices, []);
  });
}

test("an emptied state file is told and built again", async (t) => {
  const file = await stateFile(t);
  truncateSync(file, 0);
  assert.match(openStore(t, file).notices.join(), /was empty; a new one is built/);
});

test("two damaged states in a row are both kept", async (t) => {
  const file = await stateFile(t);
  for (let i = 1; i <= 2; i++) {
    writeFileSync(file, `damage ${i}`);
    openStore(t, file).close();
    assert.equal(readFileSync(`${file}.corrupt-${i}`, "utf8"), `damage ${i}`);
  }
});

test("noise in one shard's state is seen and undone from the log of writes", async (t) => {
  const file = await stateFile(t);
  const before = openStore(t, file);
  const states = statesOf(before);
  const state = before.shards()[3]?.state ?? new Uint8Array();
  before.close();
  // The state spans pages; its first scales are on the first one.
  const content = readFileSync(file);
  const at = content.indexOf(state.subarray(0, 60));
  assert.ok(at > 0 && featureWidth(DIMS) > 60);
  noise(file, at + 20, 20);

  const reader = openStore(t, file, { readOnly: true });
  assert.deepEqual(statesOf(reader), states, "a reader is served the right state");
  assert.equal((await reader.verify()).length, 2);
  reader.close();
  const store = openStore(t, file);
  assert.match(store.notices.join(), /states of 1 shards were damaged and were made again/);
  assert.deepEqual(statesOf(store), states);
  assert.deepEqual(await store.verify(), []);
  assert.deepEqual(
    besides(file).filter((name) => name.includes("corrupt")),
    [],
  );
});

test("noise in the log of writes is never used, and the next opening sets the file aside", async (t) => {
  const file = await stateFile(t);
  const before = openStore(t, file);
  const id = before.segmentsOfFile("f4.ts")[28]?.id ?? 0;
  const anywhere = [...before.memory().blocks()].find(({ first }) => first <= id && id < first + PLACES_PER_BLOCK);
  const gists = anywhere?.block.gists.slice() ?? new Uint8Array();
  before.close();
  const content = readFileSync(file);
  const bytes = tritBytes(DIMS.gistWidth);
  const gist = gists.subarray(((id - 1) % PLACES_PER_BLOCK) * bytes).subarray(0, bytes);
  // Everywhere it stands: equal segments have equal gists, and SQLite leaves copies in free space.
  for (let at = content.indexOf(gist); at >= 0; at = content.indexOf(gist, at + 1)) noise(file, at, 5);

  const reader = openStore(t, file, { readOnly: true });
  assert.match((await reader.verify()).join("\n"), /log does not match its checksum/);
  assert.throws(() => reader.memory(), StateCorruptError);
  reader.close();
  const store = openStore(t, file);
  assert.throws(() => addFile(store, "f4.ts", NAMES.slice(4, 33)), StateCorruptError);
  store.close();
  assert.match(openStore(t, file).notices.join(), /set aside/);
});

test("a state whose parts disagree is told part by part", async (t) => {
  const file = await stateFile(t);
  const db = new DatabaseSync(file);
  db.exec(
    "DELETE FROM log WHERE id = 1; DELETE FROM fts WHERE rowid = 9; INSERT INTO fts (rowid, words) VALUES (-5, 'x');" +
      "UPDATE shards SET live = live + 1 WHERE id = 2; UPDATE files SET segments = 3 WHERE path = 'f7.ts';" +
      "DELETE FROM files WHERE path = 'f0.ts';",
  );
  db.close();
  const store = openStore(t, file);
  const problems = (await store.verify()).join("\n");
  for (const part of [
    /segment 65 of f2\.ts: its writes are missing/,
    /segment 5: its file does not list it/,
    /shard 20: no segment is in it/,
    /segment 9: the lexical index/,
    /lexical row -5/,
    /shard 2: .* counted/,
    /file f7\.ts/,
  ]) {
    assert.match(problems, part);
  }
  store.close();
  assert.match(openStore(t, file).notices.join(), /set aside/);
});

test("a state of a newer version is left exactly as it is", async (t) => {
  const file = await stateFile(t);
  const db = new DatabaseSync(file);
  db.exec("PRAGMA user_version = 99");
  db.close();
  const before = readFileSync(file);
  for (const readOnly of [false, true]) {
    assert.throws(
      () => Store.open(file, { ...OPTIONS, readOnly }),
      (error) =>
        error instanceof StateFromNewerVersionError && error.exitCode === 1 && /Update ARMT/.test(error.message),
    );
  }
  assert.deepEqual(readFileSync(file), before);
});

test("a state of another workspace is refused, another program's database never touched", async (t) => {
  const file = await stateFile(t);
  assert.throws(() => Store.open(file, { ...OPTIONS, workspaceId: "/other" }), StateOfAnotherWorkspaceError);
  assert.equal(openStore(t, file).files().length, 10);

  const foreign = join(dirname(file), "places.sqlite");
  const db = new DatabaseSync(foreign);
  db.exec("CREATE TABLE bookmarks (x)");
  db.close();
  const before = readFileSync(foreign);
  assert.throws(() => Store.open(foreign, OPTIONS), StateNotOursError);
  assert.deepEqual(readFileSync(foreign), before);
});

test("a state of another model is kept until the new one is complete, over restarts", async (t) => {
  const file = await stateFile(t);
  const other = { modelHash: "model-b" };
  assert.throws(() => Store.open(file, { ...OPTIONS, ...other, readOnly: true }), StateFromAnotherModelError);
  const first = openStore(t, file, other);
  assert.equal(first.rebuilding, true);
  assert.match(first.notices.join(), /kept until a new one is complete/);
  assert.equal(first.chat("c")?.title, "T", "chats come along");
  addFile(first, "half.ts", ["one", "two"]);
  first.close();
  assert.equal(openReadOnlyCount(t, file), 10, "the old one is still there");

  const second = openStore(t, file, other);
  assert.equal(second.fileOf("half.ts")?.segments, 2, "the rebuild goes on where it was");
  addFile(second, "rest.ts", ["three"]);
  second.commitRebuild();
  assert.equal(second.rebuilding, false);
  assert.deepEqual(
    second.files().map(({ path }) => path),
    ["half.ts", "rest.ts"],
  );
  addFile(second, "more.ts", ["four"]);
  assert.deepEqual(await second.verify(), []);
  second.close();
  assert.deepEqual(besides(file), []);
  const third = openStore(t, file, other);
  assert.deepEqual([third.rebuilding, third.notices, third.files().length], [false, [], 3]);
});

function openReadOnlyCount(t: TestContext, file: string): number {
  const store = openStore(t, file, { readOnly: true });
  const { length } = store.files();
  store.close();
  return length;
}

test("a reader keeps the old state while another puts the new one in its place, and is told", async (t) => {
  const file = await stateFile(t);
  const reader = openStore(t, file, { readOnly: true });
  const writer = openStore(t, file, { factsLayout: { ...OPTIONS.factsLayout, segmentsPerShard: 3 } });
  addFile(writer, "new.ts", ["one"]);
  writer.commitRebuild();
  assert.equal(reader.replacedOnDisk(), true);
  assert.equal(reader.files().length, 10);
  addFile(writer, "new.ts", ["one", "two"]);
  assert.equal(reader.files().length, 10);
  assert.deepEqual(await writer.verify(), []);
});

test("an unfinished rebuild for a third model is thrown away, a damaged one set aside", async (t) => {
  const file = await stateFile(t);
  const b = openStore(t, file, { modelHash: "model-b" });
  addFile(b, "b.ts", ["one"]);
  b.close();
  const c = openStore(t, file, { modelHash: "model-c" });
  assert.deepEqual([c.rebuilding, c.files()], [true, []]);
  c.close();
  writeFileSync(`${file}.rebuild`, "noise");
  const again = openStore(t, file, { modelHash: "model-c" });
  assert.match(again.notices.join(), /unfinished rebuild was damaged/);
  assert.ok(existsSync(`${file}.rebuild.corrupt-1`));
  again.close();
  const back = openStore(t, file);
  assert.deepEqual([back.rebuilding, back.files().length, existsSync(`${file}.rebuild`)], [false, 10, false]);
});

test("clear forgets also what a rebuild was to take the place of; chats stay", async (t) => {
  const file = await stateFile(t);
  const store = openStore(t, file, { modelHash: "model-b" });
  addFile(store, "half.ts", ["one", "two"]);
  store.clear();
  assert.deepEqual([store.rebuilding, store.files(), store.chat("c")?.title], [false, [], "T"]);
  store.close();
  assert.deepEqual(besides(file), []);
  assert.equal(readFileSync(file).includes("f3.ts"), false);
  assert.throws(() => Store.open(file, { ...OPTIONS, readOnly: true }), StateFromAnotherModelError);
});

test("clear removes damaged states that were set aside, and what a killed process left", async (t) => {
  const file = await stateFile(t);
  const left = [
    ".corrupt-1",
    ".corrupt-12-wal",
    ".rebuild.corrupt-1",
    ".fresh",
    ".fresh-wal",
    ".fresh.lock",
    ".import",
  ];
  const others = [".fresh.ts", ".corrupt-n", "-mine"];
  for (const end of [...left, ...others]) writeFileSync(file + end, "f3.ts");
  const store = openStore(t, file);
  store.clear();
  store.close();
  assert.deepEqual(besides(file), others.map((end) => basename(file) + end).sort());
});

function titles(store: Store): string[] {
  return store.chats().map(({ title }) => title);
}

test("chats of a rebuild that is given up are kept, and removed ones stay away", async (t) => {
  const file = await stateFile(t);
  const b = openStore(t, file, { modelHash: "model-b" });
  b.putChat({ id: "d", title: "D", created: 2, json: "{}" });
  b.putChat({ id: "e", title: "E", created: 3, json: "{}" });
  b.removeChat("c");
  b.close();
  const c = openStore(t, file, { modelHash: "model-c" });
  assert.deepEqual(titles(c), ["E", "D"]);
  c.putChat({ id: "d", title: "D, asked on", created: 2, json: "{}" });
  c.close();
  const back = openStore(t, file);
  assert.deepEqual([titles(back), back.files().length], [["E", "D, asked on"], 10]);
  assert.deepEqual(await back.verify(), []);
});

test("a state that is set aside gives its chats to the new one", async (t) => {
  const file = await stateFile(t);
  const db = new DatabaseSync(file);
  db.exec("DELETE FROM fts WHERE rowid = 9");
  db.close();
  const damaged = openStore(t, file);
  assert.notDeepEqual(await damaged.verify(), []);
  damaged.close();
  const store = openStore(t, file);
  assert.deepEqual([store.setAside, titles(store), store.files()], [`${file}.corrupt-1`, ["T"], []]);
});

test("a damaged rebuild gives what chats can be read, and one of noise none", async (t) => {
  const file = await stateFile(t);
  const b = openStore(t, file, { modelHash: "model-b" });
  b.putChat({ id: "d", title: "D", created: 2, json: "{}" });
  b.close();
  const db = new DatabaseSync(`${file}.rebuild`);
  db.exec("INSERT INTO meta VALUES ('suspect', '1')");
  db.close();
  const again = openStore(t, file, { modelHash: "model-b" });
  assert.deepEqual(titles(again), ["D", "T"]);
  again.close();
  writeFileSync(`${file}.rebuild`, "noise");
  assert.deepEqual(titles(openStore(t, file)), ["D", "T"]);
});

test("no state to read is told", (t) => {
  assert.throws(
    () => Store.open(join(temporaryFolder(t), "none.db"), { ...OPTIONS, readOnly: true }),
    StateMissingError,
  );
});
