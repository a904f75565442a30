import type { CitationView, Mark, SnippetLine } from "../protocol/panel.ts";
import { clipLine, clipText, dedent, type Run, runs, visibleText } from "../protocol/text.ts";
import { el, onChange, setAttribute, type View } from "./dom.ts";
import { SENTENCE } from "./strings.ts";

/** Units of a line of a list, and of the start before its mark. */
const ROW_UNITS = 160;
const ROW_LEAD = 16;
const ANSWER_UNITS = 2000;

/** Class of a syntax colour. */
const TOKENS: readonly (readonly [Mark["kind"], string])[] = [
  ["comment", "tk-c"],
  ["string", "tk-s"],
  ["number", "tk-n"],
  ["keyword", "tk-k"],
];

/** Text with places to break a line after "." "(" and ",". */
function breakable(text: string): (string | HTMLElement)[] {
  const parts = text.split(/(?<=[.(,])(?=\S)/);
  return parts.flatMap((part, index) => (index === 0 ? [visibleText(part)] : [el("wbr"), visibleText(part)]));
}

function runNode({ text, kinds }: Run, breaks: boolean): Node {
  const fragment = document.createDocumentFragment();
  fragment.append(...(breaks ? breakable(text) : [visibleText(text)]));
  const token = TOKENS.find(([kind]) => kinds.has(kind))?.[1];
  const classes = [kinds.has("via") ? "via" : undefined, token].filter((name) => name !== undefined);
  return classes.length === 0 ? fragment : el("span", { class: classes.join(" ") }, fragment);
}

/** The line as nodes: the answer in one `mark`, syntax and joining words inside and beside it. */
function lineNodes(line: Pick<SnippetLine, "text" | "marks">, breaks: boolean): Node[] {
  const nodes: Node[] = [];
  let answer: HTMLElement | undefined;
  for (const run of runs(line.text, line.marks)) {
    const node = runNode(run, breaks);
    if (!run.kinds.has("answer")) {
      answer = undefined;
      nodes.push(node);
    } else if (answer === undefined) {
      answer = el("mark", {}, node);
      nodes.push(answer);
    } else answer.append(node);
  }
  return nodes;
}

/** An answer as it stands in the code. */
export function answerNodes(text: string): Node[] {
  const holder = el("span");
  holder.append(...breakable(clipText(text, ANSWER_UNITS)));
  return [...holder.childNodes];
}

/** The lines of a citation: of an edited one what stands there now, without the marks of what stood there. */
function shownLines(citation: CitationView): (SnippetLine | null)[] {
  const { stale } = citation;
  if (stale?.kind !== "changed") return [...citation.lines];
  const now = stale.now.split("\n");
  let placed = false;
  return citation.lines.flatMap((line) => {
    if (line === null || !line.quoted) return [line];
    if (placed) return [];
    placed = true;
    return now.map((text, offset) => ({ line: line.line + offset, text, quoted: true, marks: [] }));
  });
}

function lineRow(line: SnippetLine | null): HTMLElement {
  if (line === null) return el("span", { class: "ln gap" }, el("i", { "aria-hidden": "true" }, "⋮"), el("code"));
  const code = el("code");
  const cut = clipLine(line);
  code.append(...lineNodes(cut, line.quoted));
  return el(
    "span",
    { class: line.quoted ? "ln hit" : "ln" },
    el("i", { "aria-hidden": "true" }, String(line.line)),
    code,
    // Read and copied line by line.
    "\n",
  );
}

/** The quoted lines in their file. A click that selects nothing opens the place. */
export function snippet(open: (beside: boolean) => void): View<CitationView> {
  const element = el("div", { class: "snip", role: "group" });
  element.addEventListener("click", (event) => {
    if (getSelection()?.isCollapsed !== false) open(event.ctrlKey || event.metaKey);
  });
  const render = onChange((lines: readonly (SnippetLine | null)[]) => {
    element.replaceChildren(...dedent(lines).map(lineRow));
  });
  return {
    element,
    update(citation) {
      const lines = shownLines(citation);
      const numbers = lines.flatMap((line) => (line === null ? [] : [line.line]));
      const first = numbers.at(0) ?? citation.line;
      const last = numbers.at(-1) ?? citation.lineTo;
      setAttribute(element, "aria-label", visibleText(SENTENCE.code(citation.name, first, last)));
      render(lines);
    },
  };
}

/** The one line that a row of a list shows, cut close around its mark. */
export function rowLine(citation: CitationView): Node[] {
  const lines = shownLines(citation).filter((line) => line !== null);
  const line =
    lines.find(({ marks }) => marks.some(({ kind }) => kind === "answer")) ??
    lines.find(({ quoted }) => quoted) ??
    lines[0];
  if (line === undefined) return [];
  const [flat] = dedent([line]);
  if (flat === null || flat === undefined) return [];
  const mark = flat.marks.find(({ kind }) => kind === "answer");
  const from = mark !== undefined && mark.from > 2 * ROW_LEAD ? mark.from - ROW_LEAD : 0;
  const tail: SnippetLine =
    from === 0
      ? flat
      : {
          ...flat,
          text: `…${flat.text.slice(from)}`,
          marks: flat.marks
            .filter(({ to }) => to > from)
            .map((each) => ({ ...each, from: Math.max(1, each.from - from + 1), to: each.to - from + 1 })),
        };
  return lineNodes(clipLine(tail, ROW_UNITS), true);
}

/** What a row of a list answers: the marked text. */
export function rowSpan({ lines }: CitationView): string | undefined {
  const parts = lines.flatMap((line) =>
    line === null
      ? []
      : line.marks.filter(({ kind }) => kind === "answer").map(({ from, to }) => line.text.slice(from, to)),
  );
  return parts.length === 0 ? undefined : clipText(parts.join(" "), ROW_UNITS);
}
