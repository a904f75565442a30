/** What a measurement got through. */
export interface Rate {
  readonly items: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly ms: number;
  /** Milliseconds of processors: as `ms` and more, whatever else runs on the machine. */
  readonly processorMs: number;
}

/** Items done before the clock runs: code is compiled and memory is laid out then. */
const WARM_UP = 20;

/**
 * Does items in turn, beginning anew after the last, until `ms` have passed. `work` returns what an item counts; only the
 * time spent before it returns counts.
 */
export async function runFor(
  items: number,
  ms: number,
  work: (item: number) => Promise<{ readonly bytes: number; readonly tokens: number }>,
): Promise<Rate> {
  for (let i = 0; i < WARM_UP; i++) await work(i % items);
  const sum = { items: 0, bytes: 0, tokens: 0, ms: 0 };
  const started = performance.now();
  const before = process.cpuUsage();
  while (sum.ms < ms) {
    const { bytes, tokens } = await work(sum.items % items);
    sum.items++;
    sum.bytes += bytes;
    sum.tokens += tokens;
    sum.ms = performance.now() - started;
  }
  const { user, system } = process.cpuUsage(before);
  return { ...sum, processorMs: (user + system) / 1_000 };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
