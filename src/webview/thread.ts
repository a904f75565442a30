import type { PanelState } from "../protocol/panel.ts";
import type { Send, Surroundings } from "./actions.ts";
import { el, keyed, setAttribute, setText, show } from "./dom.ts";
import { type ExchangeData, type ExchangePart, exchangePart } from "./exchange.ts";
import { history } from "./history.ts";
import { canAsk, current } from "./running.ts";
import { TEXT } from "./strings.ts";
import { consent, firstQuestions, refused } from "./welcome.ts";

export interface Thread {
  readonly element: HTMLElement;
  update(state: PanelState): void;
  /** The exchange with this id. */
  part(id: string | undefined): ExchangePart | undefined;
  /** Focuses the heading before or after the one that focus is in; false when there is none. */
  step(direction: -1 | 1): boolean;
  unfolded(): readonly string[];
  focusHistory(): void;
  escapeHistory(): boolean;
}

/** The main part of the panel: first run, questions and answers, or the history. */
export function thread(options: {
  readonly send: Send;
  choose(question: string): void;
  readonly unfolded: readonly string[];
}): Thread {
  const { send, choose } = options;
  const welcome = consent(send);
  const refusal = refused();
  const first = firstQuestions(choose, send);
  const past = history(send);
  const list = el("div", { class: "asks" });
  // The panel's title stands in VS Code's bar over it, out of reach of what reads this page.
  const title = el("h1", { class: "sr-only" });
  const element = el(
    "main",
    { class: "thread" },
    title,
    welcome.element,
    refusal.element,
    first.element,
    list,
    past.element,
  );
  let parts: ExchangePart[] = [];
  let initial = true;
  const byElement = new Map<HTMLElement, ExchangePart>();
  const updateList = keyed<ExchangeData>(
    list,
    ({ exchange }) => exchange.id,
    ({ exchange }) => {
      const part = exchangePart(exchange, !initial, options.unfolded.includes(exchange.id), send);
      byElement.set(part.element, part);
      return part;
    },
  );
  return {
    element,
    update(state) {
      const { index, exchanges, chats } = state;
      const inHistory = chats !== undefined;
      const name = inHistory ? TEXT.history : TEXT.questions;
      setAttribute(element, "aria-label", name);
      setText(title, name);
      show(past.element, inHistory);
      if (chats !== undefined) past.update(chats);

      const asks = !inHistory;
      const isConsent = index.state === "consent";
      show(welcome.element, asks && isConsent);
      if (index.state === "consent") welcome.update({ workspace: state.workspace, index });
      show(refusal.element, asks && index.state === "refused");
      if (index.state === "refused") refusal.update(index.message);
      show(first.element, asks && exchanges.length === 0 && !isConsent && index.state !== "refused");
      first.update(state);

      const around: Omit<Surroundings, "earlier"> = {
        canAsk: canAsk(state),
        allRead: index.state === "ready",
        files:
          index.state === "ready" || index.state === "indexing" || index.state === "paused" ? index.files : undefined,
      };
      const now = current(exchanges);
      const newest = now === undefined ? -1 : exchanges.indexOf(now);
      const views = updateList(
        exchanges.map((exchange, at) => ({ exchange, around: { ...around, earlier: at < newest } })),
      );
      parts = views.flatMap((view) => byElement.get(view.element) ?? []);
      for (const known of byElement.keys()) if (!known.isConnected) byElement.delete(known);
      show(list, asks && exchanges.length > 0);
      initial = false;
    },
    part: (id) => parts.find((part) => part.id === id),
    step(direction) {
      const focused = document.activeElement;
      const at = parts.findIndex((part) => part.element.contains(focused));
      // From the box, or from nowhere, up leads to the newest question.
      const to = at < 0 ? (direction < 0 ? parts.length - 1 : parts.length) : at + direction;
      const part = parts[Math.max(0, to)];
      part?.focus();
      part?.element.scrollIntoView({ block: "nearest" });
      return part !== undefined;
    },
    unfolded: () => parts.filter((part) => part.isUnfolded()).map((part) => part.id),
    focusHistory: past.focus,
    escapeHistory: past.escape,
  };
}
