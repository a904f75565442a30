import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Graph, GraphLoadError, GraphRunError, type GraphTensor } from "../../../src/engine/model/graph.ts";
import { PROVIDER } from "../provider.ts";

const LIMIT = 1e-4;
const LAYERS = 3;
const SEGMENTS = 5;
const GRAPH = fileURLToPath(new URL("gpt2-armt.onnx", import.meta.url));

interface Entry {
  readonly type: "int64" | "float32";
  readonly dims: number[];
  readonly offset: number;
  readonly bytes: number;
}

/** The reference implementation's recorded run (`export_reference` in models/training/export.py). */
const file = readFileSync(new URL("gpt2-armt.bin", import.meta.url));
const headerLength = file.readUInt32LE(0);
const entries = JSON.parse(file.toString("utf8", 4, 4 + headerLength)) as Record<string, Entry>;

function recorded(name: string): GraphTensor {
  const entry = entries[name];
  assert.ok(entry, `no vector ${name}`);
  const from = file.byteOffset + 4 + headerLength + entry.offset;
  const bytes = file.buffer.slice(from, from + entry.bytes);
  return entry.type === "int64"
    ? { type: "int64", data: new BigInt64Array(bytes), dims: entry.dims }
    : { type: "float32", data: new Float32Array(bytes), dims: entry.dims };
}

function floats(tensor: GraphTensor | undefined): Float32Array {
  assert.equal(tensor?.type, "float32");
  return tensor.data;
}

/** Largest deviation, relative to the largest magnitude expected. */
function relativeError(got: Float32Array, expected: Float32Array): number {
  assert.equal(got.length, expected.length);
  let worst = 0;
  let size = 0;
  for (const [i, value] of expected.entries()) {
    worst = Math.max(worst, Math.abs((got[i] ?? Number.NaN) - value));
    size = Math.max(size, Math.abs(value));
  }
  return worst / size;
}

/** Layer `layer`'s part of a state that holds all layers. */
function layerOf(state: GraphTensor | undefined, layer: number): Float32Array {
  const data = floats(state);
  const size = data.length / LAYERS;
  return data.subarray(layer * size, (layer + 1) * size);
}

function emptyState(dims: readonly number[]): GraphTensor {
  return { type: "float32", data: new Float32Array(dims.reduce((a, b) => a * b)), dims };
}

describe("the reference implementation's ARMT in onnxruntime-node", () => {
  let graph: Graph;
  before(async () => {
    graph = await Graph.load(GRAPH, PROVIDER);
  });
  after(() => graph.release());

  it("gives its logits and memory states over five segments, and its answers to a query that writes nothing", async () => {
    const [batch = 0, ...state] = recorded("seg0.layer0.A").dims;
    let A = emptyState([LAYERS, batch, ...state]);
    let z = emptyState([LAYERS, batch, state[0] ?? 0]);
    const gate = (open: number): GraphTensor => ({
      type: "float32",
      data: new Float32Array(batch).fill(open),
      dims: [batch],
    });
    for (let segment = 0; segment < SEGMENTS; segment++) {
      const out = await graph.run({ input_ids: recorded(`seg${segment}.input_ids`), A, z, gate: gate(1) });
      const check = (got: Float32Array, name: string) => {
        const error = relativeError(got, floats(recorded(`seg${segment}.${name}`)));
        assert.ok(error < LIMIT, `segment ${segment} ${name}: relative error ${error}`);
      };
      check(floats(out["logits"]), "logits");
      for (let layer = 0; layer < LAYERS; layer++) {
        check(layerOf(out["A_out"], layer), `layer${layer}.A`);
        check(layerOf(out["z_out"], layer), `layer${layer}.z`);
      }
      A = { type: "float32", data: floats(out["A_out"]), dims: A.dims };
      z = { type: "float32", data: floats(out["z_out"]), dims: z.dims };
    }
    const out = await graph.run({ input_ids: recorded("query.input_ids"), A, z, gate: gate(0) });
    const error = relativeError(floats(out["logits"]), floats(recorded("query.logits")));
    assert.ok(error < LIMIT, `query: relative error ${error}`);
    assert.deepEqual(floats(out["A_out"]), floats(A));
    assert.deepEqual(floats(out["z_out"]), floats(z));
  });

  it("names the shapes and the next step when a run fails", async () => {
    const input_ids: GraphTensor = { type: "int64", data: new BigInt64Array(4), dims: [1, 4] };
    await assert.rejects(graph.run({ input_ids }), (error) => {
      assert.ok(error instanceof GraphRunError);
      assert.match(error.message, /input_ids \[1,4\].*--provider cpu/);
      return true;
    });
  });

  it("says so when the graph cannot be loaded", async () => {
    await assert.rejects(Graph.load(fileURLToPath(import.meta.url), "cpu"), GraphLoadError);
  });
});
