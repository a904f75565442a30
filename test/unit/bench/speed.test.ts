import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Bundle, loadBundle } from "../../../src/engine/model/bundle.ts";
import { indexInput, toInt64 } from "../../../src/engine/model/inputs.ts";
import { StepSession } from "../../../src/engine/model/session.ts";
import { DEFAULT_MODEL } from "../../bench/header.ts";
import { PlainWeights, writePlainEncoder } from "../../bench/speed/plain-encoder.ts";
import { drawCost } from "../../bench/speed/plot.ts";
import { LAYERS } from "../../bench/speed/products.ts";
import { quantile, runFor } from "../../bench/speed/rate.ts";

describe("the plain encoder that transformers.js is timed with", () => {
  let bundle: Bundle;
  let folder: string;
  const input = () => {
    const header = Int32Array.of(3000, 3001);
    const code = Int32Array.from({ length: 60 }, (_, i) => 2000 + 37 * i);
    return indexInput(bundle, header, code, [0]);
  };
  before(async () => {
    bundle = await loadBundle(DEFAULT_MODEL);
    folder = mkdtempSync(join(tmpdir(), "armt-plain-"));
    writePlainEncoder(bundle, folder, LAYERS);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Mean over the tokens through the gist's projection, of unit length. */
  const gist = async (file: string) => {
    const session = await InferenceSession.create(join(folder, "onnx", file));
    const { tokens, kinds } = input();
    const dims = [1, tokens.length];
    const out = await session.run({
      input_ids: new Tensor("int64", toInt64(tokens), dims),
      attention_mask: new Tensor("int64", toInt64(new Int32Array(tokens.length).fill(1)), dims),
      token_type_ids: new Tensor("int64", toInt64(kinds), dims),
    });
    await session.release();
    const hidden = out["last_hidden_state"]?.data as Float32Array;
    const sum = new Float32Array(384);
    for (const [i, x] of hidden.entries()) sum[i % 384] = (sum[i % 384] ?? 0) + x;
    const matrix = new PlainWeights(bundle).of("gist.weight");
    const projected = sum.map((_, row) => dot(matrix.subarray(row * 384).subarray(0, 384), sum));
    const length = Math.hypot(...projected);
    return projected.map((x) => x / length);
  };
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((total, x, i) => total + x * (b[i] ?? 0), 0);

  it("computes in both forms what the product's step computes for its gist", async () => {
    const session = await StepSession.load(bundle, "cpu");
    const own = (await session.encode(input())).gist;
    await session.release();
    const plain = await gist("model.onnx");
    assert.ok(dot(plain, own) > 0.98, `${dot(plain, own)}`);
    assert.ok(dot(plain, await gist("model_quantized.onnx")) > 0.98);
  });
});

describe("the speed bench", () => {
  it("counts what was done until the time was over", async () => {
    const rate = await runFor(3, 20, async (item) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { bytes: 10, tokens: item };
    });
    assert.ok(rate.ms >= 20 && rate.items > 0 && rate.bytes === rate.items * 10);
    assert.equal(quantile([4, 1, 3, 2], 0.5), 3);
    assert.equal(quantile([1, 2, 3], 1), 3);
  });

  it("draws cost against size with a point for each measurement", () => {
    const index = {
      megabytesPerSecond: 1,
      tokensPerSecond: 1,
      microsecondsPerToken: 1,
      millisecondsPerSegment: 1,
      processorSecondsPerMegabyte: 1,
    };
    const row = (tokens: number, processorMicrosecondsPerToken: number) => ({
      tokens,
      bytes: tokens * 3,
      files: 1,
      segments: tokens / 100,
      index: { ...index, processorMicrosecondsPerToken },
      askMs: { p50: 1, p95: 1, questions: 1 },
      askProcessorMs: { p50: 1, p95: 1 },
      saveMs: { known: 1, answered: 1, rounds: 1 },
      peakMb: { index: 1, all: 1 },
      stateBytesPerSourceByte: 1,
      readBytesPerSourceByte: 1,
      writtenBytesPerSourceByte: 1,
    });
    const svg = drawCost({
      model: "m",
      modelHash: "h",
      modelSha256: "s",
      sourcesSha256: "s",
      commit: "c",
      machine: "a <machine>",
      node: "v",
      started: "",
      quick: false,
      sizes: [row(1e5, 50), row(1e6, 51)],
      systems: [],
      steps: [
        { at: 10, ms: 9, processorMs: 9 },
        { at: 100, ms: 9.1, processorMs: 9.1 },
      ],
      products: null,
    });
    assert.equal(svg.match(/<circle/gu)?.length, 4);
    assert.ok(!svg.includes("<machine>"));
  });
});
