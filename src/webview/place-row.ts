import type { CitationView } from "../protocol/panel.ts";
import { type PlaceActions, placeLink, staleText } from "./citation.ts";
import { append, el, onChange, setText, show, type View } from "./dom.ts";
import { rowLine, rowSpan } from "./snippet.ts";

/** One row of an answer that is a list, or of "Also possible": the span in front, its place, its line. */
export function placeRow(actions: PlaceActions, id: string): View<CitationView> {
  const open = (beside: boolean): void => actions.open(id, beside);
  const span = el("code", { class: "place-span" });
  const link = placeLink(open);
  const line = el("code", { class: "place-line" });
  line.addEventListener("click", (event) => {
    if (getSelection()?.isCollapsed !== false) open(event.ctrlKey || event.metaKey);
  });
  const staleLine = el("p", { class: "stale-line" });
  const element = el("li", { class: "place" }, el("div", { class: "place-head" }, span, link.element), line, staleLine);
  const update = onChange((value: CitationView) => {
    const text = rowSpan(value);
    setText(span, text ?? "");
    show(span, text !== undefined);
    link.update(value);
    line.replaceChildren();
    append(line, rowLine(value));
    show(line, value.stale?.kind !== "deleted");
    setText(staleLine, value.stale === undefined ? "" : staleText(value.stale));
    show(staleLine, value.stale !== undefined);
  });
  return { element, update };
}
