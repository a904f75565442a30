import type { FromPanel, PanelState, Place } from "../protocol/panel.ts";
import type { Send } from "./actions.ts";
import { AskedBefore } from "./asked.ts";
import { type Chip, chip } from "./chips.ts";
import { el, icon, iconButton, keyed, onChange, setAttribute, setDisabled, show, type View } from "./dom.ts";
import { TEXT } from "./strings.ts";
import { suggest } from "./suggest.ts";

/** What the box needs of a snapshot. */
export interface ComposerData {
  readonly shown: boolean;
  /** A question that is sent is answered, now or as soon as it can be. */
  readonly canAsk: boolean;
  readonly running: boolean;
  readonly failed: boolean;
  readonly about: string | undefined;
  readonly asked: PanelState["asked"];
  readonly hints: boolean;
}

export interface Composer extends View<ComposerData> {
  /** Replaces what the box holds. */
  fill(text: string, narrow?: readonly string[]): void;
  places(request: number, places: readonly Place[]): void;
  focus(): void;
  /** Closes the list; false when it was closed. */
  escape(): boolean;
  readonly text: string;
  readonly narrow: readonly string[];
}

export interface ComposerEvents {
  readonly send: Send;
  /** What the box holds has changed. */
  changed(): void;
  /** A question was sent. */
  asked(): void;
  /** The list shows so many places. */
  suggested(places: number): void;
}

/** The word after an "@" that the caret stands in: where it starts and what it is. */
function mention(text: string, caret: number): { readonly from: number; readonly query: string } | undefined {
  const found = /(?:^|\s)@(\S*)$/.exec(text.slice(0, caret));
  const query = found?.[1];
  return query === undefined ? undefined : { from: caret - query.length - 1, query };
}

function hint(key: string | readonly string[], text: string, wide: boolean): HTMLElement {
  const keys = [key].flat().map((each) => el("kbd", {}, each));
  return el("span", { class: wide ? "wide" : false }, ...keys, ` ${text}`);
}

interface Hinted {
  readonly list: boolean;
  readonly running: boolean;
  /** There is a question in the box that the stopped engine does not take. */
  readonly stuck: boolean;
  readonly hints: boolean;
  readonly asked: boolean;
}

function hintsOf(state: Hinted): HTMLElement[] {
  if (state.list)
    return [
      hint(["↑", "↓"], TEXT.hintChoose, false),
      hint("Tab", TEXT.hintTake, true),
      hint("Esc", TEXT.hintClose, true),
    ];
  if (state.running) return [hint("Esc", TEXT.busyHint, false)];
  if (state.stuck) return [el("span", {}, TEXT.placeholderStopped)];
  if (!state.hints) return [];
  const last = state.asked ? [hint("↑", TEXT.hintLast, true)] : [];
  return [hint("Enter", TEXT.hintAsk, false), hint("@", TEXT.hintNarrow, true), ...last];
}

