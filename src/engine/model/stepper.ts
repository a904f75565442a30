import type { MemoryDims } from "../memory/layout.ts";
import type { ProviderChoice } from "../types.ts";
import type { Bundle } from "./bundle.ts";
import { GraphRunError, type Provider, ProviderUnavailableError } from "./graph.ts";
import { indexInput, questionInput, readInput } from "./inputs.ts";
import { forgetFastest, openSession, providerMemory } from "./providers.ts";
import type { ReaderMemory } from "./reader-memory.ts";
import { StepSession } from "./session.ts";

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
  /** Logits over the input's tokens; the code's begin at `codeFrom`, position 0 means "no span". */
  readonly start: Float32Array;
  readonly end: Float32Array;
  readonly codeFrom: number;
  readonly relevance: number;
  readonly kinds: Float32Array;
}

/** Hears of each provider before it is tried, and of the one that runs; `reason` says why another one failed. */
export type OnProvider = (provider: Provider, running: boolean, reason?: string) => void;

/**
 * The model's three uses over one graph: index and recall with the read gate closed, read with it open.
 * Where a provider does not start, or fails at a step, the CPU takes over and does that step again.
 */
export class Stepper {
  readonly dims: MemoryDims;
  readonly limits: Bundle["limits"];
  readonly #bundle: Bundle;
  readonly #provider: ProviderChoice;
  readonly #onProvider: OnProvider;
  readonly #notices: string[] = [];
  #session: Promise<StepSession> | undefined;
  #running: Provider | null = null;

  constructor(bundle: Bundle, provider: ProviderChoice, onProvider: OnProvider = () => {}) {
    this.dims = bundle.memoryDims;
    this.limits = bundle.limits;
    this.#bundle = bundle;
    this.#provider = provider;
    this.#onProvider = onProvider;
  }

  /** Which providers failed and what runs instead, for the user. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /** The provider whose session runs; null before the first step. */
  get provider(): Provider | null {
    return this.#running;
  }

  /** A segment's writes and gist: a pure function of header, code and anchors. */
  async index(header: Int32Array, code: Int32Array, anchors: readonly number[]): Promise<IndexStep> {
    const input = indexInput(this.#bundle, header, code, anchors);
    const out = await this.#run((session) => session.encode(input));
    const count = anchors.length;
    return {
      keys: out.keys.subarray(0, count * this.dims.dMem),
      betas: out.beta.subarray(0, count),
      gist: out.gist,
    };
  }

  /** A question's keys and gist; `found` is the segment that the question goes on from. */
  async question(
    ids: Int32Array,
    found?: { readonly code: Int32Array; readonly anchors: readonly number[] },
  ): Promise<QuestionStep> {
    const input = questionInput(this.#bundle, ids, found);
    const out = await this.#run((session) => session.encode(input));
    const width = this.dims.dMem;
    return {
      keys: Array.from(input.anchors, (_, i) => out.keys.subarray(i * width, (i + 1) * width)),
      weights: Array.from(out.beta.subarray(0, input.anchors.length)),
      gist: out.gist,
    };
  }

  /** Reads one segment under a question, through the reader memory. */
  async read(question: Int32Array, header: Int32Array, code: Int32Array, memory: ReaderMemory): Promise<ReadStep> {
    const input = readInput(this.#bundle, question, header, code);
    const out = await this.#run((session) => memory.read(session, input));
    return {
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

  async #run<T>(step: (session: StepSession) => Promise<T>): Promise<T> {
    this.#session ??= this.#keep(this.#open());
    const session = await this.#session;
    try {
      return await step(session);
    } catch (error) {
      if (!(error instanceof GraphRunError) || session.provider === "cpu") throw error;
      // `null`: the model was released meanwhile.
      if (this.#running === session.provider) this.#session = this.#keep(this.#fallBack(session, error));
      return await this.#run(step);
    }
  }

  async #open(): Promise<StepSession> {
    try {
      return await openSession(this.#bundle, this.#provider, providerMemory(), (provider) =>
        this.#onProvider(provider, false),
      );
    } catch (error) {
      if (!(error instanceof ProviderUnavailableError)) throw error;
      return await this.#onCpu(error.message);
    }
  }

  async #fallBack(failed: StepSession, error: GraphRunError): Promise<StepSession> {
    this.#running = null;
    forgetFastest(this.#bundle, providerMemory());
    await failed.release();
    return await this.#onCpu(error.message);
  }

  async #onCpu(reason: string): Promise<StepSession> {
    this.#notices.push(`${reason} The model runs on the CPU.`);
    this.#onProvider("cpu", false, reason);
    return await StepSession.load(this.#bundle, "cpu");
  }

  /** Tells what runs. After an error the next step tries again: the cause may be mended meanwhile. */
  async #keep(opening: Promise<StepSession>): Promise<StepSession> {
    try {
      const session = await opening;
      this.#running = session.provider;
      this.#onProvider(session.provider, true);
      return session;
    } catch (error) {
      this.#session = undefined;
      throw error;
    }
  }
}
