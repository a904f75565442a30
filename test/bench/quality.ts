import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchQualityOptions } from "../../src/cli/bench-quality.ts";
import { throwIfCancelled } from "../../src/engine/errors.ts";
import type { Answer, IndexReport, Part } from "../../src/engine/types.ts";
import { defaultCache } from "./cache.ts";
import { DEFAULT_MODEL, type Header, indexKey, journalKey, readBundle, readHeader } from "./header.ts";
import type { Reply } from "./metrics.ts";
import { MiniLm } from "./peers/minilm.ts";
import { minilmFolder } from "./peers/minilm-files.ts";
import { PEERS, RepositoryPeers } from "./peers/repository.ts";
import { runProduct } from "./product.ts";
import { chooseQuestions, loadQuestions, type Question, wordings } from "./questions/load.ts";
import { checkSources, fetchSources, givenSources } from "./questions/sources.ts";
import { quoteFaults } from "./quotes.ts";
import { byType, figures, indexFigures, judge, mainTable, typeTable } from "./report.ts";
import { type IndexRecord, Journal } from "./results.ts";

const PARTS: readonly Part[] = ["memory", "gist", "lexical", "reader"];

/** A row of the product: its name and what it does without. */
interface Row {
  readonly name: string;
  readonly without: readonly Part[];
}

/** One wording to ask. */
interface Ask {
  readonly id: string;
  readonly wording: number;
  readonly text: string;
}

/** Everything that stays the same through a run. */
interface Run {
  readonly options: BenchQualityOptions;
  readonly header: Header;
  readonly cache: string;
  readonly workspaces: string;
  readonly journal: Journal;
  readonly rows: readonly Row[];
  readonly signal: AbortSignal;
}

/** See `benchQuality` in src/cli/bench-quality.ts. */
export async function runQualityBench(options: BenchQualityOptions, signal: AbortSignal): Promise<number> {
  const cache = options.cache ?? defaultCache();
  const { questions: all, sha256 } = loadQuestions(options.set);
  const questions = chooseQuestions(all, options.repos, options.limit);
  const repos = [...new Set(questions.map((question) => question.repo))];
  const header = readHeader(options.set, sha256, options.model ?? DEFAULT_MODEL, options.peersOnly ?? false);
  const workspaces =
    options.sources === undefined
      ? await fetchSources({ cache, repos, onProgress: note }, signal)
      : givenSources(options.sources, repos);
  checkSources(workspaces, questions);

  const journal = Journal.open(join(cache, "journals"), journalKey(header), options.resume ?? false);
  note(
    `results go to ${journal.file}${journal.records.length > 0 ? ` (${journal.records.length} there already)` : ""}`,
  );
  const rows = productRows(options);
  const run: Run = { options, header, cache, workspaces, journal, rows, signal };
  for (const [index, repo] of repos.entries()) {
    const asks = questions.filter((question) => question.repo === repo).flatMap(toAsks);
    await measureProduct(run, repo, asks, `${repo} (${index + 1} of ${repos.length})`);
  }
  if (options.peers === true || options.peersOnly === true) await measurePeers(run, repos, questions);
  return publish(run, questions);
}

function productRows(options: BenchQualityOptions): readonly Row[] {
  if (options.peersOnly === true) return [];
  const without = options.without ?? [];
  const sets: (readonly Part[])[] = [[]];
  if (without.length > 0) sets.push(PARTS.filter((part) => without.includes(part)));
  if (options.ablations === true) sets.push(...PARTS.map((part) => [part]));
  const named = sets.map((parts) => [parts.length === 0 ? "armt" : `armt without ${parts.join(", ")}`, parts] as const);
  return [...new Map(named)].map(([name, parts]) => ({ name, without: parts }));
}

function toAsks(question: Question): readonly Ask[] {
  return wordings(question).map((text, wording) => ({ id: question.id, wording, text }));
}

async function measureProduct(run: Run, repo: string, asks: readonly Ask[], title: string): Promise<void> {
  const { options, journal, signal } = run;
  const rows = run.rows
    .map((row) => ({ ...row, asks: asks.filter((ask) => !journal.has(row.name, ask.id, ask.wording)) }))
    .filter((row) => row.asks.length > 0);
  if (rows.length === 0) return;
  const workspace = join(run.workspaces, repo);
  const kept = options.reuseIndex === true;
  const folder = kept
    ? join(run.cache, "states", indexKey(run.header, options.model ?? DEFAULT_MODEL))
    : mkdtempSync(join(tmpdir(), "armt-bench-"));
  mkdirSync(folder, { recursive: true });
  const state = join(folder, `${repo}.armt`);
  const total = rows.reduce((sum, row) => sum + row.asks.length, 0);
  note(`${title}: ${total} answers in ${rows.length} rows`);
  const started = performance.now();
  let done = 0;
  try {
    await runProduct(
      {
        workspace,
        state,
        ...(options.model === undefined ? {} : { model: options.model }),
        ...(options.provider === undefined ? {} : { provider: options.provider }),
        rows: rows.map((row) => ({ without: row.without, questions: row.asks.map((ask) => ask.text) })),
      },
      (message) => {
        if (message.kind === "indexed") {
          const report = kept ? firstReport(`${state}.report.json`, message.report) : message.report;
          journal.append({ record: "index", repo, report } satisfies IndexRecord);
          const seconds = (message.report.ms / 1000).toFixed(1);
          note(`  indexed ${message.report.segments} segments in ${seconds} s`);
        } else if (message.kind === "done") {
          journal.append({ record: "peak", repo, peakMemoryMb: message.peakMemoryMb });
        } else if (message.kind === "answer") {
          const row = rows[message.row];
          const ask = row?.asks[message.question];
          if (row === undefined || ask === undefined) return;
          const faults = quoteFaults(workspace, message.answer);
          journal.append({ record: "result", system: row.name, ...ask, reply: toReply(message.answer), faults });
          done += 1;
          if (done % 50 === 0)
            note(`  ${done} of ${total} answers, ${((performance.now() - started) / 1000).toFixed(0)} s`);
        }
      },
      signal,
    );
  } finally {
    if (!kept) rmSync(folder, { recursive: true, force: true });
  }
}

