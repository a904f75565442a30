/**
 * Positions of the `count` highest numbers of `scores`, highest first, equal ones by position; NaN and -Infinity are
 * left out. A heap of `count`: a workspace has far more segments than anybody asks for.
 */
export function top(scores: Float32Array | Float64Array, count: number): number[] {
  if (!(count > 0)) return [];
  const heap: number[] = [];
  /** Whether position a is worth less than b. */
  const less = (a: number, b: number): boolean =>
    (scores[a] as number) < (scores[b] as number) || (scores[a] === scores[b] && a > b);
  const sink = (from: number): void => {
    for (let at = from; ; ) {
      let child = 2 * at + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && less(heap[child + 1] as number, heap[child] as number)) child++;
      if (!less(heap[child] as number, heap[at] as number)) return;
      [heap[at], heap[child]] = [heap[child] as number, heap[at] as number];
      at = child;
    }
  };
  let least = Number.NEGATIVE_INFINITY;
  for (let position = 0; position < scores.length; position++) {
    const score = scores[position] as number;
    if (!(score > least)) continue;
    if (heap.length < count) {
      heap.push(position);
      if (heap.length < count) continue;
      for (let at = (count >> 1) - 1; at >= 0; at--) sink(at);
    } else {
      heap[0] = position;
      sink(0);
    }
    least = scores[heap[0] as number] as number;
  }
  return heap.sort((a, b) => (less(a, b) ? 1 : -1));
}
