import type { CitationView, ExchangeView } from "../protocol/panel.ts";
import type { Send, Surroundings } from "./actions.ts";
import { type Chip, chip } from "./chips.ts";
import { citation, copyButton, type PlaceActions, toolbar } from "./citation.ts";
import {
  el,
  icon,
  iconButton,
  keyed,
  linkButton,
  onChange,
  setAttribute,
  setDisabled,
  setText,
  show,
  type View,
} from "./dom.ts";
import { fold } from "./fold.ts";
import { whereNow } from "./moved.ts";
import { placeRow } from "./place-row.ts";
import { ticksRuler } from "./ruler.ts";
import { isRunning } from "./running.ts";
import { trail } from "./stages.ts";
import { lineRange, SENTENCE, TEXT } from "./strings.ts";
import { facts, isOld, verdict, verdictText } from "./verdict.ts";
import { questionNodes } from "./words.ts";

/** Without a report for so long, the question is "Still reading". */
const SLOW_MS = 10_000;

export interface ExchangeData {
  readonly exchange: ExchangeView;
  readonly around: Surroundings;
}

export interface ExchangePart extends View<ExchangeData> {
  /** Focuses its heading. */
  focus(): void;
  /** The element where the answer begins. */
  readonly answer: HTMLElement;
  readonly id: string;
  isUnfolded(): boolean;
}

/** A place that is read next: the open end of the chain. */
function pendingPlace(): View<string> {
  const text = el("span", { class: "dim" });
  return {
    element: el("li", { class: "cite pending end" }, el("div", { class: "cite-head" }, text)),
    update: (file) => setText(text, SENTENCE.readingFile(file)),
  };
}

/** The evidence: the places of the chain, then the dotted next one. */
function chain(actions: PlaceActions): View<{ places: readonly CitationView[]; pending: string | undefined }> {
  type Item = CitationView | { readonly file: string };
  const element = el("ol", { class: "chain" });
  const isPlace = (item: Item): item is CitationView => "id" in item;
  const update = keyed<Item>(
    element,
    (item) => (isPlace(item) ? `place ${item.id}` : "pending"),
    (item) => {
      if (isPlace(item)) {
        const view = citation(actions, item.id);
        return { element: view.element, update: (value) => isPlace(value) && view.update(value) };
      }
      const view = pendingPlace();
      return { element: view.element, update: (value) => !isPlace(value) && view.update(value.file) };
    },
  );
  return {
    element,
    update: ({ places, pending }) => void update([...places, ...(pending === undefined ? [] : [{ file: pending }])]),
  };
}

/** The error that stopped a question: cause, what is intact, what happens next. */
function failure(again: () => void, showLog: () => void): View<ExchangeData> & { readonly button: HTMLButtonElement } {
  const text = el("p");
  const button = el("button", { type: "button", class: "btn" }, TEXT.askAgain);
  button.addEventListener("click", again);
  const log = el("button", { type: "button", class: "btn second" }, TEXT.showLog);
  log.addEventListener("click", showLog);
  const element = el(
    "div",
    { class: "note is-error" },
    icon("error"),
    el("p", {}, el("b", {}, TEXT.wasStarted)),
    text,
    el("div", { class: "btns" }, button, log),
  );
  return {
    element,
    button,
    update({ exchange: { result }, around: { files } }) {
      if (result.status !== "failed") return;
      const whole = files === undefined ? "" : SENTENCE.indexWhole(files);
      setText(text, [result.cause, whole, result.next].filter((part) => part !== "").join(" "));
    },
  };
}

/** "From 42 % of the workspace." and what to do about it. */
function partialLine(again: () => void, againWhenRead: () => void): View<ExchangeData> {
  const said = el("span");
  const now = linkButton(TEXT.again, again);
  const later = linkButton(TEXT.askAgainWhenRead, againWhenRead);
  const element = el("div", { class: "partial" }, icon("info"), el("span", {}, said, " ", later, now));
  return {
    element,
    update({ exchange: { result, againWhenRead: queued }, around }) {
      const partial = result.status === "answered" || result.status === "notfound" ? result.partial : undefined;
      show(element, partial !== undefined);
      if (partial === undefined) return;
      const from = SENTENCE.from(partial);
      if (around.allRead) setText(said, TEXT.allRead);
      else setText(said, queued === true ? `${from} ${TEXT.askedAgainWhenRead}` : from);
      show(later, !around.allRead && queued !== true);
      show(now, around.allRead);
    },
  };
}