/** The report of the run that built a kept index: later runs find nothing to stream. */
function firstReport(file: string, report: IndexReport): IndexReport {
  if (report.reusedSegments === 0 && report.streamedFiles > 0) writeFileSync(file, JSON.stringify(report));
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as IndexReport) : report;
}

function toReply(answer: Answer): Reply {
  return {
    citations: answer.citations.map(({ file, from, to }) => ({ file, from, to })),
    answer: answer.abstained ? null : answer.answer,
    kind: answer.kind,
    confidence: answer.confidence,
    ms: answer.ms,
  };
}

async function measurePeers(run: Run, repos: readonly string[], questions: readonly Question[]): Promise<void> {
  const { options, journal, cache, signal } = run;
  const pending = (repo: string): readonly Ask[] =>
    questions
      .filter((question) => question.repo === repo)
      .flatMap(toAsks)
      .filter((ask) => PEERS.some((peer) => !journal.has(peer, ask.id, ask.wording)));
  if (repos.every((repo) => pending(repo).length === 0)) return;
  await using minilm = await MiniLm.open(await minilmFolder(options.minilm, cache, signal), cache);
  const model = options.model ?? DEFAULT_MODEL;
  const cut = { tokenizer: join(model, "tokenizer.json"), ...readBundle(model)?.limits };
  for (const repo of repos) {
    const asks = pending(repo);
    if (asks.length === 0) continue;
    note(`peers: ${repo}`);
    const started = performance.now();
    let told = started;
    using peers = await RepositoryPeers.open(join(run.workspaces, repo), minilm, cut, signal, (done, total) => {
      if (performance.now() - told < 10_000) return;
      told = performance.now();
      note(`  embedded ${done} of ${total} segments, ${((told - started) / 1000).toFixed(0)} s`);
    });
    for (const ask of asks) {
      throwIfCancelled(signal);
      for (const [system, reply] of await peers.ask(ask.text)) {
        if (journal.has(system, ask.id, ask.wording)) continue;
        journal.append({ record: "result", system, ...ask, reply, faults: [] });
      }
    }
  }
}

/** Prints the tables, writes the JSON; returns the exit code. */
function publish(run: Run, questions: readonly Question[]): number {
  const { header, journal, options } = run;
  const systems = [...run.rows.map((row) => row.name), ...(options.peers || options.peersOnly ? PEERS : [])];
  const judged = judge(journal.records, questions);
  const bySystem = systems.map((name) => [name, judged.filter((result) => result.system === name)] as const);
  const main = bySystem.map(([name, results]) => [name, figures(results)] as const);
  const types = bySystem.map(([name, results]) => [name, byType(results)] as const);
  const index = indexFigures(journal.records);
  const faults = judged.filter((result) => result.faults.length > 0);

  const lines = [
    `set ${header.set}: ${questions.length} questions, ${questions.flatMap(toAsks).length} wordings, ` +
      `${new Set(questions.map((question) => question.repo)).size} repositories, sha256 ${header.setSha256}`,
    `model ${header.model}, hash ${header.modelHash}, files sha256 ${header.modelSha256}`,
    `commit ${header.commit}`,
    `machine ${header.machine}, Node ${header.node}, provider ${options.provider ?? "auto"}`,
    "",
    mainTable(main),
    "",
    typeTable(types),
  ];
  if (index !== null) {
    lines.push(
      "",
      `index of ${index.repositories} repositories, ${index.megabytes.toFixed(1)} MB: ` +
        `${index.megabytesPerSecond.toFixed(3)} MB/s, ${index.tokensPerSecond.toFixed(0)} tokens/s, ` +
        `peak memory ${index.peakIndexMb.toFixed(0)} MiB (with questions ${index.peakMb.toFixed(0)} MiB), ` +
        `${index.stateBytesPerSourceByte.toFixed(2)} bytes of state per byte of source`,
    );
  }
  if (run.rows.length > 0) {
    const answers = judged.filter((result) => result.reply.answer !== undefined);
    const quotes = answers.reduce((sum, result) => sum + result.reply.citations.length, 0);
    lines.push(
      "",
      `quotes: ${quotes} in ${answers.length} answers compared with the disk, ${faults.length} answers with exceptions`,
    );
    for (const { system, id, wording, faults: what } of faults.slice(0, 10)) {
      lines.push(`  ${system}, ${id} wording ${wording}: ${what.join("; ")}`);
    }
  }
  process.stdout.write(`${lines.join("\n")}\n`);

  if (options.json !== undefined) {
    const report = {
      header,
      systems: main.map(([name, all], i) => ({ name, all, byType: Object.fromEntries(types[i]?.[1] ?? []) })),
      index,
      indexReports: journal.records.filter((record) => record.record === "index"),
      results: judged,
    };
    const part = `${options.json}.${process.pid}`;
    writeFileSync(part, `${JSON.stringify(report, null, 1)}\n`);
    renameSync(part, options.json);
    note(`every result: ${options.json}`);
  }
  return faults.length > 0 ? 1 : 0;
}

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
