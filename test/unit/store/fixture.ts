import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { FactsLayout, MemoryDims } from "../../../src/engine/memory/layout.ts";
import type { StoreOptions } from "../../../src/engine/store/open.ts";
import type { FileInput, SegmentInput } from "../../../src/engine/store/records.ts";
import { Store } from "../../../src/engine/store/store.ts";
import { Random } from "../memory/random.ts";

export const DIMS: MemoryDims = { dMem: 16, nu: 3, valueWidth: 64, gistWidth: 32 };

export const LAYOUT: FactsLayout = {
  slotsPerSegment: 4,
  segmentsPerShard: 6,
  codeSeed: 7,
  lambda: 0.5,
  betaThreshold: 0.3,
  stateBits: 8,
};

export const OPTIONS: StoreOptions = {
  modelHash: "model-a",
  dims: DIMS,
  factsLayout: LAYOUT,
  workspaceId: "/workspace",
};

/** A folder that is gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "armt-store-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store that is closed after the test. */
export function openStore(t: TestContext, file: string, options: Partial<StoreOptions> = {}): Store {
  const store = Store.open(file, { ...OPTIONS, ...options });
  t.after(() => store.close());
  return store;
}

/** A file whose segments are made of the given names: equal names give equal segments, as a model would. */
export function fileOf(path: string, names: readonly string[]): { file: FileInput; segments: SegmentInput[] } {
  return {
    file: { path, size: names.length * 10, mtimeMs: 1000.5, hash: names.join(), lines: names.length },
    segments: names.map((name, i) => segmentOf(path, name, i)),
  };
}

export function addFile(store: Store, path: string, names: readonly string[]): ReturnType<Store["replaceFile"]> {
  const { file, segments } = fileOf(path, names);
  return store.replaceFile(file, segments);
}

function segmentOf(path: string, name: string, i: number): SegmentInput {
  const random = new Random([...name].reduce((sum, c) => Math.imul(sum, 31) + c.charCodeAt(0), 17));
  const count = 1 + random.integer(LAYOUT.slotsPerSegment);
  return {
    charFrom: i * 10,
    charTo: i * 10 + 10,
    lineFrom: i + 1,
    lineTo: i + 1,
    symbol: name,
    hash: `hash of ${name}`,
    tokens: 10,
    lexical: { path, symbol: name, body: `the ${name} of everything` },
    encoded: {
      gist: random.int8(DIMS.gistWidth),
      writes: {
        keys: random.int8(count * DIMS.dMem),
        betas: Uint8Array.from({ length: count }, () => 60 + random.integer(196)),
        anchors: Uint16Array.from({ length: count }, (_, slot) => slot),
      },
    },
  };
}

/** All shards as plain data, to compare. */
export function statesOf(store: Store): unknown {
  return store.shards().map((shard) => ({
    id: shard.id,
    state: Buffer.from(shard.state).toString("base64"),
    live: [...shard.live],
    atRest: shard.atRest,
  }));
}
