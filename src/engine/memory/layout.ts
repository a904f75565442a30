/** Widths of the model's keys and of what the memory keeps; fixed by the bundle. */
export interface MemoryDims {
  /** Width of a key before φ. */
  readonly dMem: number;
  /** ν of DPFP-ν: how many products of neighbours φ takes. */
  readonly nu: number;
  /** V, the width of a value: how many ±1 signs an address code has. A multiple of 8. */
  readonly valueWidth: number;
  /** G, the width of a gist vector. */
  readonly gistWidth: number;
}

/** How facts are laid out in shards and how a shard's state is filled. */
export interface FactsLayout {
  /** M, the slots of a segment: at most this many writes. */
  readonly slotsPerSegment: number;
  /** Segment positions in one shard. */
  readonly segmentsPerShard: number;
  /** Seed of the address codes. */
  readonly codeSeed: number;
  /** λ of the ridge regression at rest. */
  readonly lambda: number;
  /** A write whose β is not above this is kept in the log, but not written into a state. */
  readonly betaThreshold: number;
  /** Width of a stored state's numbers. */
  readonly stateBits: StateBits;
}

export type StateBits = 4 | 8;

/** Layout used when the bundle says nothing else. */
export const DEFAULT_FACTS_LAYOUT: FactsLayout = {
  slotsPerSegment: 12,
  segmentsPerShard: 256,
  codeSeed: 7,
  lambda: 0.5,
  betaThreshold: 0.5,
  stateBits: 4,
};

/** K, the width of φ: `2 · ν · dMem`. */
export function featureWidth(dims: Pick<MemoryDims, "dMem" | "nu">): number {
  return 2 * dims.nu * dims.dMem;
}
