import { clipText } from "../protocol/text.ts";
import { el } from "./dom.ts";

/** Units of a question that are shown. */
const QUESTION_UNITS = 2000;

/** A question as nodes: an option like `--name` never breaks over a line. */
export function questionNodes(question: string): (string | HTMLElement)[] {
  return clipText(question, QUESTION_UNITS)
    .split(/((?<![\w-])--[A-Za-z][\w-]{0,30})/)
    .map((part, index) => (index % 2 === 1 ? el("span", { class: "nb" }, part) : part));
}
