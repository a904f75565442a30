import { type Bundle, verifyFile } from "./bundle.ts";
import { Graph, type GraphTensor } from "./graph.ts";
import { indexInput } from "./inputs.ts";
import { emptyState, type LandedState, StepSession, stepTensors } from "./session.ts";

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
  readonly #state: LandedState;

  private constructor(bundle: Bundle, graph: Graph | StepSession) {
    this.#bundle = bundle;
    this.#graph = graph;
    this.#state = emptyState(bundle);
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
    const out = await this.#graph.run(stepTensors(this.#bundle, input, this.#state, 0, false));
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
