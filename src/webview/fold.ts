import { append, el, icon, onChange, setAttribute, setText, show } from "./dom.ts";
import { TEXT } from "./strings.ts";

/** What a folded exchange says in its second line. */
export interface FoldData {
  /** An exchange that another one follows can be folded, and is at first. */
  readonly foldable: boolean;
  readonly verdict: string;
  /** The answer is a quote. */
  readonly mono: boolean;
  readonly place: string;
  readonly edited: boolean;
}

export interface Fold {
  /** The heading and the second line of a folded exchange. */
  readonly parts: readonly HTMLElement[];
  readonly labelId: string;
  body(...children: HTMLElement[]): HTMLElement;
  update(data: FoldData): void;
  focus(): void;
  /** Unfolded by the user, though another exchange follows. */
  isUnfolded(): boolean;
}

/** Ids of the page are its own: those of the host may hold anything. */
let serial = 0;

/** Heading of an exchange: plain text, and once another question follows a button that folds its body. */
export function fold(question: readonly (string | HTMLElement)[], unfolded: boolean): Fold {
  const id = `question-${++serial}`;
  const chevron = icon("chevron-right");
  const text = el("span", { class: "q" }, ...question);
  const button = el("button", { type: "button", class: "fold-button", "aria-controls": `${id}-body` }, chevron, text);
  const heading = el("h2", { id, tabindex: "-1" }, text);
  const warning = icon("warning");
  const verdict = el("span");
  const place = el("span");
  const edited = el("span", {}, TEXT.editedSince);
  const line = el("div", { class: "row-a" }, warning, verdict, place, edited);
  const body = el("div", { class: "ask-body", id: `${id}-body` });
  let foldable = false;
  let open = unfolded;

  const apply = (): void => {
    const folded = foldable && !open;
    show(body, !folded);
    show(line, folded);
    heading.classList.toggle("folded", folded);
    setAttribute(button, "aria-expanded", foldable ? String(!folded) : false);
  };
  button.addEventListener("click", () => {
    if (getSelection()?.isCollapsed === false) return;
    open = !open;
    apply();
  });
  const update = onChange((data: FoldData) => {
    if (data.foldable !== foldable) {
      const focused = heading.contains(document.activeElement);
      foldable = data.foldable;
      if (foldable) {
        button.append(text);
        heading.replaceChildren(button);
      } else heading.replaceChildren(text);
      if (focused) focus();
    }
    setText(verdict, data.verdict.slice(0, 200));
    setAttribute(verdict, "class", data.mono ? "mono" : false);
    setText(place, data.place);
    show(place, data.place !== "" && !data.edited);
    show(edited, data.edited);
    show(warning, data.edited);
    apply();
  });
  const focus = (): void => {
    if (foldable) button.focus();
    else heading.focus();
  };
  apply();
  return {
    parts: [heading, line],
    labelId: id,
    body(...children) {
      append(body, children);
      return body;
    },
    update,
    focus,
    isUnfolded: () => foldable && open,
  };
}
