import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import {
  ExportTargetExistsError,
  ImportRefusedError,
  StateFromNewerVersionError,
} from "../../../src/engine/store/errors.ts";
import { addFile, openStore, statesOf, temporaryFolder } from "./fixture.ts";

const NAMES = Array.from({ length: 20 }, (_, i) => `name${i}`);

test("an exported state is one file without chats that another workspace imports, keeping its own chats", async (t) => {
  const folder = temporaryFolder(t);
  const source = openStore(t, join(folder, "a.db"));
  addFile(source, "a.ts", NAMES);
  source.putChat({ id: "s", title: "SECRET-TITLE", created: 1, json: "SECRET-TEXT".repeat(900) });
  await source.settle();
  const exported = join(folder, "shared.armt");
  source.exportTo(exported);
  assert.throws(() => source.exportTo(exported), ExportTargetExistsError);
  const bytes = readFileSync(exported);
  assert.ok(!bytes.includes("SECRET") && !bytes.includes("/workspace"));
  assert.ok(!existsSync(`${exported}-wal`));

  const target = openStore(t, join(folder, "b.db"), { workspaceId: "/elsewhere" });
  addFile(target, "old.ts", ["x"]);
  target.putChat({ id: "t", title: "Mine", created: 2, json: "{}" });
  target.importFrom(exported);
  assert.deepEqual(statesOf(target), statesOf(source));
  assert.deepEqual(
    target.files().map(({ path }) => path),
    ["a.ts"],
  );
  assert.deepEqual(
    target.chats().map(({ id }) => id),
    ["t"],
  );
  assert.equal(target.lexical([{ term: "name7", weight: 1 }], 5).length, 1);
  addFile(target, "b.ts", ["y"]);
  assert.deepEqual(await target.verify(), []);
  target.close();
  assert.equal(openStore(t, join(folder, "b.db"), { workspaceId: "/elsewhere" }).files().length, 2);
  const direct = openStore(t, exported, { workspaceId: "/third" });
  assert.equal(direct.files().length, 1, "an export can be opened as it is");
});

test("what cannot be used is refused before anything is changed", async (t) => {
  const folder = temporaryFolder(t);
  const source = openStore(t, join(folder, "a.db"));
  addFile(source, "a.ts", NAMES);
  const target = openStore(t, join(folder, "b.db"));
  addFile(target, "b.ts", ["x"]);
  const file = (name: string, change: (path: string) => void): string => {
    const path = join(folder, name);
    source.exportTo(path);
    change(path);
    return path;
  };
  const sql = (statement: string) => (path: string) => {
    const db = new DatabaseSync(path);
    db.exec(statement);
    db.close();
  };
  const cases: readonly [string, RegExp][] = [
    [join(folder, "absent"), /no such file/],
    [folder, /./],
    [file("noise", (path) => writeFileSync(path, "noise")), /damaged/],
    [file("cut", (path) => writeFileSync(path, readFileSync(path).subarray(0, 9000))), /damaged/],
    [file("model", sql("UPDATE meta SET value = 'x' WHERE key = 'model'")), /another model/],
    [file("state", sql("UPDATE shards SET state = randomblob(length(state)) WHERE id = 1")), /checksum/],
    [file("writes", sql("UPDATE log SET data = randomblob(length(data)) WHERE id = 0")), /checksum/],
    [file("list", sql("UPDATE files SET list = randomblob(length(list))")), /checksum/],
    [file("foreign", sql("PRAGMA application_id = 5")), /another program/],
  ];
  for (const [path, reason] of cases) {
    assert.throws(
      () => target.importFrom(path),
      (error) => error instanceof ImportRefusedError && reason.test(error.message),
      path,
    );
  }
  assert.throws(() => target.importFrom(file("newer", sql("PRAGMA user_version = 7"))), StateFromNewerVersionError);
  assert.deepEqual(
    target.files().map(({ path }) => path),
    ["b.ts"],
  );
  addFile(target, "c.ts", ["y"]);
  assert.deepEqual(await target.verify(), []);
});
