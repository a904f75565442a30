import { type Bundle, BundleConfigError, verifyFile } from "./bundle.ts";
import { Graph, type GraphTensor, type Provider, ProviderUnavailableError } from "./graph.ts";
import { type StepInput, toInt64 } from "./inputs.ts";

/** Outputs of one step with batch 1. T tokens, M anchors, L reader layers, K keys, V values. */
export interface StepOutput {
  /** Reader memory after the step: A [L,1,K,V], z [L,1,K]. */
  readonly A: Float32Array;
  readonly z: Float32Array;
  /** [max(M, 1), dMem], before φ. */
  readonly keys: Float32Array;
  /** [max(M, 1)], 0..1. */
  readonly beta: Float32Array;
  /** [G], unit length. */
  readonly gist: Float32Array;
  /** Logits [T]. */
  readonly start: Float32Array;
  readonly end: Float32Array;
  /** Logit [1]. */
  readonly relevance: Float32Array;
  /** Logits over the bundle's `answerKinds`. */
  readonly kind: Float32Array;
}

/** Reader memory before a step. */
export interface StepState {
  readonly A: Float32Array;
  readonly z: Float32Array;
}

/** Where each field of `StepOutput` comes from. */
const OUTPUTS: Readonly<Record<keyof StepOutput, string>> = {
  A: "A_out",
  z: "z_out",
  keys: "keys",
  beta: "beta",
  gist: "gist",
  start: "start",
  end: "end",
  relevance: "relevance",
  kind: "kind",
};

/** A bundle's step, loaded: int8 on the CPU, float16 elsewhere. Batch 1, unpadded, so that a step is a pure function. */
export class StepSession {
  readonly provider: Provider;
  readonly #graph: Graph;
  readonly #bundle: Bundle;

  private constructor(graph: Graph, bundle: Bundle) {
    this.provider = graph.provider;
    this.#graph = graph;
    this.#bundle = bundle;
  }

  /**
   * Checks the graph file's hash and loads it on one provider. Throws `BundleDamagedError`, the errors of `Graph.load`
   * (`ProviderUnavailableError` too if the bundle has no graph for it), and `BundleConfigError` if the graph lacks an
   * output.
   */
  static async load(bundle: Bundle, provider: Provider, threads?: number): Promise<StepSession> {
    const form = provider === "cpu" ? "int8" : "fp16";
    const file = bundle.graphs[form];
    if (file === undefined) throw new ProviderUnavailableError(provider, "the model came without its float16 graph");
    await verifyFile(bundle.folder, form);
    const graph = await Graph.load(file, provider, threads);
    const missing = Object.values(OUTPUTS).filter((name) => !graph.outputNames.includes(name));
    if (missing.length > 0) {
      await graph.release();
      throw new BundleConfigError(bundle.folder, `names ${graph.file}, which has no output ${missing.join(", ")}`);
    }
    return new StepSession(graph, bundle);
  }

  /** One step; `gate` 1 reads the state, 0 ignores it. Throws `GraphRunError`. */
  async run(input: StepInput, state: StepState, gate: 0 | 1): Promise<StepOutput> {
    const { stateLayers, stateKeys, stateValues } = this.#bundle.dims;
    const row = [1, input.tokens.length];
    // A dimension of 0 is not safe on every provider: no anchor is one anchor at -1.
    const anchors = input.anchors.length === 0 ? Int32Array.of(-1) : input.anchors;
    const outputs = await this.#graph.run({
      tokens: { type: "int64", data: toInt64(input.tokens), dims: row },
      kinds: { type: "int64", data: toInt64(input.kinds), dims: row },
      anchors: { type: "int64", data: toInt64(anchors), dims: [1, anchors.length] },
      A: { type: "float32", data: state.A, dims: [stateLayers, 1, stateKeys, stateValues] },
      z: { type: "float32", data: state.z, dims: [stateLayers, 1, stateKeys] },
      gate: { type: "float32", data: Float32Array.of(gate), dims: [1] },
    });
    const floats = (name: keyof StepOutput) => this.#floats(outputs, OUTPUTS[name]);
    return {
      A: floats("A"),
      z: floats("z"),
      keys: floats("keys"),
      beta: floats("beta"),
      gist: floats("gist"),
      start: floats("start"),
      end: floats("end"),
      relevance: floats("relevance"),
      kind: floats("kind"),
    };
  }

  /** Frees the native session. */
  async release(): Promise<void> {
    await this.#graph.release();
  }

  #floats(outputs: Readonly<Record<string, GraphTensor>>, name: string): Float32Array {
    const tensor = outputs[name];
    if (tensor?.type !== "float32") {
      throw new BundleConfigError(this.#bundle.folder, `names ${this.#graph.file}, whose ${name} is not float32`);
    }
    return tensor.data;
  }
}
