import { visibleText } from "../protocol/text.ts";

/** A part of the page: its element stays, `update` brings it to another value. */
export interface View<T> {
  readonly element: HTMLElement;
  update(value: T): void;
}

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | boolean>>;

const SVG = "http://www.w3.org/2000/svg";

/** Sets an attribute; `true` sets it empty, `false` takes it away. Nothing is touched when it stands so already. */
export function setAttribute(element: Element, name: string, value: string | boolean): void {
  if (value === false) element.removeAttribute(name);
  else {
    const text = value === true ? "" : value;
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** An HTML element. Strings become text nodes, hidden characters in them written out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  append(element, children);
  return element;
}

/** An SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  append(element, children);
  return element;
}

export function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== null) parent.append(typeof child === "string" ? visibleText(child) : child);
  }
}

/** A codicon; the words beside it or the name of its button say what it means. */
export function icon(name: string): HTMLElement {
  return el("i", { class: `codicon codicon-${name}`, "aria-hidden": "true" });
}

export function setIcon(element: HTMLElement, name: string): void {
  setAttribute(element, "class", `codicon codicon-${name}`);
}

/** Shows `text` in `element`; a node with that text already stays, and with it what is selected in it. */
export function setText(element: Element, text: string): void {
  const shown = visibleText(text);
  if (element.textContent !== shown) element.textContent = shown;
}

export function show(element: HTMLElement, shown: boolean): void {
  if (element.hidden === shown) element.hidden = !shown;
}

/** A button with an icon alone: its name is its tooltip. */
export function iconButton(iconName: string, name: string, act: (event: MouseEvent) => void): HTMLButtonElement {
  const button = el("button", { type: "button", class: "icon-btn", title: name, "aria-label": name }, icon(iconName));
  button.addEventListener("click", (event) => {
    if (button.getAttribute("aria-disabled") !== "true") act(event);
  });
  return button;
}

/** Event that asks the panel to say its detail aloud. */
export const SAY = "say";

export function say(from: Element, sentence: string): void {
  from.dispatchEvent(new CustomEvent(SAY, { bubbles: true, detail: sentence }));
}

/** A button that reads like a link in a sentence. */
export function linkButton(text: string, act: () => void): HTMLButtonElement {
  const button = el("button", { type: "button", class: "link" }, text);
  button.addEventListener("click", act);
  return button;
}

/** Disabled for the eye, the screen reader and the click, but still in the tab order: focus is not lost with it. */
export function setDisabled(button: HTMLButtonElement, disabled: boolean): void {
  setAttribute(button, "aria-disabled", disabled ? "true" : false);
}

/** Runs `render` only when `value` differs from the last one, compared by content. */
export function onChange<T>(render: (value: T) => void): (value: T) => void {
  let last: string | undefined;
  return (value) => {
    const now = JSON.stringify(value) ?? "";
    if (now === last) return;
    last = now;
    render(value);
  };
}

/**
 * Keeps one view per value as the children of `parent`, told apart by key. A value that stays keeps its element, and
 * with it focus, selection and unfolded parts. Other children of `parent` must not exist.
 */
export function keyed<T>(
  parent: Element,
  keyOf: (value: T) => string,
  create: (value: T) => View<T>,
): (values: readonly T[]) => View<T>[] {
  let views = new Map<string, View<T>>();
  return (values) => {
    const wanted = new Map<string, T>();
    // Two values under one key would be one node in two places: the first is shown.
    for (const value of values) if (!wanted.has(keyOf(value))) wanted.set(keyOf(value), value);
    for (const [key, view] of views) if (!wanted.has(key)) view.element.remove();
    const next = new Map<string, View<T>>();
    for (const [key, value] of wanted) {
      const view = views.get(key) ?? create(value);
      view.update(value);
      next.set(key, view);
    }
    let place = parent.firstElementChild;
    for (const { element } of next.values()) {
      if (element === place) place = place.nextElementSibling;
      else parent.insertBefore(element, place);
    }
    views = next;
    return [...next.values()];
  };
}
