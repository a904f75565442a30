import type { ExchangeView, PanelState } from "../protocol/panel.ts";

/** A question waits or is being answered. */
export function isRunning({ result: { status } }: ExchangeView): boolean {
  return status === "waiting" || status === "recalling" || status === "reading";
}

/** A question can be asked; it may have to wait for the engine to start, or for the one before it. */
export function takesQuestion({ index: { state } }: PanelState): boolean {
  return state === "loading" || state === "indexing" || state === "paused" || state === "ready";
}

/** The engine answers a question now. */
export function canAsk(state: PanelState): boolean {
  return takesQuestion(state) && state.index.state !== "loading" && !state.exchanges.some(isRunning);
}

/** The exchange that goes on: the newest one that does not wait for another. */
export function current(exchanges: readonly ExchangeView[]): ExchangeView | undefined {
  return exchanges.findLast(({ result }) => result.status !== "waiting" || result.for !== "turn") ?? exchanges.at(-1);
}

/** The newest question that ran in the snapshot before and has come to its end. */
export function finished(before: PanelState, now: PanelState): ExchangeView | undefined {
  const ran = new Set(before.exchanges.filter(isRunning).map(({ id }) => id));
  return now.exchanges.findLast((exchange) => ran.has(exchange.id) && !isRunning(exchange));
}
