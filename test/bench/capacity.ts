/**
 * How much a shard of the workspace memory holds: `npm run bench:capacity -- [--cache DIR] [--repos a,b] [--json FILE]`.
 *
 * From the states alone, without gist, words and the log's keys, on training repositories that calibration holds out:
 * 1. natural questions against shards of more and more segments: the rank of the evidence among all segments;
 * 2. single writes asked again by their own key, and by keys at an angle to it, in shards of more and more writes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Tokenizer } from "../../src/engine/corpus/tokenize.ts";
import { AddressCodes } from "../../src/engine/memory/address.ts";
import { fillRidge } from "../../src/engine/memory/fill.ts";
import { DEFAULT_FACTS_LAYOUT, featureWidth } from "../../src/engine/memory/layout.ts";
import { packedStateBytes, packState } from "../../src/engine/memory/quantize.ts";
import { recallShards } from "../../src/engine/memory/recall.ts";
import { anyLive, type SegmentWrites } from "../../src/engine/memory/writes.ts";
import { loadBundle } from "../../src/engine/model/bundle.ts";
import { Stepper } from "../../src/engine/model/stepper.ts";
import { Engine } from "../../src/engine/service.ts";
import { Store } from "../../src/engine/store/store.ts";
import { defaultCache } from "./cache.ts";
import { DEFAULT_MODEL } from "./header.ts";
import { loadQuestions, wordings } from "./questions/load.ts";
import { fetchSources } from "./questions/sources.ts";
import { seeded } from "./random.ts";

const CALIBRATION = "pino,cobra,gunicorn,jq,jsoup,mongoose";
const SEGMENTS = [16, 32, 64, 128, 256, 512, 1024];
const WRITES = [48, 96, 192, 384, 768, 1536, 2400, 4800];
const COSINES = [1, 0.9, 0.8, 0.7];
const RANKS = [1, 5, 60, 200];
/** Writes of a shard that are asked for. */
const ASKED = 200;

interface Workspace {
  readonly writes: readonly SegmentWrites[];
  readonly asked: readonly { readonly keys: Float32Array[]; readonly weights: number[]; readonly evidence: number[] }[];
}

const { values } = parseArgs({
  options: { cache: { type: "string" }, repos: { type: "string" }, json: { type: "string" } },
});
const repos = (values.repos ?? CALIBRATION).split(",");
const bundle = await loadBundle(DEFAULT_MODEL);
const dims = bundle.memoryDims;
const k = featureWidth(dims);
const base = { ...DEFAULT_FACTS_LAYOUT, ...bundle.factsLayout };
const codes = new AddressCodes(dims.valueWidth, base.codeSeed);
const sources = await fetchSources({ cache: values.cache ?? defaultCache(), repos, onProgress: console.error });
const workspaces: Workspace[] = [];
for (const repo of repos) workspaces.push(await readWorkspace(repo));

const report = { model: bundle.hash, repos, questions: askQuestions(), writes: askWrites() };
console.table(report.questions);
console.table(report.writes);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);

