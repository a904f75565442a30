import type { DatabaseSync, StatementSync } from "node:sqlite";
import { AddressCodes } from "../memory/address.ts";
import { type FactBatch, fillDelta, fillRidge } from "../memory/fill.ts";
import { addressOf, featureWidth } from "../memory/layout.ts";
import { checksum, packState } from "../memory/quantize.ts";
import { decodeWrites, type SegmentWrites } from "../memory/writes.ts";
import type { StoredShard } from "./records.ts";
import { blobOf, MalformedRowError, numberOf, type Row } from "./rows.ts";
import type { StateIdentity } from "./schema.ts";

/** A state that is being filled, unpacked: later writes go on from here without a replay of the log. */
interface OpenShard {
  readonly state: Float32Array;
  /** The state holds the writes of all positions below this. */
  filledTo: number;
  live: number;
}

/** Shards in the middle of filling are few, as places are given from the lowest on. */
const OPEN_SHARDS_KEPT = 4;

/**
 * Shards' states: a function of the live writes in the order of their addresses. While a shard changes it is filled by
 * the delta rule, at rest by ridge regression (DESIGN §5).
 */
export class ShardTable {
  readonly #identity: StateIdentity;
  readonly #codes: AddressCodes;
  readonly #open = new Map<number, OpenShard>();
  /** Shards changed in this transaction, with the lowest position changed. */
  readonly #touched = new Map<number, number>();
  readonly #selectLog: StatementSync;
  readonly #selectOpen: StatementSync;
  readonly #selectStates: StatementSync;
  readonly #selectPlaces: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, identity: StateIdentity) {
    this.#identity = identity;
    this.#codes = new AddressCodes(identity.dims.valueWidth, identity.factsLayout.codeSeed);
    this.#selectLog = db.prepare(
      "SELECT s.position, s.crc, s.gist, w.log FROM segments s JOIN writes w ON w.segment = s.id " +
        "WHERE s.shard = ? AND s.position >= ? ORDER BY s.position",
    );
    this.#selectOpen = db.prepare("SELECT id FROM shards WHERE rest = 0 ORDER BY id LIMIT ?");
    this.#selectStates = db.prepare("SELECT id, rest, crc, state FROM shards ORDER BY id");
    this.#selectPlaces = db.prepare("SELECT id, shard, position, mask FROM segments ORDER BY shard, position");
    this.#put = db.prepare(
      "INSERT INTO shards (id, live, rest, crc, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
        "live = excluded.live, rest = excluded.rest, crc = excluded.crc, state = excluded.state",
    );
    this.#delete = db.prepare("DELETE FROM shards WHERE id = ?");
  }

  /** Notes that the writes at a position changed. */
  touch(shard: number, position: number): void {
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

  /** All shards with the segments in them. A damaged state is made again from the log. */
  all(): StoredShard[] {
    const members = new Map<number, Row[]>();
    for (const row of this.#selectPlaces.iterate()) {
      const shard = numberOf(row, "shard");
      const list = members.get(shard);
      if (list === undefined) members.set(shard, [row]);
      else list.push(row);
    }
    return this.#selectStates.all().map((row) => {
      const id = numberOf(row, "id");
      const rows = members.get(id) ?? [];
      const last = rows.at(-1);
      const positions = last === undefined ? 0 : numberOf(last, "position") + 1;
      const live = new Uint32Array(positions);
      const segments = new Int32Array(positions);
      for (const member of rows) {
        live[numberOf(member, "position")] = numberOf(member, "mask");
        segments[numberOf(member, "position")] = numberOf(member, "id");
      }
      const atRest = numberOf(row, "rest") === 1;
      const stored = blobOf(row, "state");
      const state = checksum(stored) === numberOf(row, "crc") ? stored : this.recompute(id, atRest).state;
      return { id, state, live, segments, atRest };
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
    const parts: { position: number; writes: SegmentWrites }[] = [];
    let count = 0;
    for (const row of this.#selectLog.iterate(shard, from)) {
      const log = blobOf(row, "log");
      if (checksum(blobOf(row, "gist"), log) !== numberOf(row, "crc"))
        throw new MalformedRowError("log", "intact writes");
      const writes = decodeWrites(log, dims.dMem);
      parts.push({ position: numberOf(row, "position"), writes });
      count += writes.betas.length;
    }
    const keys = new Int8Array(count * dims.dMem);
    const betas = new Uint8Array(count);
    const addresses = new Uint32Array(count);
    let at = 0;
    let live = 0;
    for (const { position, writes } of parts) {
      keys.set(writes.keys, at * dims.dMem);
      betas.set(writes.betas, at);
      for (const [slot, beta] of writes.betas.entries()) {
        addresses[at + slot] = addressOf(position, slot, factsLayout);
        if (beta / 255 > factsLayout.betaThreshold) live++;
      }
      at += writes.betas.length;
    }
    return { facts: { keys, betas, addresses }, end: (parts.at(-1)?.position ?? -1) + 1, live };
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
