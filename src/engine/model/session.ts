import { type Bundle, BundleConfigError, verifyFile } from "./bundle.ts";
import {
  Graph,
  type GraphOptions,
  GraphRunError,
  type GraphTensor,
  type Provider,
  ProviderUnavailableError,
  ResidentTensor,
} from "./graph.ts";
import { type StepInput, toInt64 } from "./inputs.ts";

/** What a step with the read gate closed makes of a segment or a question. M anchors. */
export interface EncodeOutput {
  /** [max(M, 1), dMem], before φ. */
  readonly keys: Float32Array;
  /** [max(M, 1)], 0..1. */
  readonly beta: Float32Array;
  /** [G], unit length. */
  readonly gist: Float32Array;
}

/** What a step with the read gate open says of a segment, and the state that it leaves. T tokens. */
export interface ReadOutput {
  readonly state: StepState;
  /** Logits [T]. */
  readonly start: Float32Array;
  readonly end: Float32Array;
  /** Logit [1]. */
  readonly relevance: Float32Array;
  /** Logits over the bundle's `answerKinds`. */
  readonly kind: Float32Array;
}

/** The reader memory between two steps: A [L,1,K,V], z [L,1,K]; L reader layers, K keys, V values. */
export interface StepState {
  readonly A: Float32Array | ResidentTensor;
  readonly z: Float32Array | ResidentTensor;
}

/** The same, on the CPU's side. */
export interface LandedState {
  readonly A: Float32Array;
  readonly z: Float32Array;
}

/** How a bundle's step is loaded. */
export interface SessionOptions extends Pick<GraphOptions, "threads" | "wholly"> {
  /** Which of the bundle's graphs; by default int8 on the CPU, the one with float16 weights elsewhere. */
  readonly form?: "int8" | "fp16";
}

const STATE = ["A_out", "z_out"];
const ENCODED = ["keys", "beta", "gist"];
const READ = [...STATE, "start", "end", "relevance", "kind"];

/** Logits of memory tokens, with which an input to be read ends, are far below this. */
const MASKED = -1e3;

/** A bundle's step, loaded. Batch 1, unpadded, so that a step is a pure function. */
export class StepSession {
  readonly provider: Provider;
  /** The reader memory before anything was read. */
  readonly empty: LandedState;
  readonly #graph: Graph;
  readonly #bundle: Bundle;
  readonly #int32: boolean;

  private constructor(graph: Graph, bundle: Bundle) {
    this.provider = graph.provider;
    this.empty = emptyState(bundle);
    this.#graph = graph;
    this.#bundle = bundle;
    this.#int32 = graph.takesInt32("tokens");
  }

  /**
   * Checks the graph file's hash and loads it on one provider. Throws `BundleDamagedError`, the errors of `Graph.load`
   * (`ProviderUnavailableError` too if the bundle has no graph for it), and `BundleConfigError` if the graph lacks an
   * output.
   */
  static async load(bundle: Bundle, provider: Provider, options: SessionOptions = {}): Promise<StepSession> {
    const { form = provider === "cpu" ? "int8" : "fp16", ...how } = options;
    const file = bundle.graphs[form];
    if (file === undefined) throw new ProviderUnavailableError(provider, "the model came without its float16 graph");
    await verifyFile(bundle.folder, form);
    const graph = await Graph.load(file, provider, { ...how, resident: STATE });
    const missing = [...ENCODED, ...READ].filter((name) => !graph.outputNames.includes(name));
    if (missing.length > 0) {
      await graph.release();
      throw new BundleConfigError(bundle.folder, `names ${graph.file}, which has no output ${missing.join(", ")}`);
    }
    return new StepSession(graph, bundle);
  }

  /** One step that reads no memory and leaves none. Throws `GraphRunError`. */
  async encode(input: StepInput): Promise<EncodeOutput> {
    const outputs = await this.#run(input, this.empty, 0, ENCODED);
    const floats = (name: string) => this.#floats(outputs, name);
    const out = { keys: floats("keys"), beta: floats("beta"), gist: floats("gist") };
    this.#check(Math.abs(Math.hypot(...out.gist) - 1) < 1e-2, input);
    return out;
  }

