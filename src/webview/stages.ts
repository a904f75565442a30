import type { ExchangeStatus, StageView } from "../protocol/panel.ts";
import { el, onChange, type View } from "./dom.ts";
import { SENTENCE, SOME, TEXT } from "./strings.ts";

/** One stage in words. */
export function stageText({ kind, count: n, of }: StageView): string {
  switch (kind) {
    case "recalled":
      return SOME.recalledPlaces(n);
    case "reading":
      return of === undefined ? SENTENCE.reading(n) : SENTENCE.readingOf(n, of);
    case "read":
      return SENTENCE.read(n);
    case "answer":
      return TEXT.answerGroup;
    case "none":
      return TEXT.noAnswer;
  }
}

type Waiting = Extract<ExchangeStatus, { status: "waiting" }>;

/** What a question waits for. */
export function waitingText({ for: what }: Waiting): string {
  return { engine: TEXT.waitingEngine, files: TEXT.waitingFiles, turn: TEXT.waitingTurn }[what];
}

export interface Trail {
  readonly stages: readonly StageView[];
  readonly running: boolean;
  /** Nothing was reported for a while. */
  readonly slow: boolean;
  readonly waiting?: Waiting | undefined;
}

/** The stages one after the other; the last one is the present while the question runs. */
export function trail(): View<Trail> {
  const element = el("ol", { class: "trail" });
  const update = onChange(({ stages, running, slow, waiting }: Trail) => {
    const words = waiting === undefined ? stages.map(stageText) : [waitingText(waiting)];
    if (running && words.length === 0) words.push(TEXT.recalling);
    if (running && slow && waiting === undefined) words.push(TEXT.stillReading);
    element.replaceChildren(
      ...words.map((text, index) =>
        el("li", { "aria-current": running && index === words.length - 1 ? "step" : false }, text),
      ),
    );
  });
  return { element, update };
}
