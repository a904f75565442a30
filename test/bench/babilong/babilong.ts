import { fileURLToPath } from "node:url";
import type { BenchBabilongOptions } from "../../../src/cli/bench-babilong.ts";
import { bytes, count } from "../../../src/cli/quantities.ts";
import { Tokenizer } from "../../../src/engine/corpus/tokenize.ts";
import { loadBundle } from "../../../src/engine/model/bundle.ts";
import { Stepper } from "../../../src/engine/model/stepper.ts";
import { WriteSession } from "../../../src/engine/model/write-session.ts";
import { readHeader } from "../header.ts";
import { type Cell, chooseQuestions, endlessLayout, runCell } from "./cell.ts";
import { SegmentEncoder } from "./encoder.ts";
import { Journal } from "./journal.ts";
import { readQuestions, type Task, taskFile } from "./stories.ts";
import { BackgroundStream } from "./stream.ts";

const project = new URL("../../../", import.meta.url);
const DEFAULT_BUNDLE = fileURLToPath(new URL("models/armt-babilong", project));
const DEFAULT_BACKGROUND = fileURLToPath(new URL("node_modules", project));

/** The whole result; `cells` in the order of the lengths. */
export interface BabilongReport {
  readonly model: string;
  readonly modelHash: string;
  readonly background: string;
  readonly files: readonly string[];
  readonly seed: number;
  readonly commit: string;
  readonly machine: string;
  readonly provider: string;
  readonly cells: readonly Cell[];
}

/** Runs the cells, prints the table or the report as JSON. */
export async function runBabilong(options: BenchBabilongOptions, signal: AbortSignal): Promise<number> {
  const { babi, tasks, lengths, seed = 1, json = false } = options;
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const questions = new Map(tasks.map((task) => [task, readQuestions(taskFile(babi, task))]));
  const bundle = await loadBundle(options.model ?? DEFAULT_BUNDLE);
  const tokenizer = Tokenizer.load(bundle.tokenizerFile);
  const stepper = new Stepper(bundle, "cpu");
  const writer = await WriteSession.load(bundle);
  const encoder = new SegmentEncoder(writer, tokenizer, bundle.memoryDims.dMem);
  const folder = options.background ?? DEFAULT_BACKGROUND;
  const journal =
    options.resume === undefined
      ? undefined
      : new Journal(options.resume, `${bundle.writerHash} ${seed} ${bundle.limits.segmentTokens} ${folder}`);
  const background = new BackgroundStream(folder, seed, encoder, bundle.limits.segmentTokens, journal);
  const input = { stepper, tokenizer, encoder, background, layout: endlessLayout(stepper), seed };
  const cells: Cell[] = [];
  try {
    for (const length of [...lengths].sort((a, b) => a - b)) {
      const segments = await background.extend(
        length,
        (done) => note(`${count(done)} of ${count(length)} tokens written`),
        signal,
      );
      for (const task of tasks) {
        const n = options.n ?? (length > 1_000_000 ? 30 : 100);
        const chosen = chooseQuestions(questions.get(task) ?? [], n, seed);
        const cell = await runCell(task, length, segments, chosen, input, signal);
        cells.push(cell);
        note(row(cell));
      }
    }
  } finally {
    await stepper.release();
    await writer.release();
  }
  const header = readHeader("dev", "", bundle.folder, false);
  const report: BabilongReport = {
    model: header.model,
    modelHash: bundle.hash,
    background: folder,
    files: tasks.map((task: Task) => taskFile(babi, task)),
    seed,
    commit: header.commit,
    machine: header.machine,
    provider: "cpu",
    cells,
  };
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${table(report, background.rounds)}\n`);
  return 0;
}

const HEAD = ["task", "length", "accuracy", "evidence", "n", "segments", "tokens/s", "state", "junk writes", "ask p50"];

function row(cell: Cell): string {
  return columns([
    cell.task,
    lengthName(cell.length),
    `${(100 * cell.accuracy).toFixed(1)} %`,
    `${(100 * cell.evidence).toFixed(1)} %`,
    String(cell.n),
    count(cell.segments),
    count(cell.tokensPerSecond),
    bytes(cell.stateBytes),
    count(cell.junkWrites),
    `${count(cell.askMs)} ms`,
  ]);
}

function columns(texts: readonly string[]): string {
  return texts.map((text, i) => text.padStart(Math.max(8, (HEAD[i] ?? "").length))).join("  ");
}

function table(report: BabilongReport, rounds: number): string {
  const repeated = rounds > 1 ? `, streamed ${rounds.toFixed(1)} times` : "";
  return [
    `${report.model} (${report.modelHash.slice(0, 12)}), background ${report.background}${repeated}, seed ${report.seed}`,
    `one endless shard without a log; ${report.provider}, ${report.machine}, commit ${report.commit.slice(0, 12)}`,
    "",
    columns(HEAD),
    ...report.cells.map(row),
  ].join("\n");
}

/** 0 as "0k", 128000 as "128k", 50000000 as "50M". */
function lengthName(length: number): string {
  return length >= 1_000_000 ? `${length / 1_000_000}M` : `${length / 1000}k`;
}
