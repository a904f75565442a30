import type { DatabaseSync } from "node:sqlite";
import { numberOf } from "./rows.ts";

/** A segment's place in the memory. */
export interface Place {
  readonly shard: number;
  readonly position: number;
}

/**
 * Gives each new segment the lowest free place, so that shards stay full and the same sequence of changes gives the
 * same places.
 */
export class Places {
  readonly #perShard: number;
  readonly #taken = new Set<number>();
  /** No place below this is free. */
  #lowest = 0;

  constructor(db: DatabaseSync, perShard: number) {
    this.#perShard = perShard;
    for (const row of db.prepare("SELECT shard, position FROM segments").iterate()) {
      this.#taken.add(this.#index({ shard: numberOf(row, "shard"), position: numberOf(row, "position") }));
    }
  }

  take(): Place {
    while (this.#taken.has(this.#lowest)) this.#lowest++;
    const index = this.#lowest;
    this.#taken.add(index);
    return { shard: Math.floor(index / this.#perShard), position: index % this.#perShard };
  }

  free(place: Place): void {
    const index = this.#index(place);
    this.#taken.delete(index);
    if (index < this.#lowest) this.#lowest = index;
  }

  #index(place: Place): number {
    return place.shard * this.#perShard + place.position;
  }
}
