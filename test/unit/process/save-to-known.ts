/**
 * Measures how long a saved file takes to be known, on a copy of a folder: `save-to-known.ts FOLDER [FILE] [ENGINE]`.
 * Each round changes one number in the file, refreshes it in the engine process and asks for it. Not a test: a busy
 * machine makes it slower, not wrong.
 */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineClient } from "../../../src/host/engine-client.ts";
import { ENGINE } from "./support.ts";

const ROUNDS = 15;

const [source, name = "recovery.js", module = ENGINE] = process.argv.slice(2);
if (source === undefined) throw new Error("Usage: save-to-known.ts FOLDER [FILE] [ENGINE]");
const folder = mkdtempSync(join(tmpdir(), "armt-save-"));
const workspace = join(folder, "w");
cpSync(source, workspace, { recursive: true });
const file = join(workspace, name);
const engine = new EngineClient({ module, log: () => {} });
try {
  const state = join(folder, "state.sqlite");
  await engine.open({ folder: workspace, state, provider: "cpu", include: [], exclude: [] });
  const report = await engine.index(workspace);
  const step = report.ms / report.streamedSegments;
  appendFileSync(file, "\nexports.savedInThisRound = 0;\n");
  await engine.refresh(workspace, [name]);
  const text = readFileSync(file, "utf8");
  const times = { refresh: [] as number[], ask: [] as number[] };
  let known = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    writeFileSync(file, text.replace("savedInThisRound = 0", `savedInThisRound = ${round}`));
    const saved = performance.now();
    await engine.refresh(workspace, [name]);
    const refreshed = performance.now();
    const question = "what is the value of savedInThisRound?";
    const answer = await engine.ask({ folders: [workspace], question, narrow: [] });
    times.refresh.push(refreshed - saved);
    times.ask.push(performance.now() - refreshed);
    if (answer.citations.some(({ quote }) => quote.includes(`savedInThisRound = ${round};`))) known++;
  }
  const told = Object.entries(times).map(([what, all]) => `${what} ${quantiles(all)}`);
  console.log(`${report.segments} segments, ${step.toFixed(0)} ms a segment while indexing; ${told.join("; ")}`);
  console.log(`${known} of ${ROUNDS} questions cited what was saved.`);
} finally {
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
}

/** Median and the slowest of ten, in milliseconds. */
function quantiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0);
  return `median ${at(0.5)} ms, 90 % ${at(0.9)} ms`;
}
