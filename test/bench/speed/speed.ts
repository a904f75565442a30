import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchSpeedOptions } from "../../../src/cli/bench-speed.ts";
import { loadBundle } from "../../../src/engine/model/bundle.ts";
import { defaultCache } from "../cache.ts";
import { DEFAULT_MODEL, readHeader } from "../header.ts";
import { loadQuestions } from "../questions/load.ts";
import { measureApart } from "./child.ts";
import { Corpus } from "./corpus.ts";
import type { EngineResult, EngineTask } from "./engine-worker.ts";
import { writePlainEncoder } from "./plain-encoder.ts";
import { drawCost } from "./plot.ts";
import { OPERATIONS_PER_TOKEN } from "./products.ts";
import type { ProductsResult, ProductsTask } from "./products-worker.ts";
import { median, quantile, type Rate } from "./rate.ts";
import { type SizeRow, type SpeedReport, type SystemRow, table } from "./report.ts";
import { type SampledSegment, sampleSegments } from "./segments.ts";
import type { SequentialResult, SequentialTask } from "./sequential-worker.ts";
import { timeTorch } from "./torch.ts";
import type { TransformersTask } from "./transformers-worker.ts";

/** How long and how large a run is. */
interface Plan {
  /** Tokens of the workspace at each measurement. */
  readonly sizes: readonly number[];
  readonly questions: number;
  readonly saves: number;
  /** Milliseconds for each peer. */
  readonly peerMs: number;
  /** Steps of the endless stream. */
  readonly steps: number;
}

const QUICK: Plan = { sizes: [100_000], questions: 10, saves: 4, peerMs: 3_000, steps: 500 };
const FULL: Plan = {
  sizes: [100_000, 1_000_000, 3_500_000, 10_000_000],
  questions: 40,
  saves: 10,
  peerMs: 20_000,
  steps: 10_060,
};

/** Segments that peers are given, spread over the workspace. */
const SAMPLED = 1_000;
/** Bytes of source for a token, before the first size has told. */
const BYTES_PER_TOKEN = 3.5;

