import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ProviderMemory } from "../../../src/engine/model/provider-memory.ts";

describe("what is remembered of providers", () => {
  const folder = mkdtempSync(join(tmpdir(), "armt-provider-memory-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const open = (name: string) => new ProviderMemory(join(folder, name), ["cpu", "webgpu", "cuda"]);

  it("keeps the fastest of each machine, until it fails", () => {
    const memory = open("fastest.json");
    memory.remember("a", "webgpu");
    memory.remember("b", "cpu");
    assert.deepEqual([memory.fastest("a"), memory.fastest("b"), memory.fastest("c")], ["webgpu", "cpu", undefined]);
    memory.forget("a");
    assert.deepEqual([memory.fastest("a"), memory.fastest("b")], [undefined, "cpu"]);
  });

  it("suspects a provider whose trial did not end, on its machine alone", () => {
    const memory = open("trial.json");
    {
      using _trial = memory.trying("a", "webgpu");
      assert.ok(memory.isSuspect("a", "webgpu"));
    }
    assert.ok(!memory.isSuspect("a", "webgpu"));
    memory.trying("a", "webgpu"); // the process ends here
    const next = open("trial.json");
    assert.ok(next.isSuspect("a", "webgpu"));
    assert.ok(!next.isSuspect("a", "cuda"));
    assert.ok(!next.isSuspect("b", "webgpu"));
    assert.equal(next.fastest("a"), undefined);
  });

  it("takes what it cannot read for nothing, and unknown names too", () => {
    const file = join(folder, "bad.json");
    writeFileSync(file, '{"a": "abacus", "b": 3');
    const memory = open("bad.json");
    assert.equal(memory.fastest("a"), undefined);
    writeFileSync(file, '{"a": "abacus", "b": "cpu"}');
    memory.remember("c", "cuda");
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { b: "cpu", c: "cuda" });
  });
});
