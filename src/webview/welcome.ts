import type { IndexView, PanelState } from "../protocol/panel.ts";
import type { Send } from "./actions.ts";
import { el, icon, iconButton, keyed, linkButton, onChange, setText, show, type View } from "./dom.ts";
import { mark } from "./mark.ts";
import { roving } from "./roving.ts";
import { counted, TEXT } from "./strings.ts";
import { questionNodes } from "./words.ts";

type Consent = Extract<IndexView, { state: "consent" }>;

/** Asked before anything is read: what is read, left out, kept and sent. */
export function consent(send: Send): View<{ workspace: string; index: Consent }> {
  const reads = el("dd");
  const leaves = el("span");
  const keeps = el("dd", {}, "One file in VS Code’s storage");
  const sends = el("dd", {}, "Nothing");
  const start = el("button", { type: "button", class: "btn" });
  start.addEventListener("click", () => send({ type: "command", command: "index" }));
  const choose = el("button", { type: "button", class: "btn second" }, TEXT.chooseFolders);
  choose.addEventListener("click", () => send({ type: "command", command: "chooseFolders" }));
  const list = linkButton("Show list", () => send({ type: "command", command: "showFiles" }));
  const element = el(
    "div",
    { class: "welcome" },
    mark(),
    el("h2", {}, TEXT.consentTitle),
    el("p", {}, TEXT.consentBody),
    el(
      "dl",
      { class: "facts" },
      el("dt", {}, "Reads"),
      reads,
      el("dt", {}, "Leaves out"),
      el("dd", {}, leaves, " ", list),
      el("dt", {}, "Keeps"),
      keeps,
      el("dt", {}, "Sends"),
      sends,
    ),
    start,
    choose,
  );
  return {
    element,
    update({ workspace, index: { files, binaryFiles } }) {
      setText(
        reads,
        files === undefined ? `Files in ${workspace}` : `${counted(files, "file", "files")} in ${workspace}`,
      );
      const binary = binaryFiles === undefined ? "binary files" : counted(binaryFiles, "binary file", "binary files");
      // The first word of a sentence.
      const first = binary.charAt(0).toUpperCase() + binary.slice(1);
      setText(leaves, `${first}, ignored files, .env and keys.`);
      setText(start, `Index ${workspace}`);
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
    const said = ready
      ? `${counted(index.files, "file", "files")} read. ${TEXT.saved}`
      : indexing
        ? TEXT.canAskAlready
        : "";
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
