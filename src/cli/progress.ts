import { Presets, SingleBar } from "cli-progress";
import type { IndexProgress } from "../engine/types.ts";
import { bytes, count, duration, percent } from "./quantities.ts";

/** Without a terminal (a log file, CI): one line at most this often. */
const LINE_EVERY_MS = 5_000;

/** Where progress is drawn: stderr, or a stand-in. */
export type ProgressStream = NodeJS.WriteStream;

/** Draws progress on stderr: a bar on a terminal, occasional lines elsewhere. Results never go there. */
export class Progress {
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.stop();
  readonly #stream: ProgressStream;
  #bar: SingleBar | undefined;
  #lastLineAt = performance.now();
  /** When streaming began, with what was done by then: rates and time left are of the streaming alone. */
  #streamStart: IndexProgress | undefined;

  /** Drawing ends when `signal` is aborted, so that what is told then stands on a line of its own. */
  constructor(signal: AbortSignal, stream: ProgressStream = process.stderr) {
    this.#signal = signal;
    this.#stream = stream;
    signal.addEventListener("abort", this.#onAbort);
  }

  /** Progress of an index run. */
  readonly onIndex = (progress: IndexProgress): void => {
    if (progress.phase === "stream") this.#streamStart ??= progress;
    this.#draw(progress.bytesDone, progress.bytesTotal, describeIndex(progress, this.#streamStart));
  };

  /** Progress of a list of questions. */
  onQuestions(done: number, total: number, elapsedMs: number): void {
    const left = done === 0 ? "" : `, ${timeLeft((elapsedMs / done) * (total - done))}`;
    this.#draw(done, total, `${count(done)} of ${count(total)} questions${left}`);
  }

  /** Takes the bar away, e.g. before an error is printed. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#streamStart = undefined;
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.stop();
  }

  #draw(done: number, total: number, text: string): void {
    if (this.#signal.aborted) return;
    if (this.#stream.isTTY) {
      this.#bar ??= this.#newBar();
      this.#bar.setTotal(Math.max(1, total));
      this.#bar.update(Math.min(done, total), { text });
      return;
    }
    const now = performance.now();
    if (now - this.#lastLineAt < LINE_EVERY_MS) return;
    this.#lastLineAt = now;
    this.#stream.write(`${text}\n`);
  }

  #newBar(): SingleBar {
    const bar = new SingleBar(
      {
        format: "{bar} {text}",
        stream: this.#stream,
        barsize: 24,
        hideCursor: true,
        clearOnComplete: true,
        linewrap: false,
        fps: 10,
        // The engine's step holds this thread: the bar is drawn when there is news, not by a timer.
        synchronousUpdate: true,
        // Ctrl+C is the command's own to handle.
        gracefulExit: false,
      },
      Presets.shades_classic,
    );
    bar.start(1, 0, { text: "" });
    return bar;
  }
}

/** "12.3 MB of 45.6 MB (27%), 57.0 segments/s, 1 min 20 s left". `start` is when streaming began. */
export function describeIndex(progress: IndexProgress, start: IndexProgress | undefined): string {
  switch (progress.phase) {
    case "discover":
      return `Looking at files: ${count(Math.max(progress.filesDone, progress.filesTotal))}`;
    case "settle":
      return `Filling the memories of ${count(progress.segmentsDone)} segments`;
    case "stream": {
      const done = `${bytes(progress.bytesDone)} of ${bytes(progress.bytesTotal)}`;
      const share = percent(progress.bytesTotal === 0 ? 1 : progress.bytesDone / progress.bytesTotal);
      return `${done} (${share})${speed(progress, start)}`;
    }
  }
}

function speed(progress: IndexProgress, start: IndexProgress | undefined): string {
  const ms = progress.elapsedMs - (start?.elapsedMs ?? 0);
  const segments = progress.segmentsDone - (start?.segmentsDone ?? 0);
  const doneBytes = progress.bytesDone - (start?.bytesDone ?? 0);
  if (ms < 250 || segments === 0) return "";
  const rate = `, ${((segments / ms) * 1000).toFixed(1)} segments/s`;
  if (doneBytes === 0) return rate;
  return `${rate}, ${timeLeft((ms / doneBytes) * (progress.bytesTotal - progress.bytesDone))}`;
}

/** An estimate: whole seconds are enough. */
function timeLeft(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return `${seconds < 60 ? `${seconds} s` : duration(seconds * 1000)} left`;
}
