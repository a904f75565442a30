import type { CitationView, ExchangeView } from "../protocol/panel.ts";
import { el, icon, onChange, show, type View } from "./dom.ts";
import { answerNodes } from "./snippet.ts";
import { duration, SENTENCE, SOME, SURENESS, TEXT } from "./strings.ts";

/** A quote of the proof is gone: the answer no longer stands as it was given. */
export function isOld(exchange: ExchangeView): boolean {
  return (
    exchange.result.status === "answered" &&
    exchange.citations.some(({ stale }) => stale?.kind === "changed" || stale?.kind === "deleted")
  );
}

function fileCount(citations: readonly CitationView[]): number {
  return new Set(citations.map(({ folder, name }) => `${folder}/${name}`)).size;
}

/** "Sure", "Likely", "Unsure" with bars; the number is in the tooltip. */
function surenessNode(sureness: keyof typeof SURENESS, confidence: number): HTMLElement {
  const { word, bars } = SURENESS[sureness];
  return el(
    "span",
    { class: "sure", title: SENTENCE.confidence(confidence * 100) },
    el("span", { class: "bars", "data-n": String(bars), "aria-hidden": "true" }, el("i"), el("i"), el("i")),
    word,
  );
}

/** What stands after the sureness: places, hops or files. */
export function extentText({ result, citations }: ExchangeView): string {
  if (result.status === "notfound") return SOME.files(result.files);
  if (result.status !== "answered") return "";
  if (result.kind === "list") return SOME.files(fileCount(citations));
  if (result.hops > 1) return SOME.hops(result.hops);
  return SOME.places(citations.length);
}

/** The answer in one line of text: for the folded exchange and the screen reader. */
export function verdictText({ result, citations }: ExchangeView): string {
  switch (result.status) {
    case "answered":
      if (result.kind === "list") return SOME.places(citations.length);
      if (result.kind === "yes") return TEXT.yes;
      return result.kind === "no" ? TEXT.no : result.text;
    case "notfound":
      return notFoundText(result.partial);
    case "stopped":
      return TEXT.stopped;
    case "failed":
      return TEXT.engineStoppedShort;
    default:
      return "";
  }
}

function notFoundText(partial: number | undefined): string {
  return partial === undefined ? TEXT.notHere : SENTENCE.notSoFar(partial);
}

/** The answer itself: a quote in the editor's face, or the words for none, a list, yes and no. */
export function verdict(): View<ExchangeView> {
  const element = el("div", { class: "answer" });
  const render = onChange((exchange: ExchangeView) => {
    const { result } = exchange;
    if (result.status === "notfound")
      element.replaceChildren(el("p", { class: "none" }, icon("circle-slash"), notFoundText(result.partial)));
    else if (result.status === "answered") {
      const inWords = result.kind === "list" || result.kind === "yes" || result.kind === "no";
      element.replaceChildren(
        inWords
          ? el("p", { class: "none" }, el("b", {}, verdictText(exchange)))
          : el("code", { class: "span" }, ...answerNodes(result.text)),
      );
    }
    element.classList.toggle("is-old", isOld(exchange));
  });
  return {
    element,
    update(exchange) {
      show(element, exchange.result.status === "answered" || exchange.result.status === "notfound");
      render(exchange);
    },
  };
}

/** Sureness, extent and time of an answer, or that it was edited since. */
export function facts(): View<ExchangeView> {
  const element = el("span", { class: "facts-line" });
  const update = onChange((exchange: ExchangeView) => {
    const { result } = exchange;
    if (isOld(exchange)) element.replaceChildren(icon("warning"), el("span", {}, TEXT.editedAfter));
    else if (result.status === "answered" || result.status === "notfound")
      element.replaceChildren(
        ...(result.status === "answered" ? [surenessNode(result.sureness, result.confidence)] : []),
        el("span", {}, extentText(exchange)),
        el("span", { class: "time" }, duration(result.seconds)),
      );
    else element.replaceChildren();
  });
  return { element, update };
}