  /**
   * One step through the reader memory. The state that it leaves is where the provider has it, on webgpu in the GPU's
   * memory; the caller frees it and the one before (`freeState`). Throws `GraphRunError`.
   */
  async read(input: StepInput, before: StepState): Promise<ReadOutput> {
    const outputs = await this.#run(input, before, 1, READ);
    const floats = (name: string) => this.#floats(outputs, name);
    const resident = (name: string) => {
      const tensor = outputs[name];
      return tensor?.type === "resident" ? tensor : floats(name);
    };
    const state = { A: resident("A_out"), z: resident("z_out") };
    try {
      const out = { state, start: floats("start"), end: floats("end"), relevance: floats("relevance") };
      this.#check((out.start.at(-1) ?? 0) < MASKED, input);
      return { ...out, kind: floats("kind") };
    } catch (error) {
      freeState(state);
      throw error;
    }
  }

  /** A state on the CPU's side, wherever it is. Throws `GraphRunError`. */
  async land({ A, z }: StepState): Promise<LandedState> {
    const land = (tensor: Float32Array | ResidentTensor) =>
      tensor instanceof ResidentTensor ? this.#graph.download(tensor) : tensor;
    return { A: await land(A), z: await land(z) };
  }

  /** Frees the native session, and the states that it left in the GPU's memory. */
  async release(): Promise<void> {
    await this.#graph.release();
  }

  async #run(
    input: StepInput,
    state: StepState,
    gate: 0 | 1,
    names: readonly string[],
  ): Promise<Readonly<Record<string, GraphTensor>>> {
    return await this.#graph.run(stepTensors(this.#bundle, input, state, gate, this.#int32), names);
  }

  /**
   * onnxruntime tells some failures of a GPU, lack of memory among them, in its log alone and hands out what stood in
   * the buffers: what holds of every output of the step is looked at. Throws `GraphRunError`.
   */
  #check(plausible: boolean, { tokens, anchors }: StepInput): void {
    if (plausible || this.provider === "cpu") return;
    const shapes = `${tokens.length} tokens, ${anchors.length} anchors`;
    throw new GraphRunError(this.#graph.file, this.provider, shapes, "it gave numbers that no step gives");
  }

  #floats(outputs: Readonly<Record<string, GraphTensor>>, name: string): Float32Array {
    const tensor = outputs[name];
    if (tensor?.type !== "float32") {
      throw new BundleConfigError(this.#bundle.folder, `names ${this.#graph.file}, whose ${name} is not float32`);
    }
    return tensor.data;
  }
}

/** Gives the GPU's memory back; what is on the CPU's side frees itself. */
export function freeState({ A, z }: StepState): void {
  for (const tensor of [A, z]) if (tensor instanceof ResidentTensor) tensor[Symbol.dispose]();
}

/** The reader memory before anything was read. */
export function emptyState({ dims }: Bundle): LandedState {
  const keys = dims.stateLayers * dims.stateKeys;
  return { A: new Float32Array(keys * dims.stateValues), z: new Float32Array(keys) };
}

/** What a step's graph takes; `int32` where the graph wants its whole numbers so. */
export function stepTensors(
  { dims }: Bundle,
  input: StepInput,
  { A, z }: StepState,
  gate: 0 | 1,
  int32: boolean,
): Record<string, GraphTensor> {
  const integers = (data: Int32Array, shape: readonly number[]): GraphTensor =>
    int32 ? { type: "int32", data, dims: shape } : { type: "int64", data: toInt64(data), dims: shape };
  const row = [1, input.tokens.length];
  // A dimension of 0 is not safe on every provider: no anchor is one anchor at -1.
  const anchors = input.anchors.length === 0 ? Int32Array.of(-1) : input.anchors;
  return {
    tokens: integers(input.tokens, row),
    kinds: integers(input.kinds, row),
    anchors: integers(anchors, [1, anchors.length]),
    A: floatTensor(A, [dims.stateLayers, 1, dims.stateKeys, dims.stateValues]),
    z: floatTensor(z, [dims.stateLayers, 1, dims.stateKeys]),
    gate: { type: "float32", data: Float32Array.of(gate), dims: [1] },
  };
}

function floatTensor(data: Float32Array | ResidentTensor, dims: readonly number[]): GraphTensor {
  return data instanceof ResidentTensor ? data : { type: "float32", data, dims };
}
