import { availableParallelism } from "node:os";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { ArmtError } from "../errors.ts";
import type { ProviderChoice } from "../types.ts";

/** A provider that runs a graph, decided. */
export type Provider = Exclude<ProviderChoice, "auto">;

/** One tensor; `data` is row-major. */
export type GraphTensor =
  | { readonly type: "int64"; readonly data: BigInt64Array; readonly dims: readonly number[] }
  | { readonly type: "float32"; readonly data: Float32Array; readonly dims: readonly number[] };

/** onnxruntime has no working library here. */
export class RuntimeMissingError extends ArmtError {
  constructor(cause: unknown) {
    super(
      "runtime-missing",
      `onnxruntime does not start on ${process.platform}/${process.arch}: ${reason(cause)}. Install the package made for this platform (npm ci).`,
      { cause },
    );
  }
}

/** A provider exists in the library but does not start on this machine. */
export class ProviderUnavailableError extends ArmtError {
  readonly provider: Provider;

  constructor(provider: Provider, cause: unknown) {
    super(
      "provider-unavailable",
      `The provider ${provider} does not start here: ${reason(cause)}. Use --provider auto or --provider cpu.`,
      { cause },
    );
    this.provider = provider;
  }
}

/** The graph file cannot be loaded. */
export class GraphLoadError extends ArmtError {
  constructor(file: string, cause: unknown) {
    super("graph-load", `Cannot load the model ${file}: ${reason(cause)}. Restore the model bundle.`, { cause });
  }
}

/** The graph failed while running. */
export class GraphRunError extends ArmtError {
  constructor(file: string, provider: Provider, shapes: string, cause: unknown) {
    super(
      "graph-run",
      `The model ${file} failed on ${provider} with ${shapes}: ${reason(cause)}. Try again with --provider cpu.`,
      { cause },
    );
  }
}

/** An ONNX graph loaded on one provider. `run` blocks its thread: cancel between runs. */
export class Graph {
  readonly file: string;
  readonly provider: Provider;
  readonly #session: InferenceSession;
  readonly #tensor: typeof Tensor;

  private constructor(file: string, provider: Provider, session: InferenceSession, tensor: typeof Tensor) {
    this.file = file;
    this.provider = provider;
    this.#session = session;
    this.#tensor = tensor;
  }

  /**
   * Loads by path, because a buffer would cost the model's size once more.
   * Throws `RuntimeMissingError`, `GraphLoadError` (cpu) or `ProviderUnavailableError` (the others: nothing falls back).
   */
  static async load(file: string, provider: Provider, threads = defaultThreads()): Promise<Graph> {
    // Lazily, so that commands which need no model start at once.
    const ort = await import("onnxruntime-node").catch((error: unknown) => {
      throw new RuntimeMissingError(error);
    });
    // What goes wrong is thrown; onnxruntime's log would only write it on the terminal too.
    ort.env.logLevel = "fatal";
    try {
      const session = await ort.InferenceSession.create(file, sessionOptions(provider, threads));
      return new Graph(file, provider, session, ort.Tensor);
    } catch (error) {
      throw provider === "cpu" ? new GraphLoadError(file, error) : new ProviderUnavailableError(provider, error);
    }
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  /** All outputs by name, all of them float32 or int64. Throws `GraphRunError`. */
  async run(inputs: Readonly<Record<string, GraphTensor>>): Promise<Record<string, GraphTensor>> {
    try {
      const feeds: Record<string, Tensor> = {};
      for (const [name, { type, data, dims }] of Object.entries(inputs)) {
        feeds[name] = new this.#tensor(type, data, dims);
      }
      const outputs: Record<string, GraphTensor> = {};
      for (const [name, { data, dims }] of Object.entries(await this.#session.run(feeds))) {
        if (data instanceof Float32Array) outputs[name] = { type: "float32", data, dims };
        else if (data instanceof BigInt64Array) outputs[name] = { type: "int64", data, dims };
        else throw new TypeError(`output ${name} is neither float32 nor int64`);
      }
      return outputs;
    } catch (error) {
      const shapes = Object.entries(inputs).map(([name, { dims }]) => `${name} [${dims.join(",")}]`);
      throw new GraphRunError(this.file, this.provider, shapes.join(", "), error);
    }
  }

  /** Frees the native session; the graph must not be run any more. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** Half the logical processors, 2 to 4: a segment's products are too small to use more. */
export function defaultThreads(): number {
  const processors = availableParallelism();
  return Math.min(processors, Math.max(2, Math.min(4, processors >> 1)));
}

function sessionOptions(provider: Provider, threads: number): InferenceSession.SessionOptions {
  const common: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    executionMode: "sequential",
    logSeverityLevel: 4,
    // Every length of input is a shape of its own; a plan kept for each of them only grows.
    enableMemPattern: false,
    // In a process of the Electron binary allocations near 1 GiB trap (electron#44291); the arena asks for such.
    ...("electron" in process.versions ? { enableCpuMemArena: false } : {}),
  };
  if (provider !== "cpu") {
    // The optimiser's fused operators have no GPU kernels and would move work back to the CPU.
    return { ...common, graphOptimizationLevel: "basic" };
  }
  return {
    ...common,
    graphOptimizationLevel: "all",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Spinning between small steps saves no time and costs a third of the processor.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
}

function reason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split("\n", 1)[0] ?? message;
}
