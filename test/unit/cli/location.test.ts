import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { after, test } from "node:test";
import { WorkspaceNotFoundError, WorkspaceRefusedError } from "../../../src/engine/errors.ts";
import { StateNotWritableError } from "../../../src/engine/store/errors.ts";
import { createStateFolder, defaultStateFile } from "../../../src/engine/store/location.ts";
import { resolveWorkspace } from "../../../src/engine/workspace.ts";

const folder = mkdtempSync(join(tmpdir(), "armt-location-"));
after(() => rmSync(folder, { recursive: true }));
const workspace = join(folder, "my project 🚀");
mkdirSync(workspace);
symlinkSync(workspace, join(folder, "link"));

test("a workspace has one state file, by its real path", () => {
  const file = defaultStateFile(workspace);
  assert.ok(isAbsolute(file));
  assert.match(basename(file), /^my-project--[0-9a-f]{16}\.sqlite$/);
  assert.equal(defaultStateFile(join(folder, "link")), file);
  assert.equal(defaultStateFile(`${workspace}/`), file);
  assert.notEqual(defaultStateFile(folder), file);
});

test("XDG_STATE_HOME is followed where it is absolute", { skip: process.platform !== "linux" }, () => {
  const before = process.env["XDG_STATE_HOME"];
  try {
    process.env["XDG_STATE_HOME"] = folder;
    assert.equal(dirname(defaultStateFile(workspace)), join(folder, "armt"));
    process.env["XDG_STATE_HOME"] = "relative";
    assert.match(dirname(defaultStateFile(workspace)), /\.local\/state\/armt$/);
  } finally {
    if (before === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = before;
  }
});

test("the state's folder is made; where it cannot be, the error is the state's own", () => {
  const file = join(folder, "a", "b", "x.sqlite");
  createStateFolder(file);
  assert.ok(existsSync(dirname(file)));
  writeFileSync(join(folder, "plain"), "");
  assert.throws(() => createStateFolder(join(folder, "plain", "x.sqlite")), StateNotWritableError);
});

test("folders that may not be indexed", () => {
  assert.equal(basename(resolveWorkspace(join(folder, "link"))), "my project 🚀");
  assert.throws(() => resolveWorkspace(join(folder, "none")), WorkspaceNotFoundError);
  assert.throws(() => resolveWorkspace(join(folder, "plain")), WorkspaceNotFoundError);
  assert.throws(() => resolveWorkspace("/"), WorkspaceRefusedError);
  assert.throws(() => resolveWorkspace(process.env["HOME"] ?? "/root"), WorkspaceRefusedError);
});
