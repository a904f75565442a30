import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { loadBundle } from "../../src/engine/model/bundle.ts";
import { ReaderMemory } from "../../src/engine/model/reader-memory.ts";
import { Stepper } from "../../src/engine/model/stepper.ts";
import { Engine } from "../../src/engine/service.ts";
import { bundleWith } from "./bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "armt-webgpu-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe("a GPU that fails in the middle", () => {
  // Its graph for GPUs takes more than the device has room for where a segment is long (`greedy.py`).
  const graphs = { fp16: here("greedy.onnx"), int8: here("thrifty.onnx") };
  const model = bundleWith(join(folder, "greedy"), graphs);

  it("of a reading gives way to the CPU, which knows what was read before", async () => {
    const bundle = await loadBundle(model);
    const heard: string[] = [];
    const failing = new Stepper(bundle, "webgpu", (provider, running) => heard.push(`${provider} ${running}`));
    const sound = new Stepper(bundle, "cpu");
    using memory = new ReaderMemory();
    using other = new ReaderMemory();
    const question = Int32Array.of(2054);
    const providers: (string | null)[] = [];
    for (const length of [3, 5, 120, 4]) {
      const code = Int32Array.from({ length }, (_, i) => 1000 + 100 * length + i);
      const got = await failing.read(question, new Int32Array(0), code, memory);
      const wanted = await sound.read(question, new Int32Array(0), code, other);
      // It tells the memory's content too.
      assert.ok(Math.abs(got.relevance - wanted.relevance) < 1e-4, `${got.relevance}, not ${wanted.relevance}`);
      providers.push(failing.provider);
    }
    assert.deepEqual(providers, ["webgpu", "webgpu", "cpu", "cpu"]);
    assert.deepEqual(heard, ["webgpu false", "webgpu true", "cpu false", "cpu true"]);
    assert.match(failing.notices.join(), /failed on webgpu.* The model runs on the CPU\./su);
    await failing.release();
    await sound.release();
  });

  it("of indexing loses no segment", async () => {
    const workspace = join(folder, "workspace");
    const state = (name: string) => join(folder, `${name}.sqlite`);
    mkdirSync(workspace);
    writeFileSync(join(workspace, "a.js"), "exports.retries = 3;\n");
    // Words alone: punctuation is not streamed.
    writeFileSync(join(workspace, "b.js"), `exports.text = \`\n${"seventeen apples and a pear\n".repeat(120)}\`;\n`);
    writeFileSync(join(workspace, "c.js"), "exports.pause = 250;\n");
    const index = async (provider: "webgpu" | "cpu") => {
      await using engine = await Engine.open({ workspace, model, provider, state: state(provider) });
      const report = await engine.index({});
      assert.equal(engine.provider, "cpu");
      assert.deepEqual((await engine.verify()).problems, []);
      return report;
    };
    const [got, wanted] = [await index("webgpu"), await index("cpu")];
    assert.ok(wanted.segments >= 3);
    assert.deepEqual([got.segments, got.writes, got.files], [wanted.segments, wanted.writes, wanted.files]);
    assert.match(got.notices.join(), /failed on webgpu/);
    assert.deepEqual(wanted.notices, []);
  });
});
