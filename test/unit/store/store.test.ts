import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CancelledError } from "../../../src/engine/errors.ts";
import { encodeTrits, tritBytes } from "../../../src/engine/memory/codes.ts";
import { InvalidWritesError } from "../../../src/engine/memory/writes.ts";
import { MissingEncodingError } from "../../../src/engine/store/errors.ts";
import { Random } from "../memory/random.ts";
import { addFile, DIMS, fileOf, LAYOUT, openStore, statesOf, temporaryFolder } from "./fixture.ts";

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

test("what was stored is read back, also by a later process", (t) => {
  const file = join(temporaryFolder(t), "deep", "folder with space 🦊", "state.db");
  const { file: record, segments } = fileOf("src/a.ts", ["alpha", "beta"]);
  const first = openStore(t, file);
  const report = first.replaceFile(record, segments);
  first.setNote("head", "abc");
  first.close();

  const store = openStore(t, file);
  assert.deepEqual(store.notices, []);
  assert.equal(store.note("head"), "abc");
  assert.deepEqual(store.files(), [{ ...record, id: report.file, segments: 2 }]);
  const [alpha, beta] = store.segmentsOf([...report.segmentIds, 999]);
  assert.equal(alpha?.symbol, "alpha");
  assert.equal(beta?.path, "src/a.ts");
  assert.deepEqual([beta?.charFrom, beta?.charTo, beta?.lineFrom, beta?.ordinal], [10, 20, 2, 1]);
  const writes = store.writesOf(report.segmentIds);
  const given = segments[1]?.encoded;
  const kept = writes.get(report.segmentIds[1] ?? 0);
  assert.deepEqual(kept?.anchors, given?.writes.anchors);
  assert.deepEqual(
    kept?.keys,
    given?.writes.keys.map((x) => (x > 0 ? 1 : -1)),
  );
  assert.ok(kept?.betas.every((beta, i) => Math.abs(beta - (given?.writes.betas[i] ?? 0)) <= 8));
  const memory = store.memory();
  assert.deepEqual(memory.ids(), report.segmentIds);
  const [one] = [...memory.blocks()];
  const code = new Uint8Array(tritBytes(DIMS.gistWidth));
  const share = encodeTrits(given?.gist ?? [], DIMS.gistWidth, code, 0);
  assert.deepEqual(one?.block.gists.subarray(code.length, 2 * code.length), code);
  assert.equal(one?.block.shares[1], Math.round(share * 255));
});