/** The box at the bottom: the question, what it is narrowed to, and Ask or Stop. */
export function composer({ send, changed, asked, suggested }: ComposerEvents): Composer {
  const box = el("textarea", {
    rows: "1",
    "aria-label": TEXT.question,
    "aria-autocomplete": "list",
    "aria-haspopup": "listbox",
    spellcheck: "false",
  });
  const before = new AskedBefore();
  let narrow: readonly string[] = [];
  /** The chip of a follow-up that the user took away: the next question is a new one. */
  let dropped: string | undefined;
  let request = 0;
  let data: ComposerData = {
    shown: false,
    canAsk: false,
    running: false,
    failed: false,
    about: undefined,
    asked: [],
    hints: false,
  };

  const list = suggest(box, (place) => take(place));
  const chips = el("div", { class: "scope" });
  const updateChips = keyed<Chip>(
    chips,
    ({ kind, text }) => `${kind} ${text}`,
    (value) =>
      chip(value, () => {
        remove(value);
        box.focus();
      }),
  );
  const hints = el("span", { class: "hint", "aria-hidden": "true" });
  const at = iconButton("mention", TEXT.narrow, () => {
    const { selectionStart: caret, value } = box;
    box.focus();
    if (mention(value, caret) === undefined)
      box.setRangeText(/\S$/.test(value.slice(0, caret)) ? " @" : "@", caret, box.selectionEnd, "end");
    edited();
  });
  const ask = el(
    "button",
    { type: "submit", class: "icon-btn send", title: TEXT.send, "aria-label": TEXT.ask },
    icon("arrow-up"),
  );
  const stop = iconButton("debug-stop", TEXT.stopAsk, () => {
    send({ type: "stop" });
    box.focus();
  });
  const element = el(
    "form",
    { class: "composer", "aria-label": TEXT.ask },
    list.element,
    el(
      "div",
      { class: "box" },
      chips,
      box,
      el("div", { class: "box-row" }, at, hints, el("span", { class: "tools" }, ask, stop)),
    ),
  );

  const about = (): string | undefined => (data.about === dropped ? undefined : data.about);
  const shownChips = (): Chip[] => {
    const goesOn = about();
    return [
      ...(goesOn === undefined ? [] : [{ kind: "about", text: goesOn } as const]),
      ...narrow.map((text) => ({ kind: "narrow", text }) as const),
    ];
  };
  const renderHints = onChange((state: Hinted) => hints.replaceChildren(...hintsOf(state)));
  const render = (): void => {
    updateChips(shownChips());
    show(chips, chips.childElementCount > 0);
    setDisabled(ask, !data.canAsk || box.value.trim() === "");
    const empty = about() === undefined ? TEXT.placeholderFirst : TEXT.placeholderFollowUp;
    setAttribute(box, "placeholder", data.failed ? TEXT.placeholderStopped : empty);
    renderHints({
      list: list.isOpen(),
      running: data.running,
      stuck: data.failed && box.value !== "",
      hints: data.hints && !data.failed,
      asked: data.asked.length > 0,
    });
  };
  const remove = ({ kind, text }: Chip): void => {
    if (kind === "about") dropped = text;
    else narrow = narrow.filter((each) => each !== text);
    render();
    changed();
  };
  const closeList = (): void => {
    request++;
    list.close();
    render();
  };
  /** After each change of text or caret: asks for the places of the word after "@". */
  const lookUp = (): void => {
    const word = mention(box.value, box.selectionStart);
    if (word === undefined || box.selectionStart !== box.selectionEnd) closeList();
    else send({ type: "places", request: ++request, query: word.query });
  };
  const edited = (): void => {
    if (box.value === "") before.reset();
    lookUp();
    render();
    changed();
  };
  const take = (place: Place | undefined): void => {
    const word = mention(box.value, box.selectionStart);
    if (place === undefined || word === undefined) return;
    box.setRangeText("", word.from, box.selectionStart, "end");
    if (!narrow.includes(place.path)) narrow = [...narrow, place.path];
    closeList();
    changed();
  };
  const submit = (): void => {
    const question = box.value.trim();
    if (question === "" || !data.canAsk) return;
    const message: FromPanel = { type: "ask", question, narrow, followUp: about() !== undefined };
    send(message);
    box.value = "";
    before.reset();
    closeList();
    asked();
    changed();
  };
  const recall = (text: string | undefined): boolean => {
    if (text === undefined) return false;
    box.value = text;
    box.setSelectionRange(text.length, text.length);
    closeList();
    changed();
    return true;
  };
  const onListKey = ({ key }: KeyboardEvent): boolean => {
    if (key === "ArrowDown" || key === "ArrowUp") list.move(key === "ArrowDown" ? 1 : -1);
    else if (key === "Tab" || key === "Enter") take(list.chosen());
    else if (key === "Escape") closeList();
    else return false;
    return true;
  };
  const onBoxKey = ({ key }: KeyboardEvent): boolean => {
    const { selectionStart: from, selectionEnd: to, value } = box;
    const last = shownChips().at(-1);
    if (key === "ArrowUp" && !value.slice(0, from).includes("\n")) return recall(before.older(value));
    if (key === "ArrowDown" && !value.slice(to).includes("\n")) return recall(before.newer(value));
    if (key === "Backspace" && from === 0 && to === 0 && last !== undefined) remove(last);
    else if (key === "Enter") submit();
    else return false;
    return true;
  };
  box.addEventListener("keydown", (event) => {
    // Enter that ends the composition of a character, or a chord of VS Code, is not a question.
    if (event.defaultPrevented || event.isComposing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey)
      return;
    if ((list.isOpen() && onListKey(event)) || onBoxKey(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  box.addEventListener("input", edited);
  box.addEventListener("blur", closeList);
  // The caret may leave the word after "@" without a change of the text.
  for (const type of ["click", "keyup"])
    box.addEventListener(type, () => {
      if (list.isOpen() && mention(box.value, box.selectionStart) === undefined) closeList();
    });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
    box.focus();
  });

  return {
    element,
    get text() {
      return box.value;
    },
    get narrow() {
      return narrow;
    },
    focus: () => box.focus(),
    escape() {
      const open = list.isOpen();
      if (open) closeList();
      return open;
    },
    fill(text, scope) {
      box.value = text;
      box.setSelectionRange(text.length, text.length);
      if (scope !== undefined) narrow = [...scope];
      closeList();
      changed();
    },
    places(reply, places) {
      if (reply !== request || document.activeElement !== box) return;
      const word = mention(box.value, box.selectionStart);
      if (word === undefined) return;
      list.open(places, word.query);
      suggested(places.length);
      render();
    },
    update(value) {
      if (value.about !== data.about) dropped = undefined;
      data = value;
      before.set(value.asked);
      show(element, value.shown);
      // The button that goes hands its focus to the box.
      if ((value.running ? ask : stop) === document.activeElement) box.focus();
      show(ask, !value.running);
      show(stop, value.running);
      render();
    },
  };
}
