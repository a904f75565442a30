import {
  allHitAt,
  answerRight,
  calibrationError,
  evidenceRanks,
  hitAt,
  mean,
  percentile,
  scoreAnswer,
  stabilityKey,
} from "./metrics.ts";
import { QUESTION_TYPES, type Question, type QuestionType } from "./questions/load.ts";
import type { BenchRecord, IndexRecord, PeakRecord, ResultRecord } from "./results.ts";

/** The figures of one system over a group of questions; null where the system or the group has none. */
export interface Figures {
  readonly questions: number;
  readonly wordings: number;
  /** Answerable questions: one of the first citations hits one of the evidences. */
  readonly hit1: number | null;
  readonly hit5: number | null;
  /** Two-hop questions: every evidence is hit within the first five citations. */
  readonly all5: number | null;
  /** Fact, two-hop, choice, list. */
  readonly exact: number | null;
  readonly listF1: number | null;
  /** Negatives that were abstained. */
  readonly abstainedRight: number | null;
  /** Answerable questions that were abstained. */
  readonly abstainedWrong: number | null;
  /** Questions whose wordings all got the same answer. */
  readonly stable: number | null;
  readonly msP50: number | null;
  readonly msP95: number | null;
  readonly calibrationError: number | null;
  /** Mean number of lines in the first five citations: what a reader has to look at for a hit. */
  readonly lines5: number | null;
}

/** What indexing cost over all repositories of the run. */
export interface IndexFigures {
  readonly repositories: number;
  readonly megabytes: number;
  readonly megabytesPerSecond: number;
  readonly tokensPerSecond: number;
  /** Highest of all repositories, in MiB; of indexing and of the whole process with its questions. */
  readonly peakIndexMb: number;
  readonly peakMb: number;
  readonly stateBytesPerSourceByte: number;
}

/** A result with everything that was computed from it, for the JSON report. */
export interface JudgedResult extends Omit<ResultRecord, "record"> {
  readonly repo: string;
  readonly type: QuestionType;
  /** Rank of the first citation that hits, for each evidence. */
  readonly ranks: readonly (number | null)[];
  readonly exact: boolean | null;
  readonly f1: number | null;
  /** See `answerRight`. */
  readonly right: boolean | null;
  readonly stabilityKey: string | null;
}

/** Computes ranks and scores of each result. */
export function judge(records: readonly BenchRecord[], questions: readonly Question[]): readonly JudgedResult[] {
  const byId = new Map(questions.map((question) => [question.id, question]));
  return records.flatMap((record) => {
    if (record.record !== "result") return [];
    const question = byId.get(record.id);
    if (question === undefined) return [];
    const { record: _, ...rest } = record;
    const score = scoreAnswer(record.reply, question);
    return {
      ...rest,
      repo: question.repo,
      type: question.type,
      ranks: evidenceRanks(record.reply.citations, question.evidence),
      exact: score?.exact ?? null,
      f1: score?.f1 ?? null,
      right: answerRight(record.reply, question),
      stabilityKey: stabilityKey(record.reply, question),
    };
  });
}

/** The figures of one system's results. */
export function figures(results: readonly JudgedResult[]): Figures {
  const answerable = results.filter((result) => result.type !== "negative");
  const negative = results.filter((result) => result.type === "negative");
  const twohop = results.filter((result) => result.type === "twohop");
  const scored = results.filter((result) => result.exact !== null);
  const answers = results.filter((result) => result.reply.answer !== undefined);
  const byQuestion = Map.groupBy(results, (result) => result.id);
  const keys = [...byQuestion.values()].map((group) => group.map((result) => result.stabilityKey));
  const times = results.map((result) => result.reply.ms);
  return {
    questions: byQuestion.size,
    wordings: results.length,
    hit1: share(answerable, (result) => hitAt(result.ranks, 1)),
    hit5: share(answerable, (result) => hitAt(result.ranks, 5)),
    all5: share(twohop, (result) => allHitAt(result.ranks, 5)),
    exact: share(scored, (result) => result.exact === true),
    listF1: mean(scored.filter((result) => result.type === "list").map((result) => result.f1 ?? 0)),
    abstainedRight: share(intersect(negative, answers), (result) => result.reply.answer === null),
    abstainedWrong: share(intersect(answerable, answers), (result) => result.reply.answer === null),
    stable: share(
      keys.filter((group) => group.every((key) => key !== null)),
      (group) => new Set(group).size === 1,
    ),
    msP50: percentile(times, 0.5),
    msP95: percentile(times, 0.95),
    calibrationError: calibrationError(
      answers.flatMap(({ right, reply: { confidence } }) =>
        right === null || confidence === undefined ? [] : { right, confidence },
      ),
    ),
    lines5: mean(
      results.map((result) => result.reply.citations.slice(0, 5).reduce((sum, { from, to }) => sum + to - from + 1, 0)),
    ),
  };
}

