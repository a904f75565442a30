import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  BundleConfigError,
  BundleDamagedError,
  BundleMissingError,
  BundleVersionError,
  loadBundle,
  verifyBundle,
} from "../../../src/engine/model/bundle.ts";
import { ProviderUnavailableError } from "../../../src/engine/model/graph.ts";
import { StepSession } from "../../../src/engine/model/session.ts";

/** A graph that onnxruntime loads, though it is not a step. */
const GRAPH = fileURLToPath(new URL("gpt2-armt.onnx", import.meta.url));
const FILES = { fp16: "step.fp16.onnx", int8: "step.int8.onnx", tokenizer: "tokenizer.json" } as const;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "armt-bundle-"));
  for (const name of Object.values(FILES)) copyFileSync(GRAPH, join(folder, name));
  writeConfig();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a config that fits the folder's files, with some fields replaced; `undefined` leaves a field out. */
function writeConfig(changes: Readonly<Record<string, unknown>> = {}): void {
  const files = Object.fromEntries(
    Object.entries(FILES).map(([role, path]) => {
      const bytes = readFileSync(join(folder, path));
      return [role, { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }];
    }),
  );
  const identity = createHash("sha256");
  for (const role of Object.keys(FILES)) identity.update(`${role} ${files[role]?.sha256}\n`);
  const config = {
    format: 1,
    name: "test",
    version: "0.0.1",
    modelHash: identity.digest("hex"),
    files,
    dims: { hidden: 32, stateLayers: 2, stateKeys: 48, stateValues: 16, keyWidth: 8, nu: 3, gistWidth: 32 },
    tokenKinds: { question: 0, code: 1, memory: 2 },
    specialTokens: { pad: 0, cls: 101, sep: 102 },
    memoryTokenIds: [2, 3],
    markTokenIds: [999, 1000],
    answerKinds: ["span", "list", "place", "yes", "no", "none"],
    limits: { tokens: 512, segmentTokens: 128, headerTokens: 24, questionTokens: 64, anchors: 12 },
    calibration: {
      fusion: { gist: 1, memory: 1, lexical: 1 },
      places: 8,
      aboutTermWeight: 0.3,
      answer: {
        support: { bias: 0, relevance: 1, prior: 0 },
        holder: { support: 1, span: 1, logit: 0 },
        confidence: { bias: 0, support: 1, span: 0, none: 0 },
        absence: { bias: 0, support: -1, span: 0, none: 1 },
        abstainAbove: 0.6,
        listShare: 0.5,
      },
      citations: 5,
    },
    ...changes,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
}

describe("a model bundle", () => {
  it("loads with typed sizes, and its files fit their hashes", async () => {
    const bundle = await loadBundle(folder);
    assert.equal(bundle.name, "test");
    assert.deepEqual(bundle.memoryTokenIds, [2, 3]);
    assert.deepEqual(bundle.markIds, new Set([999, 1000]));
    assert.equal(bundle.dims.stateKeys, 48);
    assert.equal(bundle.memoryDims.dMem, 8);
    await verifyBundle(bundle);
  });

  it("is an error with the next step when the folder or its config is missing", async () => {
    await assert.rejects(loadBundle(join(folder, "nowhere")), (error) => {
      assert.ok(error instanceof BundleMissingError);
      assert.match(error.message, /config\.json is missing.*--model/);
      return true;
    });
  });

  for (const [role, name] of Object.entries(FILES)) {
    it(`names its ${role} file when that is missing, cut off or altered`, async () => {
      const path = join(folder, name);
      const bytes = readFileSync(path);
      const bundle = await loadBundle(folder);

      bytes[100] = (bytes[100] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      await assert.rejects(verifyBundle(bundle), new RegExp(`${name} differs from the hash`));

      writeFileSync(path, bytes.subarray(0, 1000));
      await assert.rejects(loadBundle(folder), BundleDamagedError);

      rmSync(path);
      if (role !== "fp16") await assert.rejects(loadBundle(folder), new RegExp(`${name} is missing`));
    });
  }

  it("is refused when its format is another version's", async () => {
    writeConfig({ format: 2 });
    await assert.rejects(loadBundle(folder), (error) => {
      assert.ok(error instanceof BundleVersionError);
      assert.match(error.message, /format 2.*reads 1.*Update ARMT/);
      return true;
    });
    writeConfig({ format: 0 });
    await assert.rejects(loadBundle(folder), /Export the model again/);
  });

  it("is refused when config.json is not JSON, lacks a field or has one of another type", async () => {
    writeFileSync(join(folder, "config.json"), "{");
    await assert.rejects(loadBundle(folder), /not valid JSON/);
    writeConfig({ dims: undefined });
    await assert.rejects(loadBundle(folder), /"dims"/);
    writeConfig({ memoryTokenIds: ["2"] });
    await assert.rejects(loadBundle(folder), BundleConfigError);
  });

  it("is refused when its identity is not that of its files, or its answer kinds are not the engine's", async () => {
    writeConfig({ modelHash: "0".repeat(64) });
    await assert.rejects(loadBundle(folder), BundleConfigError);
    writeConfig({ answerKinds: ["span"] });
    await assert.rejects(loadBundle(folder), /answerKinds/);
  });

  it("names no file outside its folder", async () => {
    const entry = { path: "../step.onnx", bytes: statSync(GRAPH).size, sha256: "0".repeat(64) };
    writeConfig({ files: { fp16: entry, int8: entry, tokenizer: entry } });
    await assert.rejects(loadBundle(folder), BundleConfigError);
  });
});

describe("a step session", () => {
  it("starts on no GPU where the bundle came without the graph for it", async () => {
    rmSync(join(folder, FILES.fp16));
    const bundle = await loadBundle(folder);
    await verifyBundle(bundle);
    await assert.rejects(StepSession.load(bundle, "webgpu"), ProviderUnavailableError);
  });

  it("starts from no graph that differs from its hash", async () => {
    const bundle = await loadBundle(folder);
    const bytes = readFileSync(bundle.graphs.int8);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(bundle.graphs.int8, bytes);
    await assert.rejects(StepSession.load(bundle, "cpu"), BundleDamagedError);
  });

  it("starts from no graph that lacks the step's outputs", async () => {
    await assert.rejects(StepSession.load(await loadBundle(folder), "cpu"), /has no output keys, beta, gist/);
  });
});
