import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const EVERY_MS = 5;

/** How long the event loop stood still, in milliseconds. */
export interface Blocked {
  /** The longest time between two turns that this process used or waited in: what it is to blame for. */
  readonly own: number;
  /** By the clock: with the time in which the system ran other processes instead. */
  readonly clock: number;
  readonly turns: number;
}

/** Watches the event loop of this process from now on, until the function it returns is called. */
export function watchEventLoop(): () => Blocked {
  const histogram = monitorEventLoopDelay({ resolution: EVERY_MS });
  histogram.enable();
  let own = 0;
  let turns = 0;
  let last = performance.now();
  let waited = preemptedMs();
  const timer = setInterval(() => {
    const now = performance.now();
    const waitedNow = preemptedMs();
    own = Math.max(own, now - last - EVERY_MS - (waitedNow - waited));
    last = now;
    waited = waitedNow;
    turns++;
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    histogram.disable();
    return { own: Math.round(own), clock: Math.round(histogram.max / 1e6), turns };
  };
}

/** How long this thread could have run but had no processor, in milliseconds; 0 where the system does not tell. */
function preemptedMs(): number {
  if (process.platform !== "linux") return 0;
  try {
    const [, waiting = "0"] = readFileSync("/proc/thread-self/schedstat", "latin1").split(" ");
    return Number(waiting) / 1e6;
  } catch {
    return 0;
  }
}
