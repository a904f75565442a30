import type { DatabaseSync, StatementSync } from "node:sqlite";
import { AddressCodes } from "../memory/address.ts";
import { type FactBatch, fillDelta, fillRidge } from "../memory/fill.ts";
import { featureWidth } from "../memory/layout.ts";
import { checksum, packState } from "../memory/quantize.ts";
import type { LogTable } from "./log-table.ts";
import { blobOf, numberOf } from "./rows.ts";
import type { StateIdentity } from "./schema.ts";

/** A state that is being filled, unpacked: later writes go on from here without a replay of the log. */
interface OpenShard {
  readonly state: Float32Array;
  /** The state holds the writes of all positions below this. */
  filledTo: number;
  live: number;
}

/** A shard's state as it is stored. */
export interface ShardState {
  readonly id: number;
  /** Packed, `memory/quantize.ts`. */
  readonly state: Uint8Array;
  readonly atRest: boolean;
}

/** Shards in the middle of filling are few, as places are given from the lowest on. */
const OPEN_SHARDS_KEPT = 4;

/**
 * Shards' states: a function of the live writes in the order of their addresses. While a shard changes it is filled by
 * the delta rule (arXiv 2407.04841, eq. 5), at rest by ridge regression.
 */
export class ShardTable {
  readonly #identity: StateIdentity;
  readonly #log: LogTable;
  readonly #codes: AddressCodes;
  readonly #open = new Map<number, OpenShard>();
  /** Shards changed in this transaction, with the lowest position changed. */
  readonly #touched = new Map<number, number>();
  readonly #selectOpen: StatementSync;
  readonly #selectStates: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, identity: StateIdentity, log: LogTable) {
    this.#identity = identity;
    this.#codes = new AddressCodes(identity.dims.valueWidth, identity.factsLayout.codeSeed);
    this.#log = log;
    this.#selectOpen = db.prepare("SELECT id FROM shards WHERE rest = 0 ORDER BY id LIMIT ?");
    this.#selectStates = db.prepare("SELECT id, rest, crc, state FROM shards ORDER BY id");
    this.#put = db.prepare(
      "INSERT INTO shards (id, live, rest, crc, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
        "live = excluded.live, rest = excluded.rest, crc = excluded.crc, state = excluded.state",
    );
    this.#delete = db.prepare("DELETE FROM shards WHERE id = ?");
  }

  /** Notes that the writes at a place changed. */
  touch(place: number): void {
    const { segmentsPerShard } = this.#identity.factsLayout;
    const shard = Math.floor(place / segmentsPerShard);
    const position = place % segmentsPerShard;
    this.#touched.set(shard, Math.min(position, this.#touched.get(shard) ?? position));
  }

  /** Fills the touched shards by the delta rule; the last thing in a transaction. */
  flush(): void {
    for (const [shard, lowest] of this.#touched) {
      const open = this.#openShard(shard, lowest);
      const added = this.#facts(shard, open.filledTo);
      fillDelta(open.state, added.facts, this.#identity.dims, this.#codes, this.#identity.factsLayout);
      open.filledTo = Math.max(open.filledTo, added.end);
      open.live += added.live;
      if (open.filledTo === 0) {
        this.#open.delete(shard);
        this.#delete.run(shard);
      } else {
        this.#store(shard, open.state, open.live, false);
      }
    }
    this.#touched.clear();
  }

  /** Forgets what a rolled-back transaction did. */
  forget(): void {
    this.#touched.clear();
    this.#open.clear();
  }

  /** Ids of at most `limit` shards not at rest. */
  unsettled(limit: number): number[] {
    return this.#selectOpen.all(limit).map((row) => numberOf(row, "id"));
  }

  /** Brings a shard to rest: ridge regression over its live writes. */
  settle(shard: number): void {
    const { facts, live } = this.#facts(shard, 0);
    this.#open.delete(shard);
    this.#store(shard, this.#ridge(facts), live, true);
  }

  /** The packed state that the log gives, to the byte. */
  recompute(shard: number, atRest: boolean): { state: Uint8Array; live: number } {
    const { facts, live } = this.#facts(shard, 0);
    if (atRest) return { state: this.#pack(this.#ridge(facts)), live };
    const state = this.#emptyState();
    fillDelta(state, facts, this.#identity.dims, this.#codes, this.#identity.factsLayout);
    return { state: this.#pack(state), live };
  }

  /** Ids of shards whose state does not match its checksum. */
  damaged(): number[] {
    const ids: number[] = [];
    for (const row of this.#selectStates.iterate()) {
      if (checksum(blobOf(row, "state")) !== numberOf(row, "crc")) ids.push(numberOf(row, "id"));
    }
    return ids;
  }

  /** Stores the state that the log gives: the repair of a damaged one. */
  refill(shard: number): void {
    this.settle(shard);
  }

  /** Id, state and whether it is at rest, of all shards. A damaged state is made again from the log. */
  all(): ShardState[] {
    return this.#selectStates.all().map((row) => {
      const id = numberOf(row, "id");
      const atRest = numberOf(row, "rest") === 1;
      const stored = blobOf(row, "state");
      const state = checksum(stored) === numberOf(row, "crc") ? stored : this.recompute(id, atRest).state;
      return { id, state, atRest };
    });
  }

  #openShard(shard: number, lowestTouched: number): OpenShard {
    const kept = this.#open.get(shard);
    this.#open.delete(shard);
    const open = kept !== undefined && kept.filledTo <= lowestTouched ? kept : undefined;
    const result = open ?? { state: this.#emptyState(), filledTo: 0, live: 0 };
    this.#open.set(shard, result);
    if (this.#open.size > OPEN_SHARDS_KEPT) {
      const oldest = this.#open.keys().next();
      if (oldest.done !== true) this.#open.delete(oldest.value);
    }
    return result;
  }

  /** Facts of the segments from a position on, by address. `end` is the position after the last. */
  #facts(shard: number, from: number): { facts: FactBatch; end: number; live: number } {
    const { dims, factsLayout } = this.#identity;
    const start = shard * factsLayout.segmentsPerShard;
    const logged = [...this.#log.writes(start + from, start + factsLayout.segmentsPerShard)];
    const count = logged.reduce((sum, { writes }) => sum + writes.betas.length, 0);
    const keys = new Int8Array(count * dims.dMem);
    const betas = new Uint8Array(count);
    const addresses = new Uint32Array(count);
    let at = 0;
    let live = 0;
    for (const { place, writes } of logged) {
      keys.set(writes.keys, at * dims.dMem);
      betas.set(writes.betas, at);
      addresses.fill(place - start, at, at + writes.betas.length);
      for (const beta of writes.betas) if (beta / 255 > factsLayout.betaThreshold) live++;
      at += writes.betas.length;
    }
    return { facts: { keys, betas, addresses }, end: (logged.at(-1)?.place ?? start - 1) - start + 1, live };
  }

  #ridge(facts: FactBatch): Float32Array {
    const { dims, factsLayout } = this.#identity;
    return fillRidge(facts, dims, this.#codes, factsLayout.lambda, factsLayout);
  }

  #store(shard: number, state: Float32Array, live: number, atRest: boolean): void {
    const packed = this.#pack(state);
    this.#put.run(shard, live, atRest ? 1 : 0, checksum(packed), packed);
  }

  #pack(state: Float32Array): Uint8Array {
    const { dims, factsLayout } = this.#identity;
    return packState(state, featureWidth(dims), dims.valueWidth, factsLayout.stateBits);
  }

  #emptyState(): Float32Array {
    const { dims } = this.#identity;
    return new Float32Array(featureWidth(dims) * dims.valueWidth);
  }
}
