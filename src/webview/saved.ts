/** What the panel keeps over a reload of its page: nothing that the host knows. */
export interface Saved {
  readonly draft: string;
  readonly narrow: readonly string[];
  readonly scroll: number;
  readonly atEnd: boolean;
  /** Earlier exchanges that the user unfolded. */
  readonly unfolded: readonly string[];
}

interface Storage {
  getState(): unknown;
  setState(state: Saved): unknown;
}

const EMPTY: Saved = { draft: "", narrow: [], scroll: 0, atEnd: true, unfolded: [] };
const DELAY_MS = 150;

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** What was kept, or nothing; of another version's state what can be read. */
export function load(storage: Storage): Saved {
  const state = storage.getState();
  if (typeof state !== "object" || state === null) return EMPTY;
  const { draft, narrow, scroll, atEnd, unfolded }: Partial<Record<keyof Saved, unknown>> = state;
  return {
    draft: typeof draft === "string" ? draft : "",
    narrow: strings(narrow),
    scroll: typeof scroll === "number" ? scroll : 0,
    atEnd: atEnd !== false,
    unfolded: strings(unfolded),
  };
}

/** Keeps the state soon after it changed, and at the latest when the page goes. */
export function keeper(storage: Storage, current: () => Saved): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const keep = (): void => {
    clearTimeout(timer);
    timer = undefined;
    storage.setState(current());
  };
  addEventListener("pagehide", keep);
  document.addEventListener("visibilitychange", () => {
    if (timer !== undefined) keep();
  });
  return () => {
    timer ??= setTimeout(keep, DELAY_MS);
  };
}
