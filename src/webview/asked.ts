/**
 * Earlier questions brought back into an empty box, as a shell does. `older` and `newer` give the text to show, or
 * nothing when the box holds something of the user's own.
 */
export class AskedBefore {
  #questions: readonly string[] = [];
  /** Index of the question shown; the number of questions when none is. */
  #at = 0;

  /** Newest last. */
  set(questions: readonly string[]): void {
    const none = this.#at >= this.#questions.length;
    this.#questions = questions;
    if (none || this.#at > questions.length) this.#at = questions.length;
  }

  older(box: string): string | undefined {
    if (!this.#owns(box)) return undefined;
    for (let at = this.#at - 1; at >= 0; at--) {
      if (this.#questions[at] === box) continue;
      this.#at = at;
      return this.#questions[at];
    }
    return undefined;
  }

  newer(box: string): string | undefined {
    if (!this.#owns(box) || box === "") return undefined;
    this.#at = Math.min(this.#questions.length, this.#at + 1);
    return this.#questions[this.#at] ?? "";
  }

  /** The box was emptied or sent: the next `older` begins at the newest one. */
  reset(): void {
    this.#at = this.#questions.length;
  }

  #owns(box: string): boolean {
    if (box === "") this.reset();
    return box === "" || this.#questions[this.#at] === box;
  }
}