/** One question with its answer and the places that prove it. */
export function exchangePart(initial: ExchangeView, fresh: boolean, unfolded: boolean, send: Send): ExchangePart {
  const { id } = initial;
  const actions: PlaceActions = {
    open: (place, beside) => send({ type: "open", exchange: id, citation: place, beside }),
    copy: (place) => send({ type: "copyCitation", exchange: id, citation: place }),
  };
  let canAsk = false;
  const again = (): void => {
    if (canAsk) send({ type: "again", exchange: id });
  };

  const chips = el("div", { class: "scope" });
  const updateChips = keyed<Chip>(
    chips,
    ({ kind, text }) => `${kind} ${text}`,
    (value) => chip(value),
  );
  const heading = fold(questionNodes(initial.question), unfolded);

  const stages = trail();
  const ruler = ticksRuler();
  const doing = el("div", { class: "doing", "aria-busy": "true" }, stages.element, ruler.element);
  const failed = failure(again, () => send({ type: "command", command: "showLog" }));
  const stopped = el("p", { class: "sub stopped" });
  const answer = verdict();
  const line = facts();
  const refresh = iconButton("refresh", TEXT.again, again);
  const tools = toolbar(
    TEXT.answerGroup,
    copyButton("copy", TEXT.copyAnswer, () => send({ type: "copy", exchange: id, what: "answer" })),
    copyButton("markdown", TEXT.copyEvidence, () => send({ type: "copy", exchange: id, what: "evidence" })),
    refresh,
  );
  const meta = el("div", { class: "meta" }, line.element, tools);
  const partial = partialLine(again, () => send({ type: "again", exchange: id, whenRead: true }));
  const nearest = el("p", { class: "sub" }, TEXT.nearest);
  const places = chain(actions);
  const rows = el("ol", { class: "places" });
  const updateRows = keyed<CitationView>(
    rows,
    (place) => place.id,
    (place) => placeRow(actions, place.id),
  );
  const alsoHeading = el("h3", { class: "sub" }, TEXT.alsoPossible);
  const also = el("ol", { class: "places" });
  const updateAlso = keyed<CitationView>(
    also,
    (place) => place.id,
    (place) => placeRow(actions, place.id),
  );
  const askAgain = el("button", { type: "button", class: "btn" }, TEXT.askAgain);
  askAgain.addEventListener("click", again);
  const after = el("div", { class: "btns after" }, askAgain);
  const howText = el("span");
  const howStages = trail();
  const howRuler = ticksRuler();
  const how = el(
    "details",
    { class: "how" },
    el("summary", {}, icon("chevron-right"), howText),
    howStages.element,
    howRuler.element,
  );
  const body = heading.body(
    doing,
    failed.element,
    stopped,
    answer.element,
    meta,
    partial.element,
    nearest,
    places.element,
    rows,
    alsoHeading,
    also,
    after,
    how,
  );
  const element = el(
    "article",
    { class: "ask", "aria-labelledby": heading.labelId, "data-new": fresh },
    chips,
    ...heading.parts,
    body,
  );
  if (fresh) failed.element.setAttribute("role", "alert");

  let slow: ReturnType<typeof setTimeout> | undefined;
  const renderStages = (exchange: ExchangeView, running: boolean, isSlow: boolean): void =>
    stages.update({
      stages: exchange.stages,
      running,
      slow: isSlow,
      waiting: exchange.result.status === "waiting" ? exchange.result : undefined,
    });
  /** Starts the wait for the next report anew whenever there was one. */
  const onReport = onChange(({ exchange, running }: { exchange: ExchangeView; running: boolean }) => {
    clearTimeout(slow);
    renderStages(exchange, running, false);
    if (running) slow = setTimeout(() => renderStages(exchange, true, true), SLOW_MS);
  });

  const render = onChange(({ exchange, around }: ExchangeData) => {
    const { result } = exchange;
    const citations = exchange.citations.map(whereNow);
    const running = isRunning(exchange);
    const done = result.status === "answered" || result.status === "notfound";
    const asList = result.status === "answered" && result.kind === "list";
    const old = isOld(exchange);
    canAsk = around.canAsk;

    const about: Chip[] = exchange.about === undefined ? [] : [{ kind: "about", text: exchange.about }];
    updateChips([...about, ...exchange.narrow.map((text): Chip => ({ kind: "narrow", text }))]);
    show(chips, chips.childElementCount > 0);

    const first = citations.find((place) => place.answer) ?? citations[0];
    heading.update({
      foldable: around.earlier,
      verdict: verdictText(exchange),
      mono: result.status === "answered" && !asList,
      place: result.status === "answered" && first !== undefined ? `${first.name}:${lineRange(first)}` : "",
      edited: old,
    });

    show(doing, running);
    onReport({ exchange, running });
    ruler.update(exchange.ruler);
    setAttribute(ruler.element, "hidden", result.status === "waiting");

    show(failed.element, result.status === "failed");
    failed.update({ exchange, around });
    setDisabled(failed.button, !around.canAsk);
    show(stopped, result.status === "stopped");
    setText(stopped, citations.length > 0 ? TEXT.stoppedSome : TEXT.stoppedEmpty);

    answer.update(exchange);
    line.update(exchange);
    show(meta, done);
    show(refresh, !old);
    setDisabled(refresh, !around.canAsk);
    partial.update({ exchange, around });
    show(nearest, result.status === "notfound" && citations.length > 0);

    places.update({
      places: asList ? [] : citations,
      pending: result.status === "reading" ? result.file : undefined,
    });
    show(places.element, places.element.childElementCount > 0);
    const hops = done ? result.status === "answered" && result.hops > 1 : citations.length > 0;
    places.element.classList.toggle("hops", hops);
    updateRows(asList ? citations : []);
    show(rows, asList);
    updateAlso(exchange.also.map(whereNow));
    show(also, exchange.also.length > 0);
    show(alsoHeading, exchange.also.length > 0);
    show(after, old || result.status === "stopped");
    setDisabled(askAgain, !around.canAsk);

    show(how, done && !old);
    if (done) {
      setText(howText, SENTENCE.recalledRead(result.recalled, result.read));
      howStages.update({ stages: exchange.stages, running: false, slow: false });
      howRuler.update(exchange.ruler);
    }
  });

  return {
    id,
    element,
    answer: answer.element,
    update: render,
    focus: heading.focus,
    isUnfolded: heading.isUnfolded,
  };
}
