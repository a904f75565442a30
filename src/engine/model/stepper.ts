import type { MemoryDims } from "../memory/layout.ts";
import type { ProviderChoice } from "../types.ts";
import type { Bundle } from "./bundle.ts";
import type { Provider } from "./graph.ts";
import { indexInput, questionInput, readInput, type StepInput } from "./inputs.ts";
import { openSession, providerMemory } from "./providers.ts";
import type { StepOutput, StepSession } from "./session.ts";

/** The reader memory between two segments: A [L,1,K,V] and z [L,1,K]. */
export interface ReaderState {
  readonly A: Float32Array;
  readonly z: Float32Array;
}

/** What the model makes of a segment for the workspace memory. */
export interface IndexStep {
  /** [anchors, dMem], before φ. */
  readonly keys: Float32Array;
  readonly betas: Float32Array;
  /** [G], unit length. */
  readonly gist: Float32Array;
}

/** What the model makes of a question. */
export interface QuestionStep {
  readonly keys: readonly Float32Array[];
  readonly weights: readonly number[];
  readonly gist: Float32Array;
}

/** What the model says of a segment under a question. */
export interface ReadStep {
  readonly state: ReaderState;
  /** Logits over the input's tokens; the code's begin at `codeFrom`, position 0 means "no span". */
  readonly start: Float32Array;
  readonly end: Float32Array;
  readonly codeFrom: number;
  readonly relevance: number;
  readonly kinds: Float32Array;
}

/** The model's three uses over one graph: index and recall with the read gate closed, read with it open (DESIGN §4). */
export class Stepper {
  readonly dims: MemoryDims;
  readonly limits: Bundle["limits"];
  readonly #bundle: Bundle;
  readonly #provider: ProviderChoice;
  readonly #empty: ReaderState;
  readonly #onProvider: (provider: Provider, running: boolean) => void;
  #session: Promise<StepSession> | undefined;
  #running: Provider | null = null;

  /** `onProvider` hears of each provider before it is tried, and of the one that runs. */
  constructor(
    bundle: Bundle,
    provider: ProviderChoice,
    onProvider: (provider: Provider, running: boolean) => void = () => {},
  ) {
    this.dims = bundle.memoryDims;
    this.limits = bundle.limits;
    this.#bundle = bundle;
    this.#provider = provider;
    this.#onProvider = onProvider;
    const { stateLayers, stateKeys, stateValues } = bundle.dims;
    this.#empty = {
      A: new Float32Array(stateLayers * stateKeys * stateValues),
      z: new Float32Array(stateLayers * stateKeys),
    };
  }

  /** The provider whose session runs; null before the first step. */
  get provider(): Provider | null {
    return this.#running;
  }

  emptyState(): ReaderState {
    return this.#empty;
  }

  /** A segment's writes and gist: a pure function of header, code and anchors. */
  async index(header: Int32Array, code: Int32Array, anchors: readonly number[]): Promise<IndexStep> {
    const input = indexInput(this.#bundle, header, code, anchors);
    const out = await this.#run(input, this.#empty, 0);
    const count = anchors.length;
    return {
      keys: out.keys.subarray(0, count * this.dims.dMem),
      betas: out.beta.subarray(0, count),
      gist: out.gist,
    };
  }

  /** A question's keys and gist; `found` is the segment that an earlier hop found. */
  async question(
    ids: Int32Array,
    found?: { readonly code: Int32Array; readonly anchors: readonly number[] },
  ): Promise<QuestionStep> {
    const input = questionInput(this.#bundle, ids, found);
    const out = await this.#run(input, this.#empty, 0);
    const width = this.dims.dMem;
    return {
      keys: Array.from(input.anchors, (_, i) => out.keys.subarray(i * width, (i + 1) * width)),
      weights: Array.from(out.beta.subarray(0, input.anchors.length)),
      gist: out.gist,
    };
  }

  /** Reads one segment under a question, through the reader memory. */
  async read(question: Int32Array, header: Int32Array, code: Int32Array, state: ReaderState): Promise<ReadStep> {
    const input = readInput(this.#bundle, question, header, code);
    const out = await this.#run(input, state, 1);
    return {
      state: { A: out.A, z: out.z },
      start: out.start,
      end: out.end,
      codeFrom: input.codeFrom,
      relevance: out.relevance[0] ?? 0,
      kinds: out.kind,
    };
  }

  async release(): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    this.#session = undefined;
    this.#running = null;
    await session?.release();
  }

  async #run(input: StepInput, state: ReaderState, gate: 0 | 1): Promise<StepOutput> {
    this.#session ??= this.#open();
    return (await this.#session).run(input, state, gate);
  }

  async #open(): Promise<StepSession> {
    const trying = (provider: Provider) => this.#onProvider(provider, false);
    try {
      const session = await openSession(this.#bundle, this.#provider, providerMemory(), trying);
      this.#running = session.provider;
      this.#onProvider(session.provider, true);
      return session;
    } catch (error) {
      // The next step tries again: the cause may be mended meanwhile.
      this.#session = undefined;
      throw error;
    }
  }
}
