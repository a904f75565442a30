import type { FactBatch } from "../../../src/engine/memory/fill.ts";
import { seeded } from "../../bench/random.ts";

/** A repeatable source of random numbers of many kinds. */
export class Random {
  /** Uniform in [0, 1). */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seeded(seed);
  }

  integer(below: number): number {
    return Math.floor(this.next() * below);
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  vector(width: number): Float32Array {
    return Float32Array.from({ length: width }, () => this.normal());
  }

  int8(width: number): Int8Array {
    return Int8Array.from({ length: width }, () => Math.max(-127, Math.min(127, Math.round(this.normal() * 40))));
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, key: this.next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  }
}

/** Random facts at the addresses 0..count-1 with one β. */
export function randomFacts(random: Random, count: number, dMem: number, beta = 255): FactBatch {
  return {
    keys: random.int8(count * dMem),
    betas: new Uint8Array(count).fill(beta),
    addresses: Uint32Array.from({ length: count }, (_, i) => i),
  };
}

/** The same facts in the order of `rows`. */
export function reordered(facts: FactBatch, rows: readonly number[], dMem: number): FactBatch {
  return {
    keys: Int8Array.from(rows.flatMap((row) => [...facts.keys.subarray(row * dMem, (row + 1) * dMem)])),
    betas: Uint8Array.from(rows, (row) => facts.betas[row] ?? 0),
    addresses: Uint32Array.from(rows, (row) => facts.addresses[row] ?? 0),
  };
}
