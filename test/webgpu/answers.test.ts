import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DEFAULT_MODEL, Engine } from "../../src/engine/service.ts";
import { ROOT } from "../vscode/cache.ts";
import { bundleWith } from "./bundle.ts";

const QUESTIONS = ["what is the code of IllegalOperationError's stack?", "where is the heartbeat interval set?"];

const folder = mkdtempSync(join(tmpdir(), "armt-webgpu-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("questions get the same answers on webgpu and on the CPU", async () => {
  const workspace = join(folder, "workspace");
  mkdirSync(workspace);
  for (const name of ["error.js", "heartbeat.js", "format.js"]) {
    cpSync(join(ROOT, "node_modules", "amqplib", "lib", name), join(workspace, name));
  }
  // The same numbers on both: the CPU has the graph for GPUs too.
  const float = join(DEFAULT_MODEL, "step.fp16.onnx");
  const model = bundleWith(join(folder, "model"), { int8: float, fp16: float });
  const answers = async (provider: "webgpu" | "cpu") => {
    await using engine = await Engine.open({ workspace, model, provider, state: join(folder, `${provider}.sqlite`) });
    const { notices, segments } = await engine.index({});
    const given = [];
    for (const question of QUESTIONS) {
      const { answer, citations, read, abstained } = await engine.ask(question, {});
      given.push({ answer, read, abstained, places: citations.map(({ file, from, to }) => [file, from, to]) });
    }
    assert.deepEqual([engine.provider, notices], [provider, []]);
    return { segments, given };
  };
  const [got, wanted] = [await answers("webgpu"), await answers("cpu")];
  assert.ok(wanted.segments > 5 && wanted.given.every(({ places }) => places.length > 0));
  assert.deepEqual(got, wanted);
});
