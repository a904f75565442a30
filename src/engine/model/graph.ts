import { availableParallelism } from "node:os";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { ArmtError } from "../errors.ts";
import type { ProviderChoice } from "../types.ts";
import { identityModel } from "./identity.ts";

type Runtime = typeof import("onnxruntime-node");

/** A provider that runs a graph, decided. */
export type Provider = Exclude<ProviderChoice, "auto">;

/** One tensor; `data` is row-major. */
export type GraphTensor =
  | { readonly type: "int64"; readonly data: BigInt64Array; readonly dims: readonly number[] }
  | { readonly type: "int32"; readonly data: Int32Array; readonly dims: readonly number[] }
  | { readonly type: "float32"; readonly data: Float32Array; readonly dims: readonly number[] }
  | ResidentTensor;

/**
 * A float32 output that stayed in the GPU's memory: an input of further runs of the graph that made it. Its owner
 * disposes it when no run needs it any more; the graph's release disposes what is left.
 */
export class ResidentTensor implements Disposable {
  readonly type = "resident";
  readonly dims: readonly number[];
  readonly #native: Tensor;
  readonly #live: Set<ResidentTensor>;

  constructor(native: Tensor, live: Set<ResidentTensor>) {
    this.dims = native.dims;
    this.#native = native;
    this.#live = live.add(this);
  }

  /** onnxruntime's handle. Throws once it is disposed: the buffer is another tensor's by then. */
  get native(): Tensor {
    if (!this.#live.has(this)) throw new TypeError("a tensor in the GPU's memory was used after it was disposed");
    return this.#native;
  }

  [Symbol.dispose](): void {
    if (this.#live.delete(this)) this.#native.dispose();
  }
}

/** How a graph is loaded. */
export interface GraphOptions {
  readonly threads?: number | undefined;
  /** Float32 outputs that stay in the GPU's memory, where the provider can do that: webgpu alone. */
  readonly resident?: readonly string[];
  /** Refuses a graph of which a node would run on the CPU in the GPU's place. */
  readonly wholly?: boolean | undefined;
}

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
  readonly #create: (typeof InferenceSession)["create"];
  readonly #live = new Set<ResidentTensor>();
  readonly #resident: boolean;
  #downloading: Promise<InferenceSession> | undefined;

  private constructor(
    file: string,
    provider: Provider,
    session: InferenceSession,
    ort: Runtime,
    resident: readonly string[],
  ) {
    this.file = file;
    this.provider = provider;
    this.#session = session;
    this.#tensor = ort.Tensor;
    this.#resident = staysOnGpu(provider, resident);
    this.#create = ort.InferenceSession.create;
  }

  /**
   * Loads by path, because a buffer would cost the model's size once more.
   * Throws `RuntimeMissingError`, `GraphLoadError` (cpu) or `ProviderUnavailableError` (the others: nothing falls back).
   */
  static async load(file: string, provider: Provider, options: GraphOptions = {}): Promise<Graph> {
    // Lazily, so that commands which need no model start at once.
    const ort = await import("onnxruntime-node").catch((error: unknown) => {
      throw new RuntimeMissingError(error);
    });
    // What goes wrong is thrown; onnxruntime's log would only write it on the terminal too.
    ort.env.logLevel = "fatal";
    try {
      const session = await ort.InferenceSession.create(file, sessionOptions(provider, options));
      return new Graph(file, provider, session, ort, options.resident ?? []);
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

  /** Whether an input takes int32 where others take int64: graphs for GPUs do. */
  takesInt32(input: string): boolean {
    return this.#session.inputMetadata.some((one) => one.name === input && one.isTensor && one.type === "int32");
  }

  /** The outputs named, or all of them: float32, int64, or resident. Throws `GraphRunError`. */
  async run(
    inputs: Readonly<Record<string, GraphTensor>>,
    names: readonly string[] = this.outputNames,
  ): Promise<Record<string, GraphTensor>> {
    try {
      const feeds: Record<string, Tensor> = {};
      for (const [name, tensor] of Object.entries(inputs)) feeds[name] = this.#native(tensor);
      // Where outputs stay on the GPU, onnxruntime-node binds them for good: each run must fetch the same ones, all.
      const fetched = await this.#session.run(feeds, this.#resident ? this.outputNames : names);
      const outputs: Record<string, GraphTensor> = {};
      for (const [name, tensor] of Object.entries(fetched)) {
        if (names.includes(name)) outputs[name] = this.#output(name, tensor);
        else tensor.dispose();
      }
      return outputs;
    } catch (error) {
      const shapes = Object.entries(inputs).map(([name, { dims }]) => `${name} [${dims.join(",")}]`);
      throw new GraphRunError(this.file, this.provider, shapes.join(", "), error);
    }
  }

  /** Brings a tensor out of the GPU's memory; it stays there too. Throws `GraphRunError`. */
  async download(tensor: ResidentTensor): Promise<Float32Array> {
    try {
      this.#downloading ??= this.#create(identityModel(), { executionProviders: [this.provider], logSeverityLevel: 4 });
      const { y } = await (await this.#downloading).run({ x: tensor.native });
      if (!(y?.data instanceof Float32Array)) throw new TypeError("the tensor did not arrive as float32");
      return y.data;
    } catch (error) {
      throw new GraphRunError(this.file, this.provider, `[${tensor.dims.join(",")}]`, error);
    }
  }

  /** Frees the native session, and before it the tensors that it left in the GPU's memory: the other order crashes. */
  async release(): Promise<void> {
    for (const tensor of this.#live) tensor[Symbol.dispose]();
    await (await this.#downloading?.catch(() => undefined))?.release();
    await this.#session.release();
  }

  #native(tensor: GraphTensor): Tensor {
    return tensor.type === "resident" ? tensor.native : new this.#tensor(tensor.type, tensor.data, tensor.dims);
  }

  #output(name: string, tensor: Tensor): GraphTensor {
    if (tensor.location === "gpu-buffer") return new ResidentTensor(tensor, this.#live);
    const { data, dims } = tensor;
    if (data instanceof Float32Array) return { type: "float32", data, dims };
    if (data instanceof BigInt64Array) return { type: "int64", data, dims };
    throw new TypeError(`output ${name} is neither float32 nor int64`);
  }
}

/** Half the logical processors, 2 to 4: a segment's products are too small to use more. */
export function defaultThreads(): number {
  const processors = availableParallelism();
  return Math.min(processors, Math.max(2, Math.min(4, processors >> 1)));
}

function sessionOptions(
  provider: Provider,
  { threads = defaultThreads(), resident = [], wholly = false }: GraphOptions,
): InferenceSession.SessionOptions {
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
    return {
      ...common,
      graphOptimizationLevel: "basic",
      ...(wholly ? { extra: { session: { disable_cpu_ep_fallback: "1" } } } : {}),
      ...(staysOnGpu(provider, resident)
        ? { preferredOutputLocation: Object.fromEntries(resident.map((name) => [name, "gpu-buffer" as const])) }
        : {}),
    };
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

function staysOnGpu(provider: Provider, resident: readonly string[]): boolean {
  return provider === "webgpu" && resident.length > 0;
}

function reason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split("\n", 1)[0] ?? message;
}
