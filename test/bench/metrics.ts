import type { AnswerKind } from "../../src/engine/types.ts";
import type { Evidence, Question } from "./questions/load.ts";

/*
 * The one definition of each figure. A "wording" is a question or one of its paraphrases; every figure is the mean
 * over wordings (each question of the sets has four), except paraphrase stability, which is per question.
 */

/** A cited place: lines from 1, inclusive. */
export interface Place {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/** What a system said to one wording. Peers only retrieve: they have neither answer nor confidence. */
export interface Reply {
  /** Best first. */
  readonly citations: readonly Place[];
  /** Undefined: the system gives no answers at all. Null: it abstained. */
  readonly answer?: string | null;
  readonly kind?: AnswerKind;
  readonly confidence?: number;
  readonly ms: number;
}

/** A citation hits when it is in the same file and shares a line with the evidence. */
export function hits(citation: Place, evidence: Evidence): boolean {
  return citation.file === evidence.file && citation.from <= evidence.lines[1] && citation.to >= evidence.lines[0];
}

/** Rank from 1 of the first of the citations that hits, for each listed evidence; null where none does. */
export function evidenceRanks(citations: readonly Place[], evidence: readonly Evidence[]): readonly (number | null)[] {
  return evidence.map((wanted) => {
    const at = citations.findIndex((citation) => hits(citation, wanted));
    return at < 0 ? null : at + 1;
  });
}

/** Evidence hit@k: one of the first k citations hits one of the evidences. */
export function hitAt(ranks: readonly (number | null)[], k: number): boolean {
  return ranks.some((rank) => rank !== null && rank <= k);
}

/** All-evidence@k: each evidence is hit by one of the first k citations. */
export function allHitAt(ranks: readonly (number | null)[], k: number): boolean {
  return ranks.length > 0 && ranks.every((rank) => rank !== null && rank <= k);
}

/** Case, quotes, white space and trailing punctuation do not count. */
export function normalise(answer: string): string {
  return answer
    .normalize("NFC")
    .toLowerCase()
    .replace(/["'`\u2018\u2019\u201c\u201d]/gu, "")
    .replace(/\s+/gu, " ")
    .trim()
    .replace(/[\s.,;:!]+$/u, "");
}

/** The items of a list answer: one a line, or separated by a comma or semicolon followed by white space. */
export function listItems(answer: string): ReadonlySet<string> {
  const parts = answer.includes("\n") ? answer.split("\n") : answer.split(/[,;]\s+/u);
  return new Set(parts.map(normalise).filter((item) => item !== ""));
}

/** One of the accepted answers, normalised. */
export function exactMatch(answer: string, accepted: readonly string[]): boolean {
  const said = normalise(answer);
  return accepted.some((candidate) => normalise(candidate) === said);
}

export interface ListScore {
  /** Every wanted item said, and nothing that is not accepted. */
  readonly exact: boolean;
  /** Harmonic mean of precision (said items that are accepted) and recall (wanted items that are said), 0..1. */
  readonly f1: number;
}

/**
 * Wanted are the items that stand in the code (`spans`), or all accepted answers where none does; accepted answers
 * beyond these are other names of the items: neither missed nor wrong.
 */
export function scoreList(answer: string, question: Pick<Question, "answers" | "spans">): ListScore {
  const said = listItems(answer);
  const accepted = new Set(question.answers.map(normalise));
  const inCode = question.spans.map((span) => normalise(span.text)).filter((item) => accepted.has(item));
  const wanted = new Set(inCode.length > 0 ? inCode : accepted);
  const right = [...said].filter((item) => accepted.has(item)).length;
  const found = [...wanted].filter((item) => said.has(item)).length;
  if (said.size === 0 || found === 0) return { exact: false, f1: 0 };
  const precision = right / said.size;
  const recall = found / wanted.size;
  return { exact: precision === 1 && recall === 1, f1: (2 * precision * recall) / (precision + recall) };
}

/**
 * Is the answer right? Fact, two-hop, choice: one of the accepted answers. List: `scoreList`. Null where exactness is
 * not counted: locations, negatives, systems without answers. An abstention on an answerable question is wrong.
 */
export function scoreAnswer(reply: Reply, question: Question): ListScore | null {
  if (reply.answer === undefined || question.type === "location" || question.type === "negative") return null;
  if (reply.answer === null) return { exact: false, f1: 0 };
  if (question.type === "list") return scoreList(reply.answer, question);
  const exact = exactMatch(reply.answer, question.answers);
  return { exact, f1: exact ? 1 : 0 };
}

/** What must be equal between wordings: "none" on abstention, a location's first file, else the normalised answer. */
export function stabilityKey(reply: Reply, question: Question): string | null {
  if (reply.answer === undefined) return null;
  if (reply.answer === null) return "abstained";
  if (question.type === "location") return `file ${reply.citations[0]?.file ?? ""}`;
  if (question.type === "list") return `list ${[...listItems(reply.answer)].sort().join("\n")}`;
  return `answer ${normalise(reply.answer)}`;
}

/**
 * Was a given answer right, for calibration? Null on abstention (no answer was given). Locations: the first citation
 * hits. Negatives: any answer is wrong. Else exactness.
 */
export function answerRight(reply: Reply, question: Question): boolean | null {
  if (reply.answer === undefined || reply.answer === null) return null;
  if (question.type === "negative") return false;
  if (question.type === "location") return hitAt(evidenceRanks(reply.citations, question.evidence), 1);
  return scoreAnswer(reply, question)?.exact ?? false;
}

/** Mean of the values; null of none. */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Nearest-rank percentile, `share` in 0..1; null of none. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/**
 * Expected calibration error over ten equal bins of confidence (Guo et al. 2017, "On Calibration of Modern Neural
 * Networks", eq. 3): the mean distance between a bin's accuracy and its mean confidence, weighted by the bin's size.
 * Null where there is no answer.
 */
export function calibrationError(
  answers: readonly { readonly confidence: number; readonly right: boolean }[],
): number | null {
  if (answers.length === 0) return null;
  const bins = Array.from({ length: 10 }, () => ({ confidence: 0, right: 0, size: 0 }));
  for (const { confidence, right } of answers) {
    const bin = bins[Math.min(9, Math.floor(confidence * 10))];
    if (bin === undefined) throw new RangeError(`confidence out of 0..1: ${confidence}`);
    bin.confidence += confidence;
    bin.right += right ? 1 : 0;
    bin.size += 1;
  }
  return bins.reduce((sum, bin) => sum + Math.abs(bin.right - bin.confidence), 0) / answers.length;
}
