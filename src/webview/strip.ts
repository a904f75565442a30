import type { IndexView } from "../protocol/panel.ts";
import type { Send } from "./actions.ts";
import { el, icon, iconButton, keyed, linkButton, setAttribute, setIcon, setText, show, type View } from "./dom.ts";
import { progressRuler } from "./ruler.ts";
import { percent, SENTENCE, TEXT } from "./strings.ts";

type Reading = Extract<IndexView, { state: "indexing" | "paused" }>;
type Failed = Extract<IndexView, { state: "failed" }>;

/** How far the index is, with Pause or Resume, and Stop. */
function reading(send: Send): View<Reading> {
  const paused = icon("debug-pause");
  const word = el("span");
  const share = el("b");
  let isPaused = false;
  // One button for both: focus stays on it when its meaning changes.
  const toggle = iconButton("debug-pause", TEXT.pause, () =>
    send({ type: "command", command: isPaused ? "resume" : "pause" }),
  );
  const toggleIcon = toggle.querySelector<HTMLElement>(".codicon");
  const stop = iconButton("debug-stop", TEXT.stop, () => send({ type: "command", command: "stopIndex" }));
  const ruler = progressRuler();
  const bar = el(
    "div",
    { role: "progressbar", "aria-label": TEXT.filesRead, "aria-valuemin": "0", "aria-valuemax": "100" },
    ruler.element,
  );
  const text = el("p");
  const element = el(
    "div",
    {},
    el("div", { class: "index-row" }, paused, word, share, el("span", { class: "tools" }, toggle, stop)),
    bar,
    text,
  );
  return {
    element,
    update(index) {
      isPaused = index.state === "paused";
      show(paused, isPaused);
      setText(word, isPaused ? TEXT.pausedAt : TEXT.reading);
      setText(share, percent(index.percent));
      const name = isPaused ? TEXT.resume : TEXT.pause;
      setAttribute(toggle, "title", name);
      setAttribute(toggle, "aria-label", name);
      if (toggleIcon !== null) setIcon(toggleIcon, isPaused ? "debug-continue" : "debug-pause");
      setAttribute(bar, "aria-valuenow", String(Math.floor(index.percent)));
      ruler.update(index.percent);
      const said = isPaused ? SENTENCE.ofFilesPaused : SENTENCE.ofFiles;
      setText(text, index.of === 0 ? TEXT.lookingForFiles : said(index.files, index.of));
    },
  };
}

/** The engine is stopped for good, and what can be done. */
function failed(send: Send): View<Failed> {
  const heading = el("b");
  const text = el("p");
  const element = el(
    "div",
    {},
    el("div", { class: "index-row is-error" }, icon("error"), el("span", {}, heading)),
    text,
    el(
      "p",
      { class: "links" },
      linkButton(TEXT.restart, () => send({ type: "command", command: "restart" })),
      linkButton(TEXT.restartOnCpu, () => send({ type: "command", command: "restartOnCpu" })),
      linkButton(TEXT.showLog, () => send({ type: "command", command: "showLog" })),
    ),
  );
  return {
    element,
    update(index) {
      setText(heading, index.heading ?? TEXT.engineStopped);
      setText(text, `${SENTENCE.lastCause(index.cause)} ${TEXT.earlierAnswers}`);
    },
  };
}

/** The strip at the top: only while indexing, paused or failed, and for notices about the index. */
export function strip(send: Send): View<{ index: IndexView; notices: readonly string[] }> {
  const bar = reading(send);
  const error = failed(send);
  const notices = el("ul", { class: "notices" });
  const updateNotices = keyed<string>(
    notices,
    (text) => text,
    (text) => ({ element: el("li", {}, icon("info"), el("span", {}, text)), update: () => {} }),
  );
  const element = el("section", { class: "index", "aria-label": TEXT.index }, bar.element, error.element, notices);
  return {
    element,
    update({ index, notices: texts }) {
      const isReading = index.state === "indexing" || index.state === "paused";
      show(element, isReading || index.state === "failed" || texts.length > 0);
      show(bar.element, isReading);
      if (isReading) bar.update(index);
      show(error.element, index.state === "failed");
      if (index.state === "failed") error.update(index);
      updateNotices(texts);
      show(notices, texts.length > 0);
    },
  };
}
