import type { IndexView, PanelState } from "../protocol/panel.ts";
import type { Send } from "./actions.ts";
import { el, icon, iconButton, keyed, linkButton, onChange, setText, show, type View } from "./dom.ts";
import { mark } from "./mark.ts";
import { roving } from "./roving.ts";
import { SENTENCE, SOME, TEXT } from "./strings.ts";
import { questionNodes } from "./words.ts";

type Consent = Extract<IndexView, { state: "consent" }>;

/** Asked before anything is read: what is read, left out, kept and sent. */
export function consent(send: Send): View<{ workspace: string; index: Consent }> {
  const reads = el("dd");
  const leaves = el("span");
  const keeps = el("dd", {}, TEXT.keepsWhat);
  const sends = el("dd", {}, TEXT.sendsNothing);
  const start = el("button", { type: "button", class: "btn" });
  start.addEventListener("click", () => send({ type: "command", command: "index" }));
  const choose = el("button", { type: "button", class: "btn second" }, TEXT.chooseFolders);
  choose.addEventListener("click", () => send({ type: "command", command: "chooseFolders" }));
  const list = linkButton(TEXT.showList, () => send({ type: "command", command: "showFiles" }));
  const element = el(
    "div",
    { class: "welcome" },
    mark(),
    el("h2", {}, TEXT.consentTitle),
    el("p", {}, TEXT.consentBody),
    el(
      "dl",
      { class: "facts" },
      el("dt", {}, TEXT.reads),
      reads,
      el("dt", {}, TEXT.leavesOut),
      el("dd", {}, leaves, " ", list),
      el("dt", {}, TEXT.keeps),
      keeps,
      el("dt", {}, TEXT.sends),
      sends,
    ),
    start,
    choose,
  );
  return {
    element,
    update({ workspace, index: { files, binaryFiles } }) {
      setText(reads, files === undefined ? SENTENCE.filesIn(workspace) : SENTENCE.aboutFiles(files, workspace));
      const binary = binaryFiles === undefined ? TEXT.binaryFiles : SOME.binaryFiles(binaryFiles);
      setText(leaves, SENTENCE.leavesOut(binary));
      setText(start, SENTENCE.index(workspace));
    },
  };
}

/** A folder that is never indexed, and why. */
export function refused(): View<string> {
  const text = el("p");
  return { element: el("div", { class: "welcome" }, mark(), text), update: (message) => setText(text, message) };
}

/** What stands in an empty thread: what was read and questions that this workspace has answered. */
export function firstQuestions(choose: (question: string) => void, send: Send): View<PanelState> {
  const line = el("p");
  const title = el("span");
  const other = iconButton("refresh", TEXT.otherExamples, () => send({ type: "otherExamples" }));
  const rows = el("ul", { class: "rows wrap" });
  const update = keyed<string>(
    rows,
    (question) => question,
    (question) => {
      const row = el(
        "button",
        { type: "button", class: "row" },
        icon("arrow-small-right"),
        el("span", { class: "row-main" }, el("span", { class: "row-q" }, ...questionNodes(question))),
      );
      row.addEventListener("click", () => choose(question));
      return { element: el("li", {}, row), update: () => {} };
    },
  );
  const move = roving(rows, ".row");
  const examples = el(
    "section",
    {},
    // The refresh button stands beside the heading, not in its name.
    el("div", { class: "rows-title" }, el("h2", {}, title), el("span", { class: "tools" }, other)),
    rows,
  );
  const element = el("div", { class: "stack" }, line, examples);
  const render = onChange(({ index, questions }: { index: IndexView; questions: readonly string[] }) => {
    const ready = index.state === "ready";
    const indexing = index.state === "indexing";
    const said = ready ? `${SENTENCE.filesRead(index.files)} ${TEXT.saved}` : indexing ? TEXT.canAskAlready : "";
    setText(line, said);
    show(line, said !== "");
    line.classList.toggle("dim", ready);
    setText(title, ready ? TEXT.examples : TEXT.examplesSoFar);
    show(other, ready);
    update(questions);
    move.refresh();
    show(examples, questions.length > 0 && (ready || indexing || index.state === "paused"));
  });
  return { element, update: ({ index, examples: questions }) => render({ index, questions }) };
}