/** See `benchSpeed` in src/cli/bench-speed.ts. */
export async function runSpeedBench(options: BenchSpeedOptions, signal: AbortSignal): Promise<number> {
  const plan = options.quick === true ? QUICK : FULL;
  const model = options.model ?? DEFAULT_MODEL;
  const { questions, sha256 } = loadQuestions("train");
  const header = readHeader("train", sha256, model, false);
  const cache = options.cache ?? defaultCache();
  const corpus =
    options.quick === true
      ? await Corpus.ofCheckout(signal)
      : await Corpus.ofRepositories(cache, options.sources, note, signal);
  const folder = mkdtempSync(join(tmpdir(), "armt-speed-"));
  try {
    const workspace = join(folder, "workspace");
    const asked = spread(questions, plan.questions).map(({ question }) => question);
    const sizes: SizeRow[] = [];
    let peers: Pick<SpeedReport, "systems" | "steps" | "products"> | undefined;
    for (const tokens of options.sizes ?? plan.sizes) {
      const last = sizes.at(-1);
      const perToken = last === undefined ? BYTES_PER_TOKEN : last.bytes / last.tokens;
      if (corpus.grow(workspace, perToken * (tokens - (last?.tokens ?? 0))) === 0) {
        note(`no more sources: ${tokens} tokens are left out`);
        break;
      }
      note(`a workspace of ${tokens} tokens`);
      const task = { workspace, state: join(folder, "state.armt"), model, questions: asked };
      const file = corpus.saved;
      const result = await measureApart<EngineTask, EngineResult>(
        "./engine-worker.ts",
        { ...task, save: { file, rounds: plan.saves } },
        signal,
      );
      sizes.push(sizeRow(result, last));
      // Beside the first size, so that both see the same machine.
      peers ??= await measurePeers(plan, model, workspace, folder, sizes[0] as SizeRow, signal);
    }
    const { set: _set, setSha256: _sha256, ...rest } = header;
    const report: SpeedReport = { ...rest, quick: options.quick === true, sizes, ...(peers ?? NO_PEERS) };
    if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(report, undefined, 2)}\n`);
    if (options.plot !== undefined) writeFileSync(options.plot, drawCost(report));
    process.stdout.write(`${options.json === true ? JSON.stringify(report) : table(report)}\n`);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const NO_PEERS = { systems: [], steps: [], products: null } as const;

function sizeRow({ report, ...result }: EngineResult, last: SizeRow | undefined): SizeRow {
  const bytes = (last?.bytes ?? 0) + report.streamedBytes;
  return {
    tokens: (last?.tokens ?? 0) + report.streamedTokens,
    bytes,
    files: report.files,
    segments: report.segments,
    index: {
      megabytesPerSecond: report.megabytesPerSecond,
      tokensPerSecond: report.tokensPerSecond,
      microsecondsPerToken: (report.ms * 1000) / report.streamedTokens,
      millisecondsPerSegment: report.ms / report.streamedSegments,
      processorMicrosecondsPerToken: (report.processorMs * 1000) / report.streamedTokens,
      processorSecondsPerMegabyte: report.processorMs / 1e3 / (report.streamedBytes / 1e6),
    },
    askMs: { p50: quantile(result.asks, 0.5), p95: quantile(result.asks, 0.95), questions: result.asks.length },
    askProcessorMs: { p50: quantile(result.askProcessorMs, 0.5), p95: quantile(result.askProcessorMs, 0.95) },
    saveMs: {
      known: median(result.saves.map(({ known }) => known)),
      answered: median(result.saves.map(({ answered }) => answered)),
      rounds: result.saves.length,
    },
    peakMb: { index: report.peakMemoryMb, all: result.peakMb },
    stateBytesPerSourceByte: report.stateBytes / bytes,
    readBytesPerSourceByte: result.readBytes / report.streamedBytes,
    writtenBytesPerSourceByte: result.writtenBytes / report.streamedBytes,
  };
}

async function measurePeers(
  plan: Plan,
  model: string,
  workspace: string,
  folder: string,
  product: SizeRow,
  signal: AbortSignal,
): Promise<Pick<SpeedReport, "systems" | "steps" | "products">> {
  const bundle = await loadBundle(model);
  const segments = await sampleSegments(bundle, workspace, SAMPLED, signal);
  const texts = segments.map(({ text }) => text);
  const plain = join(folder, "plain");
  writePlainEncoder(bundle, plain);
  const systems: SystemRow[] = [];
  for (const form of ["q8", "fp32"] as const) {
    note(`transformers.js, ${form}`);
    const task = { folder: plain, form, texts, ms: plan.peerMs };
    const rate = await measureApart<TransformersTask, Rate>("./transformers-worker.ts", task, signal);
    systems.push(systemRow(`transformers.js ${form}`, rate, product));
  }
  note("the reference wiring, segment by segment");
  const { rate, steps } = await measureApart<SequentialTask, SequentialResult>(
    "./sequential-worker.ts",
    {
      model,
      segments: segments.map(({ header, code, text }) => ({ header, code, bytes: Buffer.byteLength(text) })),
      ms: plan.peerMs,
      steps: plan.steps,
    },
    signal,
  );
  systems.push(systemRow("reference wiring", rate, product));
  note("PyTorch");
  const torch = await timeTorch(bundle, segments, folder, plan.peerMs, signal);
  systems.push(
    typeof torch === "string"
      ? { name: "PyTorch fp32", unavailable: torch }
      : systemRow("PyTorch fp32", inBytes(torch, segments), product),
  );
  note("bare int8 products");
  const bare = (threads: number) =>
    measureApart<ProductsTask, ProductsResult>(
      "./products-worker.ts",
      { threads, rows: median(segments.map(({ tokens }) => tokens.length)), ms: plan.peerMs / 3 },
      signal,
    );
  const { gops } = await bare(availableParallelism());
  const { gopsPerProcessor } = await bare(1);
  // Of a segment's tokens those that are encoded: punctuation is not.
  const encoded =
    sum(segments, ({ tokens }) => tokens.length) / sum(segments, ({ header, code }) => header.length + code.length);
  const operations = (tokens: number) => (tokens * encoded * OPERATIONS_PER_TOKEN) / 1e9;
  const indexGops = operations(product.index.tokensPerSecond);
  const perMegabyte = operations((product.tokens / product.bytes) * 1e6);
  const indexGopsPerProcessor = perMegabyte / product.index.processorSecondsPerMegabyte;
  const products = {
    gops,
    indexGops,
    share: indexGops / gops,
    gopsPerProcessor,
    indexGopsPerProcessor,
    shareByProcessorTime: indexGopsPerProcessor / gopsPerProcessor,
  };
  return { systems, steps, products };
}

function systemRow(name: string, rate: Rate, product: SizeRow): SystemRow {
  const megabytesPerSecond = rate.bytes / 1e3 / rate.ms;
  const processorSecondsPerMegabyte = rate.processorMs / 1e3 / (rate.bytes / 1e6);
  return {
    name,
    megabytesPerSecond,
    tokensPerSecond: (rate.tokens / rate.ms) * 1000,
    // By bytes of source: each system cuts the same text into tokens of its own.
    processorSecondsPerMegabyte,
    productTimesFaster: product.index.megabytesPerSecond / megabytesPerSecond,
    productTimesCheaper: processorSecondsPerMegabyte / product.index.processorSecondsPerMegabyte,
  };
}

/** Tokens of the product's own tokenisation as bytes of source. */
function inBytes(rate: Omit<Rate, "bytes">, segments: readonly SampledSegment[]): Rate {
  const perToken =
    sum(segments, ({ text }) => Buffer.byteLength(text)) / sum(segments, ({ tokens: own }) => own.length);
  return { ...rate, bytes: rate.tokens * perToken };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** `count` items, evenly spread. */
function spread<T>(items: readonly T[], count: number): readonly T[] {
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)] as T);
}

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
