import type { Store } from "../store/store.ts";
import type { SkippedFile } from "./indexer.ts";
import { EXTENT_NOTE } from "./indexer.ts";

/** Files left out that are kept by name for `status`. */
const SKIPPED_KEPT = 500;

/** What a complete run notes for `status`. */
export interface RunNote {
  /** ISO 8601. */
  readonly ended: string;
  readonly head: string | null;
  readonly indexedBytes: number;
  readonly counts: Record<string, number>;
  readonly examples: readonly SkippedFile[];
}

export function noteRun(
  store: Store,
  head: string | null,
  indexedBytes: number,
  skipped: readonly SkippedFile[],
): void {
  if (store.readOnly) return;
  const note: RunNote = {
    ended: new Date().toISOString(),
    head,
    indexedBytes,
    counts: countReasons(skipped),
    examples: skipped.slice(0, SKIPPED_KEPT),
  };
  store.setNote("run", JSON.stringify(note));
}

/** The last complete run; undefined if there was none. */
export function lastRun(store: Store): RunNote | undefined {
  const note = store.note("run");
  return note === undefined ? undefined : (JSON.parse(note) as RunNote);
}

/** Share of the workspace's bytes that the state knows, as of the last look at the workspace, 0..1. */
export function storedCoverage(store: Store): number {
  const extent = Number(store.note(EXTENT_NOTE) ?? Number.NaN);
  if (!(extent > 0)) return lastRun(store) === undefined ? 0 : 1;
  return Math.min(1, store.knownBytes() / extent);
}

export function countReasons(skipped: readonly SkippedFile[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of skipped) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
