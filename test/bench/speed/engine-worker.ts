/** The product's engine in a process of its own: indexes a workspace, asks it, saves a file. Task by task (`serve`). */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Engine } from "../../../src/engine/service.ts";
import type { IndexReport } from "../../../src/engine/types.ts";
import { serve } from "./child.ts";

export interface EngineTask {
  readonly workspace: string;
  readonly state: string;
  readonly model: string;
  readonly questions: readonly string[];
  /** File that is saved, relative to the workspace, and how often. */
  readonly save: { readonly file: string; readonly rounds: number };
}

export interface EngineResult {
  readonly report: IndexReport;
  /** Milliseconds of each question. */
  readonly asks: readonly number[];
  /** Milliseconds of processors for each. */
  readonly askProcessorMs: readonly number[];
  /** Milliseconds from the saved file to its being known, and to the answer that follows. */
  readonly saves: readonly { readonly known: number; readonly answered: number }[];
  /** MiB, with the encoders of the index run. */
  readonly peakMb: number;
  /** Bytes that the process had the disk read and write. */
  readonly readBytes: number;
  readonly writtenBytes: number;
}

serve(async (task: EngineTask): Promise<EngineResult> => {
  const { signal } = new AbortController();
  await using engine = await Engine.open(
    { workspace: task.workspace, state: task.state, model: task.model, provider: "cpu" },
    signal,
  );
  const report = await engine.index({}, signal);
  const asks: number[] = [];
  const askProcessorMs: number[] = [];
  // The first one loads what stays in memory; it does not count, as the first second of a day's work does not.
  for (const [round, question] of [task.questions[0] ?? "", ...task.questions].entries()) {
    const started = performance.now();
    const before = process.cpuUsage();
    await engine.ask(question, {}, signal);
    if (round === 0) continue;
    const { user, system } = process.cpuUsage(before);
    asks.push(performance.now() - started);
    askProcessorMs.push((user + system) / 1_000);
  }
  const saves = await save(engine, task, signal);
  const [readBytes, writtenBytes] = bytesMoved();
  return {
    report,
    asks,
    askProcessorMs,
    saves,
    // What the encoders of the index run took stands in its report alone: they end before the questions.
    peakMb: Math.max(report.peakMemoryMb, Math.round(process.resourceUsage().maxRSS / 1024)),
    readBytes,
    writtenBytes,
  };
});

/** Each round writes a new value into the file, brings it up to date and asks for it. */
async function save(engine: Engine, task: EngineTask, signal: AbortSignal): Promise<EngineResult["saves"]> {
  const { file, rounds } = task.save;
  const path = join(task.workspace, file);
  const text = readFileSync(path, "utf8");
  const times: { known: number; answered: number }[] = [];
  try {
    appendFileSync(path, "\nsavedInThisRound = 0\n");
    await engine.refresh([file], signal);
    for (let round = 1; round <= rounds; round++) {
      writeFileSync(path, `${text}\nsavedInThisRound = ${round}\n`);
      const started = performance.now();
      await engine.refresh([file], signal);
      const known = performance.now() - started;
      const answer = await engine.ask("what is the value of savedInThisRound?", {}, signal);
      const answered = performance.now() - started;
      const cited = answer.citations.some(({ quote }) => quote.includes(`savedInThisRound = ${round}`));
      if (cited) times.push({ known, answered });
    }
  } finally {
    writeFileSync(path, text);
    await engine.refresh([file], signal);
  }
  return times;
}

function bytesMoved(): readonly [number, number] {
  try {
    const io = readFileSync("/proc/self/io", "utf8");
    const of = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, "mu").exec(io)?.[1] ?? Number.NaN);
    return [of("rchar"), of("write_bytes")];
  } catch {
    const { fsRead, fsWrite } = process.resourceUsage();
    return [fsRead * 512, fsWrite * 512];
  }
}
