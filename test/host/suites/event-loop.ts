import { readFileSync } from "node:fs";
import { type Profiler, Session } from "node:inspector/promises";
import { hrtime } from "node:process";

const EVERY_MS = 5;
const SAMPLE_US = 2_000;
/** Turns below this are not looked into. */
const LONG_MS = 20;
/** The extension's own code, as it is packaged. */
const OURS = /[\\/]dist[\\/]extension\.cjs$/;

/** How long the event loop stood still at most, in milliseconds. */
export interface Blocked {
  /** By the clock: also while the system ran other processes. */
  readonly clock: number;
  /** What this process itself used or waited for: VS Code, all its extensions, and the engine's collector. */
  readonly host: number;
  /** What the extension under test used or waited for in one turn. */
  readonly ours: number;
  /** What it ran in that turn. */
  readonly stacks: readonly string[];
}

/** One turn of the event loop; times in milliseconds of `hrtime`. */
interface Turn {
  readonly from: number;
  readonly to: number;
  readonly own: number;
}

/** Watches the event loop of this process from now on, until the function it returns is called. */
export async function watchEventLoop(): Promise<() => Promise<Blocked>> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: SAMPLE_US });
  await session.post("Profiler.start");
  const turns: Turn[] = [];
  let from = clockMs();
  let waited = preemptedMs();
  let clock = 0;
  const timer = setInterval(() => {
    const to = clockMs();
    const waitedNow = preemptedMs();
    const stood = to - from - EVERY_MS;
    const own = stood - (waitedNow - waited);
    clock = Math.max(clock, stood);
    if (own > LONG_MS) turns.push({ from, to, own });
    from = to;
    waited = waitedNow;
  }, EVERY_MS);
  return async () => {
    clearInterval(timer);
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    const stacks = new Stacks(profile);
    const ours = turns
      .map((turn) => ({ ...turn, ran: stacks.between(turn.from, turn.to) }))
      .map(({ from, to, own, ran }) => {
        const mine = ran.filter(({ isOurs }) => isOurs);
        const ms = mine.reduce((sum, each) => sum + each.ms, 0);
        // By the clock; the share of it that the process had.
        return { ms: (ms * own) / (to - from), stacks: mine };
      })
      .sort((a, b) => b.ms - a.ms)[0];
    return {
      clock: Math.round(clock),
      host: Math.round(Math.max(0, ...turns.map(({ own }) => own))),
      ours: Math.round(ours?.ms ?? 0),
      stacks: [...new Set(ours?.stacks.map(({ text }) => text))],
    };
  };
}

interface Stack {
  /** How long it ran, by the clock. */
  readonly ms: number;
  readonly text: string;
  readonly isOurs: boolean;
}

/** What ran when, from a profile. */
class Stacks {
  readonly #profile: Profiler.Profile;
  readonly #nodes: ReadonlyMap<number, Profiler.ProfileNode>;
  readonly #parents = new Map<number, number>();

  constructor(profile: Profiler.Profile) {
    this.#profile = profile;
    this.#nodes = new Map(profile.nodes.map((node) => [node.id, node]));
    for (const { id, children = [] } of profile.nodes) for (const child of children) this.#parents.set(child, id);
  }

  between(from: number, to: number): Stack[] {
    const { samples = [], timeDeltas = [], startTime } = this.#profile;
    const stacks: Stack[] = [];
    let us = startTime;
    for (const [at, sample] of samples.entries()) {
      us += timeDeltas[at] ?? 0;
      // A sample stands for the time up to the next one.
      const ms = Math.min(us / 1000 + (timeDeltas[at + 1] ?? 0) / 1000, to) - us / 1000;
      if (us / 1000 >= from && us / 1000 < to) stacks.push({ ...this.#stackOf(sample), ms });
    }
    return stacks;
  }

  #stackOf(sample: number): Omit<Stack, "ms"> {
    const frames: string[] = [];
    let isOurs = false;
    for (let id: number | undefined = sample; id !== undefined; id = this.#parents.get(id)) {
      const frame = this.#nodes.get(id)?.callFrame;
      if (frame === undefined) break;
      isOurs ||= OURS.test(frame.url);
      frames.push(
        `${frame.functionName || "?"} ${frame.url.split("/").at(-1)}:${frame.lineNumber}:${frame.columnNumber}`,
      );
    }
    return { text: frames.slice(0, 6).join(" < "), isOurs };
  }
}

/** The clock of the profile. */
function clockMs(): number {
  return Number(hrtime.bigint()) / 1e6;
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
