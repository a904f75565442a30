import { type Bundle, verifyFile } from "./bundle.ts";
import { Graph, type GraphTensor } from "./graph.ts";
import { indexInput, toInt64 } from "./inputs.ts";
import { StepSession } from "./session.ts";

/** Writes of a segment, before φ and before any gate. */
export interface Writes {
  /** [anchors, dMem] */
  readonly keys: Float32Array;
  /** [anchors], 0..1 */
  readonly betas: Float32Array;
}

const NO_HEADER = new Int32Array(0);

/**
 * The part of a bundle's step that writes: segments in, keys and β out. A bundle for long streams has a graph of its
 * own for it (the layers below the writers); with any other one the whole step runs. On the CPU.
 */
export class WriteSession {
  readonly #bundle: Bundle;
  readonly #graph: Graph | StepSession;
  readonly #state: { readonly A: Float32Array; readonly z: Float32Array };

  private constructor(bundle: Bundle, graph: Graph | StepSession) {
    this.#bundle = bundle;
    this.#graph = graph;
    const { stateLayers, stateKeys, stateValues } = bundle.dims;
    this.#state = {
      A: new Float32Array(stateLayers * stateKeys * stateValues),
      z: new Float32Array(stateLayers * stateKeys),
    };
  }

  /** Throws the errors of `verifyFile` and `Graph.load`. */
  static async load(bundle: Bundle, threads?: number): Promise<WriteSession> {
    const file = bundle.graphs.write;
    if (file === undefined) return new WriteSession(bundle, await StepSession.load(bundle, "cpu", { threads }));
    await verifyFile(bundle.folder, "write");
    await verifyFile(bundle.folder, "lower");
    return new WriteSession(bundle, await Graph.load(file, "cpu", { threads }));
  }

  /** Every token of the segment as a writer. Throws `GraphRunError`. */
  async run(code: Int32Array): Promise<Writes> {
    const anchors = Array.from(code, (_, i) => i);
    const input = indexInput(this.#bundle, NO_HEADER, code, anchors);
    if (this.#graph instanceof StepSession) {
      const { keys, beta } = await this.#graph.encode(input);
      return { keys, betas: beta };
    }
    const { stateLayers, stateKeys, stateValues } = this.#bundle.dims;
    const row = [1, input.tokens.length];
    const out = await this.#graph.run({
      tokens: { type: "int64", data: toInt64(input.tokens), dims: row },
      kinds: { type: "int64", data: toInt64(input.kinds), dims: row },
      anchors: { type: "int64", data: toInt64(input.anchors), dims: [1, anchors.length] },
      A: { type: "float32", data: this.#state.A, dims: [stateLayers, 1, stateKeys, stateValues] },
      z: { type: "float32", data: this.#state.z, dims: [stateLayers, 1, stateKeys] },
      gate: { type: "float32", data: Float32Array.of(0), dims: [1] },
    });
    return { keys: floats(out["keys"]), betas: floats(out["beta"]) };
  }

  release(): Promise<void> {
    return this.#graph.release();
  }
}

function floats(tensor: GraphTensor | undefined): Float32Array {
  if (tensor?.type !== "float32") throw new TypeError("The graph gave no floats where keys and β belong.");
  return tensor.data;
}
