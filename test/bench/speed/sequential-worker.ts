/**
 * The reference wiring in the product's own engine: one endless stream, each segment reads the memory that all before it
 * wrote, and writes into it, one after the other.
 */
import { loadBundle } from "../../../src/engine/model/bundle.ts";
import { readInput } from "../../../src/engine/model/inputs.ts";
import { StepSession, type StepState } from "../../../src/engine/model/session.ts";
import { serve } from "./child.ts";
import { median, type Rate, runFor } from "./rate.ts";

export interface SequentialTask {
  readonly model: string;
  readonly segments: readonly { readonly header: Int32Array; readonly code: Int32Array; readonly bytes: number }[];
  readonly ms: number;
  /** Steps of one full segment in a second stream, whose time is compared. */
  readonly steps: number;
}

export interface SequentialResult {
  readonly rate: Rate;
  /** Steps around these places in the stream: their median, and the mean of what they took of processors. */
  readonly steps: readonly { readonly at: number; readonly ms: number; readonly processorMs: number }[];
}

/** Steps around a place in the stream whose median is its time. */
const WINDOW = 60;
const WARM_UP = 100;

serve(async (task: SequentialTask): Promise<SequentialResult> => {
  const bundle = await loadBundle(task.model);
  const session = await StepSession.load(bundle, "cpu");
  const none = new Int32Array(0);
  let state: StepState = session.empty;
  const rate = await runFor(task.segments.length, task.ms, async (i) => {
    const segment = task.segments[i];
    if (segment === undefined) return { bytes: 0, tokens: 0 };
    ({ state } = await session.read(readInput(bundle, none, segment.header, segment.code), state));
    return { bytes: segment.bytes, tokens: segment.header.length + segment.code.length };
  });
  const full = task.segments.toSorted((a, b) => b.code.length - a.code.length)[0];
  const times: number[] = [];
  /** Milliseconds of processors, before each step. */
  const used: number[] = [];
  state = session.empty;
  for (let step = -WARM_UP; full !== undefined && step < task.steps; step++) {
    const input = readInput(bundle, none, full.header, full.code);
    const started = performance.now();
    if (step >= 0) used.push(processorMs());
    const { state: after } = await session.read(input, state);
    if (step >= 0) times.push(performance.now() - started);
    state = step < -1 ? session.empty : after;
  }
  await session.release();
  return { rate, steps: windows(times, used) };
});

/** The 10th, and ten places up to the last. */
function windows(times: readonly number[], used: readonly number[]): SequentialResult["steps"] {
  const last = times.length - WINDOW;
  const places = [0, ...Array.from({ length: 10 }, (_, i) => Math.round(((i + 1) / 10) * last))];
  return places.map((from) => ({
    at: from === 0 ? 10 : from + WINDOW,
    ms: median(times.slice(from, from + WINDOW)),
    processorMs: ((used[from + WINDOW - 1] ?? 0) - (used[from] ?? 0)) / (WINDOW - 1),
  }));
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
