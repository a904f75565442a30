/** `task` made so that a call while it runs joins the run under way instead of starting another. */
export function singleFlight<A extends readonly unknown[], R>(
  task: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  let running: Promise<R> | undefined;
  return (...args) => {
    running ??= task(...args).finally(() => {
      running = undefined;
    });
    return running;
  };
}

/** Calls `task` at most once each `everyMs`, and once more after the last call. */
export function throttled(
  everyMs: number,
  task: () => void,
): { readonly call: () => void; readonly dispose: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let last = Number.NEGATIVE_INFINITY;
  const run = () => {
    timer = undefined;
    last = performance.now();
    task();
  };
  return {
    call() {
      if (timer !== undefined) return;
      const wait = last + everyMs - performance.now();
      timer = setTimeout(run, Math.max(0, wait));
    },
    dispose: () => clearTimeout(timer),
  };
}
