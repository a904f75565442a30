import { ResidentTensor } from "./graph.ts";
import type { StepInput } from "./inputs.ts";
import { freeState, type LandedState, type ReadOutput, type StepSession, type StepState } from "./session.ts";

/** Steps after which a state that lives in the GPU's memory is copied out of it. */
const KEPT_EVERY = 64;

/**
 * The reader memory of one reading: what the segments read so far have left behind. It stays in the GPU's memory where
 * the provider can keep it there, and a GPU that fails loses it: so it holds what it was made of since the last copy on
 * the CPU's side, and is made anew on the session that takes over. Dispose of it at the end of the reading.
 */
export class ReaderMemory implements Disposable {
  #session: StepSession | undefined;
  #state: StepState | undefined;
  /** The state as it was on the CPU's side last, and what was read since. */
  #kept: LandedState | undefined;
  #since: StepInput[] = [];

  /** Reads one more segment. When it fails, the memory is what it was before. Throws `GraphRunError`. */
  async read(session: StepSession, input: StepInput): Promise<Omit<ReadOutput, "state">> {
    if (this.#session !== session) await this.#moveTo(session);
    const { state, ...out } = await session.read(input, this.#state ?? session.empty);
    this.#become(state);
    this.#since.push(input);
    await this.#keep(session, state);
    return out;
  }

  [Symbol.dispose](): void {
    if (this.#state !== undefined) freeState(this.#state);
    this.#state = undefined;
    this.#kept = undefined;
    this.#since = [];
  }

  /** Makes the memory anew on another session. */
  async #moveTo(session: StepSession): Promise<void> {
    this.#become(this.#kept);
    for (const input of this.#since) this.#become((await session.read(input, this.#state ?? session.empty)).state);
    this.#session = session;
  }

  #become(state: StepState | undefined): void {
    if (this.#state !== undefined) freeState(this.#state);
    this.#state = state;
  }

  async #keep(session: StepSession, state: StepState): Promise<void> {
    const landed = !(state.A instanceof ResidentTensor || state.z instanceof ResidentTensor);
    if (!landed && this.#since.length < KEPT_EVERY) return;
    // A copy that fails is no loss yet: the next step fails too, and all is still at hand.
    const kept = await session.land(state).catch(() => undefined);
    if (kept === undefined) return;
    this.#kept = kept;
    this.#since = [];
  }
}
