import type { ChatView } from "../protocol/panel.ts";
import { visibleText } from "../protocol/text.ts";
import type { Send } from "./actions.ts";
import { chipLabel } from "./chips.ts";
import { el, icon, iconButton, keyed, onChange, setAttribute, setText, show, type View } from "./dom.ts";
import { roving } from "./roving.ts";
import { LANGUAGE, SENTENCE, TEXT } from "./strings.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const TIME = new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const WEEKDAY = new Intl.DateTimeFormat(LANGUAGE, { weekday: "short" });
const DATE = new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short" });

type Period = "today" | "yesterday" | "week" | "earlier";
/** With what stands over them and how their times are told. */
const PERIODS: Readonly<Record<Period, { readonly title: string; readonly format: Intl.DateTimeFormat }>> = {
  today: { title: TEXT.periodToday, format: TIME },
  yesterday: { title: TEXT.periodYesterday, format: TIME },
  week: { title: TEXT.periodWeek, format: WEEKDAY },
  earlier: { title: TEXT.periodEarlier, format: DATE },
};
const NEWEST_FIRST: readonly Period[] = ["today", "yesterday", "week", "earlier"];

/** The heading that a time belongs under, days counted from local midnight. */
export function periodOf(created: number, now: number): Period {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (created >= midnight) return "today";
  if (created >= midnight - DAY_MS) return "yesterday";
  return created >= midnight - 7 * DAY_MS ? "week" : "earlier";
}

function timeText(created: number, period: Period): string {
  return PERIODS[period].format.format(created);
}

/** One past question: opens on click or Enter, goes with Del. */
function chatRow(open: () => void, remove: () => void): View<{ chat: ChatView; period: Period }> {
  const title = el("span", { class: "row-q" });
  const line = el("span", { class: "row-a" });
  const time = el("span", { class: "row-t" });
  const row = el(
    "button",
    { type: "button", class: "row", "aria-keyshortcuts": "Delete" },
    el("span", { class: "row-main" }, title, line),
    time,
  );
  row.addEventListener("click", open);
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Delete" && !(event.key === "Backspace" && event.metaKey)) return;
    event.preventDefault();
    remove();
  });
  // For the pointer; the keyboard has Del on the row.
  const button = iconButton("trash", TEXT.delete, remove);
  button.tabIndex = -1;
  const element = el("li", { class: "chat" }, row, button);
  const update = onChange(({ chat, period }: { chat: ChatView; period: Period }) => {
    setText(title, chat.title);
    setAttribute(title, "title", visibleText(chat.title));
    const scope = chat.narrow?.[0];
    line.replaceChildren(
      ...(chat.edited ? [icon("warning")] : []),
      ...(scope === undefined
        ? []
        : [icon(scope.endsWith("/") ? "folder" : "file"), el("span", {}, chipLabel({ kind: "narrow", text: scope }))]),
      ...(chat.found === false
        ? [icon("circle-slash"), el("span", {}, TEXT.notHereShort)]
        : [el("span", { class: "mono" }, chat.answer)]),
      ...(chat.edited ? [el("span", {}, TEXT.editedSince)] : []),
    );
    setText(time, timeText(chat.created, period));
  });
  return { element, update };
}

interface Group {
  readonly period: Period;
  readonly chats: readonly ChatView[];
}

/** Asked before all is deleted, in place of the filter. */
function confirmation(clear: () => void, keep: () => void): View<number> & { focus(): void } {
  const text = el("p");
  const yes = el("button", { type: "button", class: "btn" }, TEXT.deleteAll);
  yes.addEventListener("click", clear);
  const no = el("button", { type: "button", class: "btn second" }, TEXT.keep);
  no.addEventListener("click", keep);
  const element = el("div", { class: "note", role: "group", "aria-label": TEXT.clearAll });
  element.append(icon("warning"), text, el("div", { class: "btns" }, yes, no));
  return {
    element,
    update: (n) => setText(text, SENTENCE.deleteAll(n)),
    focus: () => no.focus(),
  };
}

export interface History extends View<readonly ChatView[]> {
  focus(): void;
  /** Esc: takes back a confirmation or a filter; false when the history itself should close. */
  escape(): boolean;
}

/** The questions asked before, newest first, grouped by day. */
export function history(send: Send): History {
  const input = el("input", { "aria-label": TEXT.filterHistory, spellcheck: "false" });
  const back = iconButton("arrow-left", TEXT.back, () => send({ type: "history", open: false }));
  const clear = iconButton("clear-all", TEXT.clearAll, () => ask(true));
  const head = el("div", { class: "tl" }, back, el("label", { class: "filter" }, icon("search"), input), clear);
  const sure = confirmation(
    () => {
      ask(false);
      send({ type: "clearChats" });
    },
    () => ask(false),
  );
  const none = el("p", { class: "dim" });
  const groups = el("div", { class: "stack" });
  const move = roving(groups, ".row");
  let chats: readonly ChatView[] = [];

  /** Before a row goes, focus moves to the one that takes its place. */
  const remove = (chat: string, item: HTMLElement): void => {
    const rows = [...groups.querySelectorAll<HTMLElement>(".row")];
    const at = rows.findIndex((row) => item.contains(row));
    if (rows[at] === document.activeElement) (rows[at + 1] ?? rows[at - 1] ?? input).focus();
    send({ type: "deleteChat", chat });
  };
  const updateGroups = keyed<Group>(
    groups,
    ({ period }) => period,
    ({ period }) => {
      const list = el("ul", { class: "rows" });
      const update = keyed<ChatView>(
        list,
        ({ id }) => id,
        ({ id }) => {
          const row: ReturnType<typeof chatRow> = chatRow(
            () => send({ type: "openChat", chat: id }),
            () => remove(id, row.element),
          );
          return { element: row.element, update: (chat) => row.update({ chat, period }) };
        },
      );
      return {
        element: el("section", {}, el("h2", { class: "rows-title" }, PERIODS[period].title), list),
        update: (group) => void update(group.chats),
      };
    },
  );
  const render = (): void => {
    const wanted = input.value.trim().toLowerCase();
    const shown = chats
      .filter(({ title, answer }) => `${title}\n${answer}`.toLowerCase().includes(wanted))
      .sort((a, b) => b.created - a.created);
    const now = Date.now();
    updateGroups(
      NEWEST_FIRST.map((period) => ({
        period,
        chats: shown.filter((chat) => periodOf(chat.created, now) === period),
      })).filter((group) => group.chats.length > 0),
    );
    move.refresh();
    setText(none, chats.length === 0 ? TEXT.historyNone : TEXT.filterNone);
    show(none, shown.length === 0);
  };
  const ask = (asked: boolean): void => {
    show(sure.element, asked);
    if (asked) sure.focus();
    else clear.focus();
  };
  input.addEventListener("input", render);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    groups.querySelector<HTMLElement>(".row")?.focus();
  });
  show(sure.element, false);
  const element = el("div", { class: "stack history" }, head, sure.element, none, groups);
  return {
    element,
    update(value) {
      chats = value;
      setAttribute(input, "placeholder", SENTENCE.filter(chats.length));
      sure.update(chats.length);
      show(clear, chats.length > 0);
      render();
    },
    focus: () => input.focus(),
    escape() {
      if (!sure.element.hidden) ask(false);
      else if (input.value !== "") {
        input.value = "";
        render();
      } else return false;
      return true;
    },
  };
}
