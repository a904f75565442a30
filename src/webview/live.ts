import type { ExchangeView, IndexView, PanelState } from "../protocol/panel.ts";
import { clipText, visibleText } from "../protocol/text.ts";
import { el } from "./dom.ts";
import { current, finished, isRunning } from "./running.ts";
import { stageText, waitingText } from "./stages.ts";
import { lineRange, SENTENCE, SOME, SURENESS, TEXT } from "./strings.ts";
import { verdictText } from "./verdict.ts";

const INTERVAL_MS = 1000;
const ANSWER_UNITS = 300;
const PLACES = 5;

/** The last quarter reached: percentages are spoken at 25, 50, 75 and 100 only. */
function quarter(index: IndexView): number {
  if (index.state === "ready") return 4;
  return index.state === "indexing" ? Math.floor(index.percent / 25) : 0;
}

function indexSentence(before: IndexView, now: IndexView): string | undefined {
  if (now.state === "failed")
    return before.state === "failed"
      ? undefined
      : `${now.heading ?? TEXT.engineStopped}. ${SENTENCE.lastCause(now.cause)}`;
  if (before.state !== "indexing") return undefined;
  if (now.state === "ready") return SENTENCE.filesRead(now.files);
  const reached = quarter(now);
  return reached > quarter(before) ? SENTENCE.percentRead(reached * 25) : undefined;
}

/** What a finished question says: the answer, how sure it is, and where it stands. */
export function answerSentence(exchange: ExchangeView): string | undefined {
  const { result, citations } = exchange;
  if (result.status === "notfound") return `${verdictText(exchange)}. ${SOME.nearest(citations.length)}.`;
  if (result.status === "stopped") return citations.length > 0 ? TEXT.stoppedSome : TEXT.stoppedEmpty;
  // A failed one is an alert of its own.
  if (result.status !== "answered") return undefined;
  const places = citations.slice(0, PLACES).map((place) => SENTENCE.placeLine(place.name, lineRange(place)));
  const where = places.length === 0 ? "" : ` ${SOME.places(citations.length)}: ${places.join(", ")}.`;
  return `${SENTENCE.answer(clipText(verdictText(exchange), ANSWER_UNITS), SURENESS[result.sureness].word)}${where}`;
}

function runningSentence(before: ExchangeView | undefined, now: ExchangeView): string | undefined {
  if (now.result.status === "waiting")
    return before?.result.status === "waiting" ? undefined : `${waitingText(now.result)}.`;
  const stage = now.stages.at(-1);
  if (stage === undefined || (before !== undefined && now.stages.length === before.stages.length)) return undefined;
  return stage.kind === "recalled" ? `${stageText(stage)}.` : undefined;
}

/** The sentence that tells the difference between two snapshots, if it is worth one. */
export function announcement(before: PanelState, now: PanelState): string | undefined {
  const ended = finished(before, now);
  const last = current(now.exchanges);
  const same = last === undefined ? undefined : before.exchanges.find(({ id }) => id === last.id);
  const sentence =
    ended !== undefined
      ? answerSentence(ended)
      : last !== undefined && isRunning(last)
        ? runningSentence(same, last)
        : undefined;
  return sentence ?? indexSentence(before.index, now.index);
}

/** The one live region: at most one sentence per second, and of those that wait the last one. */
export class Speaker {
  readonly element: HTMLElement = el("div", { class: "sr-only", role: "status", "aria-live": "polite" });
  #waiting: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(sentence: string): void {
    this.#waiting = sentence;
    if (this.#timer === undefined) this.#speak();
  }

  readonly #speak = (): void => {
    this.#timer = undefined;
    if (this.#waiting === undefined) return;
    const text = visibleText(this.#waiting);
    // A text node of its own each time: the same sentence twice is read twice.
    this.element.replaceChildren(document.createTextNode(text));
    this.#waiting = undefined;
    this.#timer = setTimeout(this.#speak, INTERVAL_MS);
  };
}