test("an edit keeps the unchanged segments with number, writes and place, and reuses the freed places", async (t) => {
  const store = openStore(t, join(temporaryFolder(t), "state.db"));
  addFile(store, "a.ts", ["one", "two", "three", "four"]);
  const before = store.segmentsOfFile("a.ts");
  assert.deepEqual(
    store.segmentHashes("a.ts"),
    before.map((segment) => segment.hash),
  );

  const { file, segments } = fileOf("a.ts", ["zero", "one", "three", "new", "four"]);
  const sparse = segments.map((s) => (["zero", "new"].includes(s.symbol) ? s : { ...s, encoded: undefined }));
  const report = store.replaceFile(file, sparse);
  assert.deepEqual([report.reused, report.added, report.removed], [3, 2, 1]);
  const after = store.segmentsOfFile("a.ts");
  for (const name of ["one", "three", "four"]) {
    const old = before.find((segment) => segment.symbol === name);
    const now = after.find((segment) => segment.symbol === name);
    assert.equal(now?.id, old?.id);
  }
  assert.deepEqual(
    after.map((segment) => segment.ordinal),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(
    after.map((segment) => segment.lineFrom),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual(
    after.map((segment) => segment.id),
    [2, 1, 3, 5, 4],
    "the first new one has the place of `two`",
  );
  assert.deepEqual(await store.verify(), []);
});

test("segments with equal content in one file are kept one for one", (t) => {
  const store = openStore(t, join(temporaryFolder(t), "state.db"));
  addFile(store, "a.ts", ["same", "same", "other"]);
  assert.equal(addFile(store, "a.ts", ["same", "same", "same"]).reused, 2);
  assert.equal(store.stats().segments, 3);
});

test("the settled state is a function of the live writes, whatever happened before", async (t) => {
  const folder = temporaryFolder(t);
  const straight = openStore(t, join(folder, "straight.db"));
  addFile(straight, "a.ts", names("a", 5));
  addFile(straight, "b.ts", names("b", 9));
  await straight.settle();

  const winding = openStore(t, join(folder, "winding.db"));
  addFile(winding, "a.ts", ["x", ...names("a", 4)]);
  addFile(winding, "a.ts", names("a", 5).reverse());
  addFile(winding, "b.ts", names("c", 9));
  await winding.settle();
  winding.removeFile("b.ts");
  winding.removeFile("a.ts");
  assert.deepEqual(winding.shards(), []);
  addFile(winding, "a.ts", names("a", 5));
  addFile(winding, "b.ts", [...names("b", 9), "too much"]);
  addFile(winding, "b.ts", names("b", 9));
  assert.notDeepEqual(statesOf(winding), statesOf(straight));
  await winding.settle();
  assert.deepEqual(statesOf(winding), statesOf(straight));
});

test("a removed file leaves the state as if it had never been there, open and at rest", async (t) => {
  const folder = temporaryFolder(t);
  for (const settled of [false, true]) {
    const never = openStore(t, join(folder, `never${settled}.db`));
    const gone = openStore(t, join(folder, `gone${settled}.db`));
    for (const store of [never, gone]) addFile(store, "a.ts", names("a", 8));
    addFile(gone, "b.ts", names("b", 7));
    if (settled) for (const store of [never, gone]) await store.settle();
    assert.equal(gone.removeFile("b.ts"), 7);
    assert.equal(gone.removeFile("b.ts"), undefined);
    if (settled) for (const store of [never, gone]) await store.settle();
    assert.deepEqual(statesOf(gone), statesOf(never));
    assert.deepEqual(gone.lexical([{ term: "b3", weight: 1 }], 10), []);
    assert.deepEqual(await gone.verify(), []);
  }
});

test("any sequence of changes verifies, in one transaction or in many, with a new process in between", async (t) => {
  const random = new Random(3);
  const file = join(temporaryFolder(t), "state.db");
  let store = openStore(t, file);
  const change = (): void => {
    const path = `f${random.integer(8)}.ts`;
    if (random.integer(4) === 0) store.removeFile(path);
    else
      addFile(
        store,
        path,
        Array.from({ length: random.integer(9) }, () => `n${random.integer(40)}`),
      );
  };
  for (let round = 0; round < 25; round++) {
    if (round % 3 === 0) for (let i = 0; i < 3; i++) change();
    else {
      store.transaction(() => {
        for (let i = 0; i < 4; i++) change();
      });
    }
    if (round % 7 === 0) await store.settle();
    if (round % 10 === 5) {
      store.close();
      store = openStore(t, file);
    }
    if (round % 5 === 0) assert.deepEqual(await store.verify(), []);
  }
  assert.deepEqual(await store.verify(), []);
  const placed = store.shards().flatMap(({ segments }) => [...segments].filter((id) => id !== 0));
  assert.equal(new Set(placed).size, store.stats().segments);
  assert.ok(store.shards().every(({ segments }) => segments.length <= LAYOUT.segmentsPerShard));
});

test("a failed change leaves nothing behind, also if the error is swallowed", async (t) => {
  const store = openStore(t, join(temporaryFolder(t), "state.db"));
  addFile(store, "a.ts", ["one", "two"]);
  const before = [statesOf(store), store.files(), store.stats().segments];
  const { file, segments } = fileOf("b.ts", ["three", "four"]);
  const incomplete = segments.map((segment, i) => (i === 1 ? { ...segment, encoded: undefined } : segment));
  assert.throws(() => store.replaceFile(file, incomplete), MissingEncodingError);
  const wide = segments.map((segment) => ({
    ...segment,
    encoded: {
      gist: new Int8Array(5),
      writes: { keys: new Int8Array(), betas: new Uint8Array(), anchors: new Uint16Array() },
    },
  }));
  assert.throws(() => store.replaceFile(file, wide), InvalidWritesError);
  assert.throws(
    () =>
      store.transaction(() => {
        addFile(store, "c.ts", ["five"]);
        try {
          store.replaceFile(file, incomplete);
        } catch {
          // The transaction must fail all the same.
        }
      }),
    MissingEncodingError,
  );
  assert.deepEqual([statesOf(store), store.files(), store.stats().segments], before);
  addFile(store, "c.ts", ["five"]);
  assert.equal(store.segmentsOfFile("c.ts")[0]?.id, 3);
  assert.deepEqual(await store.verify(), []);
});

test("settling stops at a cancellation and goes on later", async (t) => {
  const store = openStore(t, join(temporaryFolder(t), "state.db"));
  addFile(store, "a.ts", names("a", 60));
  const abort = new AbortController();
  await assert.rejects(
    store.settle(abort.signal, () => abort.abort()),
    CancelledError,
  );
  const { shards, shardsAtRest } = store.stats();
  assert.ok(shardsAtRest > 0 && shardsAtRest < shards);
  assert.equal(await store.settle(), shards - shardsAtRest);
  assert.equal(await store.settle(), 0);
  assert.deepEqual(await store.verify(), []);
});

test("lexical search weights terms, stems words and takes any characters", (t) => {
  const store = openStore(t, join(temporaryFolder(t), "state.db"));
  const { file, segments } = fileOf("src/pool.ts", ["connection", "timeout", "retry"]);
  const { segmentIds } = store.replaceFile(
    file,
    segments.map((s) => ({
      ...s,
      lexical: { path: "src pool ts", symbol: s.symbol, body: `${s.symbol} max connections` },
    })),
  );
  const best = (terms: { term: string; weight: number }[]): number | undefined => store.lexical(terms, 3)[0]?.segment;
  assert.equal(best([{ term: "timeouts", weight: 1 }]), segmentIds[1]);
  assert.equal(
    best([
      { term: "retry", weight: 1 },
      { term: "timeout", weight: 0.1 },
    ]),
    segmentIds[2],
  );
  assert.equal(
    best([
      { term: "retry", weight: 0.1 },
      { term: "timeout", weight: 1 },
    ]),
    segmentIds[1],
  );
  const hits = store.lexical([{ term: "retry", weight: 2 }], 5);
  const single = store.lexical([{ term: "retry", weight: 1 }], 5);
  assert.ok(Math.abs((hits[0]?.score ?? 0) - 2 * (single[0]?.score ?? 0)) < 1e-9);
  for (const term of ["", '"', "a OR b", "x*", "(", "path:pool", "\0", "NEAR(", "-retry", "==", "日本"]) {
    assert.doesNotThrow(() => store.lexical([{ term, weight: 1 }], 5), term);
  }
  assert.equal(store.lexical([{ term: "pool", weight: 1 }], 2).length, 2);
});

test("lexical search sees words through their accents, and words of any script", (t) => {
  const store = openStore(t, join(temporaryFolder(t), "state.db"));
  const { file, segments } = fileOf("a.ts", ["one", "two"]);
  const body = ["Zürich café", "क्षत्रिय 日本語 étude"];
  const texts = segments.map((s, i) => ({ ...s, lexical: { path: "a ts", symbol: s.symbol, body: body[i] ?? "" } }));
  const { segmentIds } = store.replaceFile(file, texts);
  const found = (term: string): number[] => store.lexical([{ term, weight: 1 }], 5).map(({ segment }) => segment);
  for (const [i, terms] of [
    ["zurich", "café", "cafe", "cafe\u0301"],
    ["क्षत्रिय", "日本語", "etude"],
  ].entries()) {
    for (const term of terms) assert.deepEqual(found(term), [segmentIds[i]], term);
  }
});

test("compacting gives the disk back what is not needed, and changes nothing else", async (t) => {
  const file = join(temporaryFolder(t), "state.db");
  const store = openStore(t, file);
  for (let i = 0; i < 30; i++) addFile(store, `f${i}.ts`, names(`n${i}x`, 20));
  for (let i = 1; i < 30; i++) store.removeFile(`f${i}.ts`);
  await store.settle();
  store.foldWal();
  const before = statSync(file).size;
  const states = statesOf(store);
  const hits = store.lexical([{ term: "n0x7", weight: 1 }], 9);
  await store.compact();
  store.foldWal();
  assert.ok(statSync(file).size < before / 2, `${statSync(file).size} of ${before} bytes`);
  assert.deepEqual([statesOf(store), store.lexical([{ term: "n0x7", weight: 1 }], 9)], [states, hits]);
  assert.equal(hits.length, 1);
  assert.deepEqual(await store.verify(), []);
});

test("clear forgets the files and keeps the chats", async (t) => {
  const store = openStore(t, join(temporaryFolder(t), "state.db"));
  addFile(store, "a.ts", names("a", 9));
  store.putChat({ id: "1", title: "Why", created: 5, json: "[]" });
  store.clear();
  assert.deepEqual([store.files(), store.shards(), store.memory().segments], [[], [], 0]);
  assert.deepEqual(store.lexical([{ term: "a1", weight: 1 }], 5), []);
  assert.equal(store.chat("1")?.title, "Why");
  addFile(store, "a.ts", names("a", 3));
  assert.deepEqual(await store.verify(), []);
});

test("statistics count what is there", (t) => {
  const store = openStore(t, join(temporaryFolder(t), "state.db"));
  addFile(store, "a.ts", names("a", 9));
  const stats = store.stats();
  const writes = [...store.writesOf(store.memory().ids()).values()];
  assert.equal(
    stats.writes,
    writes.reduce((sum, { betas }) => sum + betas.length, 0),
  );
  assert.equal(
    stats.liveWrites,
    writes.reduce((sum, { betas }) => sum + betas.filter((b) => b / 255 > 0.3).length, 0),
  );
  assert.deepEqual([stats.files, stats.segments, stats.shards, stats.tokens], [1, 9, 2, 90]);
  assert.ok(stats.bytes.log > 0 && stats.bytes.fts > 0 && stats.bytes.shards > 0 && stats.bytes.total > 0);
});
