/** A function that passes on at most one value each `everyMs`; `flush` passes on the last one held back. */
export interface Throttled<T> {
  readonly push: (value: T) => void;
  readonly flush: () => void;
}

export function throttle<T>(everyMs: number, emit: (value: T) => void): Throttled<T> {
  let last = Number.NEGATIVE_INFINITY;
  let held: { readonly value: T } | undefined;
  return {
    push(value) {
      const now = performance.now();
      if (now - last < everyMs) {
        held = { value };
        return;
      }
      last = now;
      held = undefined;
      emit(value);
    },
    flush() {
      if (held !== undefined) emit(held.value);
      held = undefined;
    },
  };
}
