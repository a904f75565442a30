import type { FromPanel, PanelState, ToPanel } from "../protocol/panel.ts";
import { leaveChords } from "./chord.ts";
import { composer } from "./composer.ts";
import { el, SAY } from "./dom.ts";
import { announcement, Speaker } from "./live.ts";
import { current, finished, isRunning, takesQuestion } from "./running.ts";
import { keeper, load, type Saved } from "./saved.ts";
import { Follow } from "./scroll.ts";
import { SOME, TEXT } from "./strings.ts";
import { strip } from "./strip.ts";
import { thread } from "./thread.ts";

/** The part of VS Code's webview API that the panel uses. */
export interface Host {
  postMessage(message: FromPanel): void;
  getState(): unknown;
  setState(state: Saved): unknown;
}

/** Where the box takes no question at all, it is not shown. */
function takesQuestions({ index, chats }: PanelState): boolean {
  return chats === undefined && index.state !== "consent" && index.state !== "refused";
}

/** Puts the panel into the page; gives the handler of the host's messages. */
export function openPanel(host: Host, page: HTMLElement): (message: ToPanel) => void {
  const send = (message: FromPanel): void => host.postMessage(message);
  const saved = load(host);
  const speaker = new Speaker();
  let state: PanelState | undefined;

  const head = strip(send);
  const main = thread({
    send,
    choose(question) {
      box.fill(question);
      box.focus();
    },
    unfolded: saved.unfolded,
  });
  const below = el("button", { type: "button", class: "link below" }, TEXT.newBelow);
  const box = composer({
    send,
    changed: () => keep(),
    asked: () => follow.force(),
    suggested: (places) => speaker.say(`${SOME.suggestions(places)}.`),
  });
  const follow = new Follow(main.element, below, () => keep());
  const keep = keeper(host, () => ({
    draft: box.text,
    narrow: box.narrow,
    scroll: follow.top,
    atEnd: follow.atEnd,
    unfolded: main.unfolded(),
  }));
  box.fill(saved.draft, saved.narrow);
  page.append(el("div", { class: "armt" }, head.element, main.element, below, box.element, speaker.element));

  const focusMain = (): void => {
    if (state?.chats !== undefined) main.focusHistory();
    else if (state === undefined || takesQuestions(state)) box.focus();
    // The first run: the one decision there is.
    else main.element.querySelector<HTMLElement>(".btn")?.focus();
  };

  const render = (now: PanelState): void => {
    const before = state;
    state = now;
    const turned = before !== undefined && (before.chats === undefined) !== (now.chats === undefined);
    if (turned && now.chats !== undefined) follow.leave();
    head.update({ index: now.index, notices: now.notices });
    main.update(now);
    if (turned && now.chats !== undefined) follow.left();
    const running = now.exchanges.some(isRunning);
    box.update({
      shown: takesQuestions(now),
      canAsk: takesQuestion(now),
      running,
      failed: now.index.state === "failed",
      about: now.about,
      asked: now.asked,
      hints: now.hints,
    });

    if (before === undefined) {
      follow.restore(saved.scroll, saved.atEnd, main.part(current(now.exchanges)?.id)?.element);
      if (document.hasFocus()) focusMain();
      return;
    }
    const last = now.exchanges.at(-1);
    const asked = last !== undefined && last.id !== before.exchanges.at(-1)?.id;
    if (now.chats === undefined) {
      const part = main.part(current(now.exchanges)?.id);
      if (turned) follow.back(part?.element);
      const ended = finished(before, now) ?? (asked && !isRunning(last) ? last : undefined);
      follow.after(part?.element, main.part(ended?.id)?.answer, asked);
    }
    // The button that began the index is gone: what comes next is a question.
    const begun = takesQuestions(now) && before.index.state === "consent";
    if ((turned || begun) && document.hasFocus()) focusMain();
    const sentence = announcement(before, now);
    if (sentence !== undefined) speaker.say(sentence);
  };

  page.addEventListener(SAY, (event) => {
    if (event instanceof CustomEvent) speaker.say(String(event.detail));
  });
  leaveChords();
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || state === undefined) return;
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
    if (ctrlKey || metaKey || shiftKey) return;
    if (key === "Escape" && !altKey) {
      if (box.escape()) return;
      if (state.chats !== undefined) {
        if (!main.escapeHistory()) send({ type: "history", open: false });
      } else if (state.exchanges.some(isRunning)) {
        send({ type: "stop" });
        box.focus();
      }
    } else if (altKey && (key === "ArrowUp" || key === "ArrowDown") && state.chats === undefined) {
      event.preventDefault();
      if (!main.step(key === "ArrowUp" ? -1 : 1)) box.focus();
    }
  });
  // VS Code gives focus to the page, not to a part of it. A click moves it on to where it belongs.
  addEventListener("focus", () => {
    if (document.activeElement === document.body) focusMain();
  });

  return (message) => {
    switch (message.type) {
      case "state":
        render(message.state);
        break;
      case "places":
        box.places(message.request, message.places);
        break;
      case "draft":
        box.fill(message.text ?? box.text, message.narrow);
        box.focus();
        break;
      case "focus":
        focusMain();
        break;
    }
  };
}
