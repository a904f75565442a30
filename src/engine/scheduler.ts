import { setImmediate as nextTurn } from "node:timers/promises";
import { CancelledError, throwIfCancelled } from "./errors.ts";

/** Who goes first when several want the model: a question, a saved file, the whole workspace. */
export type Urgency = "ask" | "refresh" | "index";

const RANK: Readonly<Record<Urgency, number>> = { ask: 0, refresh: 1, index: 2 };

/** The floor, held by one task at a time. */
export interface Turn {
  /**
   * Between two steps: lets messages in, and whatever is more urgent go first. `before` is called if that is so, e.g.
   * to commit what is done. Throws `CancelledError`.
   */
  readonly pass: (before?: () => void) => Promise<void>;
}

interface Waiter {
  readonly rank: number;
  /** `performance.now()` since when it waits. */
  since: number;
  /** Until then nothing more urgent interrupts it. */
  guarded: number;
  proceed: () => void;
}

/** Times in milliseconds. */
export interface SchedulerTimes {
  /** Who has waited this long goes next, whatever is more urgent … */
  readonly patienceMs: number;
  /** … for this long. */
  readonly sliceMs: number;
}

/**
 * Runs one task at a time on the model's thread. A more urgent task starts at the next step of the one that runs, which
 * goes on afterwards; equals go in the order in which they came. Nobody starves: between two tasks, one that has waited
 * for `patienceMs` gets `sliceMs`.
 */
export class Scheduler {
  readonly #times: SchedulerTimes;
  readonly #waiting: Waiter[] = [];
  #running: Waiter | undefined;

  constructor(times: SchedulerTimes = { patienceMs: 2_000, sliceMs: 200 }) {
    this.#times = times;
  }

  /** Runs `task` when its turn has come. A signal that is aborted before that ends it with `CancelledError`. */
  async run<T>(urgency: Urgency, task: (turn: Turn) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const self: Waiter = { rank: RANK[urgency], since: 0, guarded: 0, proceed: () => {} };
    await this.#wait(self, signal);
    try {
      return await task({ pass: (before) => this.#pass(self, before, signal) });
    } finally {
      // Cancelled while another had the floor: that one keeps it.
      if (this.#running === self) this.#leave();
    }
  }

  async #pass(self: Waiter, before: (() => void) | undefined, signal: AbortSignal | undefined): Promise<void> {
    await nextTurn();
    throwIfCancelled(signal);
    const yields = performance.now() >= self.guarded && this.#waiting.some(({ rank }) => rank < self.rank);
    if (!yields) return;
    before?.();
    const again = this.#wait(self, signal);
    this.#leave();
    await again;
  }

  #leave(): void {
    this.#running = undefined;
    this.#next();
  }

  #wait(self: Waiter, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new CancelledError());
        return;
      }
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(self), 1);
        reject(new CancelledError());
      };
      self.since = performance.now();
      self.proceed = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(self);
      this.#next();
    });
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const now = performance.now();
    const longest = least(this.#waiting, (waiter) => waiter.since);
    const starved = longest !== undefined && now - longest.since >= this.#times.patienceMs;
    const chosen = starved ? longest : least(this.#waiting, (waiter) => waiter.rank);
    if (chosen === undefined) return;
    this.#waiting.splice(this.#waiting.indexOf(chosen), 1);
    chosen.guarded = starved ? now + this.#times.sliceMs : 0;
    this.#running = chosen;
    chosen.proceed();
  }
}

/** The first of the smallest. */
function least<T>(items: readonly T[], key: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>((a, b) => (a === undefined || key(b) < key(a) ? b : a), undefined);
}
