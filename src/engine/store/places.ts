import type { DatabaseSync } from "node:sqlite";
import { PLACES_PER_BLOCK } from "./log-block.ts";
import type { LogTable } from "./log-table.ts";
import { numberOf } from "./rows.ts";

/**
 * Gives each new segment the lowest free place, so that shards stay full and the same sequence of changes gives the
 * same places.
 */
export class Places {
  /** Free places below `#end`, the lowest last. */
  readonly #holes: number[] = [];
  /** Every place from here on is free. */
  #end = 0;

  constructor(db: DatabaseSync, log: LogTable) {
    for (const row of db.prepare("SELECT id, segments FROM log ORDER BY id").iterate()) {
      const from = numberOf(row, "id") * PLACES_PER_BLOCK;
      // A block without segments has no row.
      for (; this.#end < from; this.#end++) this.#holes.push(this.#end);
      if (numberOf(row, "segments") < PLACES_PER_BLOCK) this.#holes.push(...log.free(numberOf(row, "id")));
      this.#end = from + PLACES_PER_BLOCK;
    }
    this.#holes.reverse();
  }

  take(): number {
    return this.#holes.pop() ?? this.#end++;
  }

  free(place: number): void {
    let at = this.#holes.length;
    while (at > 0 && (this.#holes[at - 1] as number) < place) at--;
    this.#holes.splice(at, 0, place);
  }
}
