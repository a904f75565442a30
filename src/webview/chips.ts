import { visibleText } from "../protocol/text.ts";
import { el, icon, type View } from "./dom.ts";
import { SENTENCE, TEXT } from "./strings.ts";

/** A chip of the box or of a question. */
export interface Chip {
  readonly kind: "narrow" | "about";
  /** A path ("src/lib/" for a folder), or "8192, base.js:160". */
  readonly text: string;
}

/** "src/lib" for the folder "src/lib/". */
export function chipLabel({ kind, text }: Chip): string {
  return kind === "about" ? SENTENCE.about(text) : text.replace(/(?<=.)\/$/, "");
}

function chipIcon({ kind, text }: Chip): string {
  if (kind === "about") return "reply";
  return text.endsWith("/") ? "folder" : "file";
}

/** One chip, with a button that removes it where `remove` is given. */
export function chip(value: Chip, remove?: () => void): View<Chip> {
  const label = chipLabel(value);
  const cut = value.text.lastIndexOf(", ");
  // The line number of a place is never cut.
  const line = Math.max(cut, value.text.lastIndexOf(":"));
  const text =
    value.kind === "about" && cut > 0
      ? [
          el("span", { class: "keep" }, TEXT.about),
          el("span", { class: "mono" }, value.text.slice(0, cut)),
          el("span", { class: "at" }, value.text.slice(cut, line)),
          el("span", { class: "at keep" }, value.text.slice(line)),
        ]
      : [el("span", {}, label)];
  const element = el("span", { class: "chip", title: visibleText(label) }, icon(chipIcon(value)), ...text);
  if (remove !== undefined) {
    const button = el(
      "button",
      { type: "button", "aria-label": visibleText(SENTENCE.remove(label)), title: visibleText(SENTENCE.remove(label)) },
      icon("close"),
    );
    button.addEventListener("click", remove);
    element.append(button);
  }
  // A chip never changes: another one has another key.
  return { element, update: () => {} };
}
