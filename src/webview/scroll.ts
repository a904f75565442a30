import { show } from "./dom.ts";

/** Pixels from the end that still count as the end. */
const NEAR_END = 8;
/** Over the newest question, when it is at the top. */
const MARGIN = 12;

/** How far the thread is scrolled: it follows what comes only while the user is at its end. */
export class Follow {
  readonly #thread: HTMLElement;
  readonly #link: HTMLElement;
  #atEnd = true;
  /** Set by sending a question: the next snapshot is followed wherever the user is. */
  #force = false;
  /** Where the thread was when the history took its place. */
  #away: { readonly top: number; readonly atEnd: boolean } | undefined;

  /** `link` is shown when something new stands below the part in view. */
  constructor(thread: HTMLElement, link: HTMLElement, changed: () => void) {
    this.#thread = thread;
    this.#link = link;
    show(link, false);
    thread.addEventListener("scroll", () => {
      if (this.#away !== undefined) return;
      this.#atEnd = this.#distance() <= NEAR_END;
      if (this.#atEnd) show(link, false);
      changed();
    });
    link.addEventListener("click", () => this.toEnd());
  }

  get atEnd(): boolean {
    return this.#away?.atEnd ?? this.#atEnd;
  }

  get top(): number {
    return this.#away?.top ?? this.#thread.scrollTop;
  }

  /** Before the history is shown. */
  leave(): void {
    this.#away = { top: this.#thread.scrollTop, atEnd: this.#atEnd };
    show(this.#link, false);
  }

  /** After the history was shown. */
  left(): void {
    this.#thread.scrollTop = 0;
  }

  /** After the thread is back. */
  back(last: HTMLElement | undefined): void {
    const away = this.#away;
    this.#away = undefined;
    if (away !== undefined) this.restore(away.top, away.atEnd, last);
  }

  /** To where the thread was; at its end the newest exchange `last` begins in view. */
  restore(top: number, atEnd: boolean, last?: HTMLElement): void {
    this.#thread.scrollTop = atEnd ? this.#endFor(last) : top;
    this.#atEnd = this.#distance() <= NEAR_END;
  }

  force(): void {
    this.#force = true;
  }

  toEnd(): void {
    this.#thread.scrollTop = this.#thread.scrollHeight;
    show(this.#link, false);
  }

  /**
   * After a snapshot. `last` is the newest exchange, whose question stays in view though its answer is longer than the
   * panel; `answer` is what is new, if anything is.
   */
  after(last: HTMLElement | undefined, answer: HTMLElement | undefined, asked: boolean): void {
    const thread = this.#thread;
    if (this.#atEnd || (this.#force && asked)) {
      const target = this.#endFor(last);
      // Never back up: what is read stays where it is.
      if (target > thread.scrollTop) thread.scrollTop = target;
      if (asked) this.#force = false;
      this.#atEnd = this.#distance() <= NEAR_END;
    }
    if (answer !== undefined && this.#offset(answer) > thread.scrollTop + thread.clientHeight - NEAR_END)
      show(this.#link, true);
  }

  /** The end of the thread, or where `last` begins if it is longer than the view. */
  #endFor(last: HTMLElement | undefined): number {
    const end = this.#thread.scrollHeight - this.#thread.clientHeight;
    return Math.max(0, last === undefined ? end : Math.min(end, this.#offset(last) - MARGIN));
  }

  #offset(element: HTMLElement): number {
    return element.getBoundingClientRect().top - this.#thread.getBoundingClientRect().top + this.#thread.scrollTop;
  }

  #distance(): number {
    return this.#thread.scrollHeight - this.#thread.clientHeight - this.#thread.scrollTop;
  }
}