/** The product's indexing over all repositories; null where none was indexed. */
export function indexFigures(records: readonly BenchRecord[]): IndexFigures | null {
  const reports = new Map(
    records
      .filter((record): record is IndexRecord => record.record === "index")
      .map(({ repo, report }) => [repo, report]),
  );
  const all = [...reports.values()].filter((report) => report.streamedFiles > 0);
  if (all.length === 0) return null;
  const sum = (value: (report: IndexRecord["report"]) => number): number =>
    all.reduce((total, report) => total + value(report), 0);
  const bytes = sum((report) => report.streamedBytes);
  const seconds = sum((report) => report.ms) / 1000;
  const peaks = records.filter((record): record is PeakRecord => record.record === "peak");
  return {
    repositories: all.length,
    megabytes: bytes / 1e6,
    megabytesPerSecond: bytes / 1e6 / seconds,
    tokensPerSecond: sum((report) => report.streamedTokens) / seconds,
    peakIndexMb: Math.max(...all.map((report) => report.peakMemoryMb)),
    peakMb: Math.max(0, ...peaks.map((peak) => peak.peakMemoryMb)),
    stateBytesPerSourceByte: sum((report) => report.stateBytes) / bytes,
  };
}

/** One table over all questions: a line per system. */
export function mainTable(systems: readonly (readonly [string, Figures])[]): string {
  const head = [
    "",
    "hit@1",
    "hit@5",
    "2-hop all@5",
    "exact",
    "list F1",
    "abst. right",
    "abst. wrong",
    "stable",
    "ECE",
    "p50 ms",
    "p95 ms",
    "lines@5",
  ];
  const rows = systems.map(([name, f]) => [
    name,
    ...[
      f.hit1,
      f.hit5,
      f.all5,
      f.exact,
      f.listF1,
      f.abstainedRight,
      f.abstainedWrong,
      f.stable,
      f.calibrationError,
    ].map(ratio),
    ...[f.msP50, f.msP95, f.lines5].map(rounded),
  ]);
  return table(head, rows);
}

/** A line per system and question type. */
export function typeTable(systems: readonly (readonly [string, ReadonlyMap<QuestionType, Figures>])[]): string {
  const head = ["", "type", "questions", "hit@1", "hit@5", "exact", "abstained", "stable", "p50 ms"];
  const rows = systems.flatMap(([name, byType]) =>
    [...byType].map(([type, f]) => [
      name,
      type,
      String(f.questions),
      ...[f.hit1, f.hit5, f.exact, type === "negative" ? f.abstainedRight : f.abstainedWrong, f.stable].map(ratio),
      rounded(f.msP50),
    ]),
  );
  return table(head, rows);
}

/** Groups one system's results by question type, in the sets' order. */
export function byType(results: readonly JudgedResult[]): ReadonlyMap<QuestionType, Figures> {
  const groups = Map.groupBy(results, (result) => result.type);
  return new Map(
    QUESTION_TYPES.flatMap((type) => {
      const group = groups.get(type);
      return group === undefined ? [] : [[type, figures(group)] as const];
    }),
  );
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number | null {
  return mean(items.map((item) => (holds(item) ? 1 : 0)));
}

function intersect<T>(some: readonly T[], others: readonly T[]): readonly T[] {
  const set = new Set(others);
  return some.filter((item) => set.has(item));
}

function ratio(value: number | null): string {
  return value === null ? "–" : value.toFixed(3);
}

function rounded(value: number | null): string {
  return value === null ? "–" : value < 10 ? value.toFixed(1) : value.toFixed(0);
}

/** A Markdown table with aligned columns. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
    return `| ${padded.join(" | ")} |`;
  };
  const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