/** All writes of a repository, and its questions with the positions of their evidence. */
async function readWorkspace(repo: string): Promise<Workspace> {
  const workspace = join(sources, repo);
  const folder = mkdtempSync(join(tmpdir(), "armt-capacity-"));
  const state = join(folder, "state.sqlite");
  try {
    {
      await using engine = await Engine.open({ workspace, state, model: DEFAULT_MODEL });
      await engine.index({});
    }
    const identity = { modelHash: bundle.hash, dims, factsLayout: base, workspaceId: workspace };
    const store = Store.open(state, { ...identity, readOnly: true });
    const ids = store.memory().ids();
    const position = new Map(ids.map((id, at) => [id, at]));
    const logged = store.writesOf(ids);
    const writes = ids.flatMap((id) => logged.get(id) ?? []);
    const stepper = new Stepper(bundle, "cpu");
    const tokenizer = Tokenizer.load(bundle.tokenizerFile);
    const records = store.segmentsOf(ids);
    const asked: Workspace["asked"][number][] = [];
    for (const question of loadQuestions("train").questions) {
      if (question.repo !== repo || question.evidence.length === 0) continue;
      const evidence = records.flatMap(({ id, path, lineFrom, lineTo }) => {
        const hit = question.evidence.some(({ file, lines: [from, to] }) => {
          return file === path && lineFrom <= to && lineTo >= from;
        });
        return hit ? [position.get(id) ?? 0] : [];
      });
      for (const text of wordings(question)) {
        const ids = tokenizer.encode(text).ids.slice(0, bundle.limits.questionTokens);
        const { keys, weights } = await stepper.question(ids);
        const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
        asked.push({ keys: [...keys], weights: weights.map((weight) => weight / total), evidence });
      }
    }
    await stepper.release();
    store.close();
    return { writes, asked };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One row for each size of shards: share of the questions whose evidence is among the best segments. */
function askQuestions() {
  return SEGMENTS.map((segments) => {
    const ranks = workspaces.flatMap(({ writes, asked }) => {
      const shards = Array.from({ length: Math.ceil(writes.length / segments) }, (_, shard) =>
        fill(writes.slice(shard * segments, (shard + 1) * segments)),
      );
      return asked.map(({ keys, weights, evidence }) => {
        const layout = { ...base, segmentsPerShard: segments };
        const scores = recallShards(keys, weights, shards, dims, layout, codes).flatMap((one) => [...one]);
        const best = Math.max(...evidence.map((at) => scores[at] ?? Number.NEGATIVE_INFINITY));
        return scores.filter((score) => score > best).length;
      });
    });
    const count = workspaces.reduce((sum, { writes }) => sum + writes.reduce((s, one) => s + one.betas.length, 0), 0);
    const all = workspaces.reduce((sum, { writes }) => sum + writes.length, 0);
    return {
      segments,
      "writes for each of K rows": round(((count / all) * segments) / k),
      "state bytes a segment": round(packedStateBytes(k, dims.valueWidth, base.stateBits) / segments),
      ...Object.fromEntries(RANKS.map((rank) => [`hit@${rank}`, share(ranks, (one) => one < rank)])),
    };
  });
}

/** One row for each number of writes: share of those asked again whose segment comes first, by the cosine of the keys. */
function askWrites() {
  const random = seeded(1);
  const pool = workspaces.flatMap(({ writes }) => writes);
  return WRITES.map((count) => {
    const chosen: SegmentWrites[] = [];
    for (let held = 0; held < count; held += chosen.at(-1)?.betas.length ?? 0) {
      chosen.push(pool[Math.floor(random() * pool.length)] as SegmentWrites);
    }
    const shard = fill(chosen);
    const found = COSINES.map((cosine) => {
      const hits = Array.from({ length: ASKED }, () => {
        const at = Math.floor(random() * chosen.length);
        const { keys, betas } = chosen[at] as SegmentWrites;
        const row = Math.floor(random() * betas.length);
        const key = turned(keys.subarray(row * dims.dMem, (row + 1) * dims.dMem), cosine, random);
        const [scores = new Float32Array()] = recallShards([key], [1], [shard], dims, base, codes);
        return scores.indexOf(Math.max(...scores)) === at;
      });
      return [`cosine ${cosine}`, share(hits, Boolean)];
    });
    return { writes: count, segments: chosen.length, ...Object.fromEntries(found) };
  });
}

/** A shard at rest that holds the writes of some segments. */
function fill(segments: readonly SegmentWrites[]) {
  const count = segments.reduce((sum, { betas }) => sum + betas.length, 0);
  const keys = new Int8Array(count * dims.dMem);
  const betas = new Uint8Array(count);
  const addresses = new Uint32Array(count);
  let at = 0;
  for (const [address, one] of segments.entries()) {
    keys.set(one.keys, at * dims.dMem);
    betas.set(one.betas, at);
    addresses.fill(address, at, at + one.betas.length);
    at += one.betas.length;
  }
  const state = fillRidge({ keys, betas, addresses }, dims, codes, base.lambda, base);
  const live = Uint8Array.from(segments, (one) => (anyLive(one.betas, base.betaThreshold) ? 1 : 0));
  return { state: packState(state, k, dims.valueWidth, base.stateBits), live };
}

/** A key at that cosine to a written one, in a random direction. */
function turned(key: Int8Array, cosine: number, random: () => number): Float32Array {
  const noise = Float64Array.from(key, () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
  const length = Math.hypot(...key);
  const along = noise.reduce((sum, x, i) => sum + x * (key[i] as number), 0) / length ** 2;
  const across = noise.map((x, i) => x - along * (key[i] as number));
  const sine = (Math.sqrt(1 - cosine ** 2) * length) / Math.hypot(...across);
  return Float32Array.from(key, (x, i) => cosine * x + sine * (across[i] as number));
}

function share<T>(values: readonly T[], wanted: (value: T) => boolean): number {
  return round(values.filter(wanted).length / values.length);
}

function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}
