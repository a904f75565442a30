/** Terminal, npm and launcher may each pass one key press on: copies within this time are one Ctrl+C. */
const SAME_PRESS_MS = 400;

/** Cancels a command on Ctrl+C, SIGTERM, SIGHUP and when the launcher that started this process is gone. */
export class Cancellation {
  readonly #controller = new AbortController();
  #firstAt: number | undefined;
  readonly #onSignal = (): void => this.#stop();
  readonly #onLauncherGone = (): void => this.#controller.abort();

  constructor() {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, this.#onSignal);
    process.on("disconnect", this.#onLauncherGone);
    process.channel?.unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, this.#onSignal);
    process.off("disconnect", this.#onLauncherGone);
  }

  #stop(): void {
    const now = performance.now();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      // First the abort: it takes the progress bar away.
      this.#controller.abort();
      process.stderr.write("\nStopping after this step; press Ctrl+C again to stop at once.\n");
    } else if (now - this.#firstAt > SAME_PRESS_MS) {
      // The state file is safe: everything is written in transactions. The progress bar hid the cursor.
      if (process.stderr.isTTY) process.stderr.write("\u001b[?25h\u001b[?7h");
      process.exit(1);
    }
  }
}
