import type { CitationView, Staleness } from "../protocol/panel.ts";
import { visibleText } from "../protocol/text.ts";
import { el, iconButton, onChange, say, setAttribute, setIcon, setText, show, type View } from "./dom.ts";
import { snippet } from "./snippet.ts";
import { KIND, lineRange, SENTENCE, TEXT } from "./strings.ts";

/** What the places of an exchange can do. */
export interface PlaceActions {
  open(citation: string, beside: boolean): void;
  copy(citation: string): void;
}

/** Full path for tooltips: folder and name. */
function pathOf({ folder, name }: CitationView): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** A link to a place: Enter and click open it, with Ctrl or ⌘ to the side. The line number is never cut. */
export function placeLink(open: (beside: boolean) => void): View<CitationView> {
  const name = el("span");
  const line = document.createTextNode("");
  const element = el("a", { class: "loc", href: "#" }, name, line);
  element.addEventListener("click", (event) => {
    event.preventDefault();
    open(event.ctrlKey || event.metaKey);
  });
  return {
    element,
    update(citation) {
      setText(name, citation.name);
      const range = `:${lineRange(citation)}`;
      const at = citation.name + range;
      if (line.data !== range) line.data = range;
      setAttribute(element, "aria-label", visibleText(citation.folder === "" ? at : `${at}, ${citation.folder}`));
      setAttribute(element, "title", visibleText(`${pathOf(citation)}:${lineRange(citation)}`));
    },
  };
}

/** What is said under a place whose file was edited since the answer. */
export function staleText(stale: Staleness): string {
  switch (stale.kind) {
    case "moved":
      return SENTENCE.moved(stale.fromLine, stale.toLine);
    case "changed":
      return SENTENCE.readsLike(stale.since);
    case "deleted":
      return TEXT.deleted;
  }
}

/** Arrow keys move between the buttons of a toolbar; each is in the tab order as well. */
export function toolbar(name: string, ...buttons: HTMLButtonElement[]): HTMLElement {
  const element = el("span", { class: "tools", role: "toolbar", "aria-label": name }, ...buttons);
  element.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const shown = buttons.filter((button) => !button.hidden);
    const at = shown.findIndex((button) => button.matches(":focus"));
    shown[(at + step + shown.length) % shown.length]?.focus();
    event.preventDefault();
  });
  return element;
}

/** A copy button that shows for a moment that it has copied. */
export function copyButton(iconName: string, name: string, act: () => void): HTMLButtonElement {
  const button = iconButton(iconName, name, () => {
    act();
    const mark = button.querySelector<HTMLElement>(".codicon");
    if (mark === null) return;
    setIcon(mark, "check");
    say(button, `${TEXT.copied}.`);
    setTimeout(() => setIcon(mark, iconName), 1500);
  });
  return button;
}

/** One place of the evidence: where it is, the lines, the word that leads on, what became of it. */
export function citation(actions: PlaceActions, id: string): View<CitationView> {
  const open = (beside: boolean): void => actions.open(id, beside);
  const link = placeLink(open);
  const folderText = el("bdi");
  const folder = el("span", { class: "dir", "aria-hidden": "true" }, folderText);
  const tools = toolbar(
    TEXT.citation,
    copyButton("copy", TEXT.copyCitation, () => actions.copy(id)),
    iconButton("split-horizontal", TEXT.openBeside, () => open(true)),
  );
  const kind = el("span", { class: "kind" });
  const head = el("div", { class: "cite-head" }, el("span", { class: "where" }, link.element, folder), tools, kind);
  const code = snippet(open);
  const viaWord = el("span", { class: "mono" });
  const joint = el("div", { class: "joint" }, el("span", {}, TEXT.via), " ", viaWord);
  const staleLine = el("p", { class: "stale-line" });
  const element = el("li", { class: "cite" }, head, code.element, joint, staleLine);
  const update = onChange((value: CitationView) => {
    link.update(value);
    setText(folderText, value.folder);
    show(folder, value.folder !== "");
    setAttribute(folder, "title", visibleText(value.folder));
    const edited = value.stale?.kind === "changed" || value.stale?.kind === "deleted";
    setText(kind, edited ? TEXT.edited : value.kind === undefined ? "" : KIND[value.kind]);
    code.update(value);
    show(code.element, value.lines.length > 0 && value.stale?.kind !== "deleted");
    setText(viaWord, value.via ?? "");
    show(joint, value.via !== undefined);
    setText(staleLine, value.stale === undefined ? "" : staleText(value.stale));
    show(staleLine, value.stale !== undefined);
    element.classList.toggle("end", value.answer);
  });
  return { element, update };
}
