import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Bundle, loadBundle } from "../../src/engine/model/bundle.ts";
import { ResidentTensor } from "../../src/engine/model/graph.ts";
import { indexInput, questionInput, readInput } from "../../src/engine/model/inputs.ts";
import { freeState, StepSession, type StepState } from "../../src/engine/model/session.ts";
import { DEFAULT_MODEL } from "../../src/engine/service.ts";

/** Of the largest magnitude that is expected. */
const STATE_LIMIT = 1e-3;

const words = (length: number, from: number) => Int32Array.from({ length }, (_, i) => 2000 + ((from + 37 * i) % 9000));
const question = Int32Array.of(2054, 2003, 1996, 4555);
const header = Int32Array.of(3000, 3001);

describe("the product's step on webgpu", () => {
  let bundle: Bundle;
  let gpu: StepSession;
  let cpu: StepSession;
  before(async () => {
    bundle = await loadBundle(DEFAULT_MODEL);
    // Fails to load if a node would run on the CPU.
    gpu = await StepSession.load(bundle, "webgpu", { wholly: true });
    cpu = await StepSession.load(bundle, "cpu", { form: "fp16" });
  });
  after(async () => {
    await gpu.release();
    await cpu.release();
  });

  it("encodes as the CPU does with the same graph", async () => {
    for (const input of [
      indexInput(bundle, header, words(128, 0), [0, 3, 20, 40, 60, 80, 100, 127]),
      indexInput(bundle, header, words(9, 500), []),
      questionInput(bundle, question),
      questionInput(bundle, question, { code: words(60, 900), anchors: [2, 50] }),
    ]) {
      const [got, wanted] = [await gpu.encode(input), await cpu.encode(input)];
      for (const name of ["keys", "beta", "gist"] as const) assertNear(got[name], wanted[name], name);
    }
  });

  it("leaves the states that the CPU leaves, and says the same, segment after segment", async () => {
    let [onGpu, onCpu]: StepState[] = [gpu.empty, cpu.empty];
    for (let i = 0; i < 8; i++) {
      const input = readInput(bundle, question, header, words(30 + 14 * i, 700 * i));
      const [got, wanted] = [await gpu.read(input, onGpu as StepState), await cpu.read(input, onCpu as StepState)];
      freeState(onGpu as StepState);
      [onGpu, onCpu] = [got.state, wanted.state];
      for (const name of ["start", "end", "relevance", "kind"] as const) assertNear(got[name], wanted[name], name);
      const [landed, expected] = [await gpu.land(onGpu), await cpu.land(onCpu)];
      for (const name of ["A", "z"] as const) assertNear(landed[name], expected[name], `${name} after ${i + 1}`);
      assert.equal(best(got.start), best(wanted.start));
    }
    freeState(onGpu as StepState);
  });

  it("keeps the reader memory on the GPU, and gives its room back", async () => {
    const { state } = await gpu.read(readInput(bundle, question, header, words(20, 0)), gpu.empty);
    assert.ok(state.A instanceof ResidentTensor && state.z instanceof ResidentTensor);
    freeState(state);
    freeState(state);
    await assert.rejects(gpu.land(state), /after it was disposed/);
    // A state that nobody freed goes with its session.
    const other = await StepSession.load(bundle, "webgpu");
    const left = await other.read(readInput(bundle, question, header, words(20, 0)), other.empty);
    await other.release();
    freeState(left.state);
  });
});

function best(logits: Float32Array): number {
  return logits.indexOf(Math.max(...logits));
}

function assertNear(got: Float32Array, wanted: Float32Array, name: string): void {
  assert.equal(got.length, wanted.length);
  // Logits of what is masked out are large and say nothing.
  const real = [...wanted.keys()].filter((i) => (wanted[i] ?? 0) > -1e3);
  const size = Math.max(...real.map((i) => Math.abs(wanted[i] ?? 0)), Number.MIN_VALUE);
  const error = Math.max(...real.map((i) => Math.abs((got[i] ?? Number.NaN) - (wanted[i] ?? 0)))) / size;
  assert.ok(size === Number.MIN_VALUE ? error === 0 : error < STATE_LIMIT, `${name}: ${error} of ${size}`);
}
