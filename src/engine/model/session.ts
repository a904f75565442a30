import type { InferenceSession, Tensor } from "onnxruntime-node";
import { ArmtError } from "../errors.ts";
import type { ProviderChoice } from "../types.ts";
import type { Bundle } from "./bundle.ts";
import type { StepInput } from "./inputs.ts";

/** Named outputs of one step with batch 1 (`output_names` in `models/training/armt.py`). */
export interface StepOutput {
  readonly A: Float32Array;
  readonly z: Float32Array;
  readonly keys: Float32Array;
  readonly beta: Float32Array;
  readonly gist: Float32Array;
  readonly start: Float32Array;
  readonly end: Float32Array;
  readonly relevance: Float32Array;
  readonly kind: Float32Array;
}

/** onnxruntime could not run the model. */
export class SessionError extends ArmtError {
  constructor(what: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      "session",
      `The model could not ${what}: ${reason}. Run again with --provider cpu; if that fails, reinstall ARMT.`,
      {
        cause,
      },
    );
  }
}

type Runtime = typeof import("onnxruntime-node");

/** The step graph in onnxruntime. `run` blocks this thread while it computes: cancel between steps. */
export class StepSession {
  readonly #runtime: Runtime;
  readonly #session: InferenceSession;
  readonly #bundle: Bundle;

  private constructor(runtime: Runtime, session: InferenceSession, bundle: Bundle) {
    this.#runtime = runtime;
    this.#session = session;
    this.#bundle = bundle;
  }

  static async create(bundle: Bundle, provider: ProviderChoice): Promise<StepSession> {
    try {
      const imported = await import("onnxruntime-node");
      const runtime: Runtime = "default" in imported ? (imported.default as Runtime) : imported;
      const gpu = provider !== "auto" && provider !== "cpu";
      const session = await runtime.InferenceSession.create(gpu ? bundle.graphs.fp16 : bundle.graphs.int8, {
        executionProviders: gpu ? [provider] : ["cpu"],
        graphOptimizationLevel: "all",
        enableCpuMemArena: true,
        logSeverityLevel: 3,
        extra: { session: { intra_op: { allow_spinning: "0" } } },
      });
      return new StepSession(runtime, session, bundle);
    } catch (error) {
      throw new SessionError("start", error);
    }
  }

  async run(
    input: StepInput,
    state: { readonly A: Float32Array; readonly z: Float32Array },
    gate: 0 | 1,
  ): Promise<StepOutput> {
    const { Tensor } = this.#runtime;
    const { stateLayers: l, stateKeys: k, stateValues: v } = this.#bundle.dims;
    const width = input.tokens.length;
    const feeds = {
      tokens: new Tensor("int64", input.tokens, [1, width]),
      kinds: new Tensor("int64", input.kinds, [1, width]),
      anchors: new Tensor("int64", input.anchors, [1, input.anchors.length]),
      A: new Tensor("float32", state.A, [l, 1, k, v]),
      z: new Tensor("float32", state.z, [l, 1, k]),
      gate: new Tensor("float32", Float32Array.of(gate), [1]),
    };
    let out: Readonly<Record<string, Tensor>>;
    try {
      out = await this.#session.run(feeds);
    } catch (error) {
      throw new SessionError("run", error);
    }
    return {
      A: floats(out, "A_out"),
      z: floats(out, "z_out"),
      keys: floats(out, "keys"),
      beta: floats(out, "beta"),
      gist: floats(out, "gist"),
      start: floats(out, "start"),
      end: floats(out, "end"),
      relevance: floats(out, "relevance"),
      kind: floats(out, "kind"),
    };
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function floats(out: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = out[name]?.data;
  if (!(data instanceof Float32Array)) throw new SessionError(`give "${name}"`, "the graph has no such output");
  return data;
}
