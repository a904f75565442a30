import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ArmtError } from "../../../src/engine/errors.ts";

export type QuestionType = "fact" | "location" | "twohop" | "list" | "choice" | "negative";

export const QUESTION_TYPES: readonly QuestionType[] = ["fact", "location", "twohop", "list", "choice", "negative"];

export type QuestionSet = "dev" | "train";

/** Lines of one file that prove an answer. */
export interface Evidence {
  readonly file: string;
  /** First and last line, from 1, inclusive. */
  readonly lines: readonly [number, number];
  /** Text that stands in these lines of the pinned version. */
  readonly must_contain: string;
}

/** One line of `dev.jsonl` or `train.jsonl`. */
export interface Question {
  readonly id: string;
  readonly repo: string;
  readonly type: QuestionType;
  readonly question: string;
  readonly paraphrases: readonly string[];
  /** Accepted answers; for a list its items, and sometimes other names of the same items. Empty: location, negative. */
  readonly answers: readonly string[];
  /** Where accepted answers stand, verbatim. */
  readonly spans: readonly { readonly file: string; readonly line: number; readonly text: string }[];
  /** In the order in which one must look. Empty: negative. */
  readonly evidence: readonly Evidence[];
}

/** `--repos` names a repository that the set does not have. */
export class UnknownRepositoryError extends ArmtError {
  constructor(repo: string, known: readonly string[]) {
    super("unknown-repository", `The set has no repository ${repo}. It has ${known.join(", ")}.`, { exitCode: 2 });
  }
}

/** The questions of a set with the file's SHA-256 (hex). */
export function loadQuestions(set: QuestionSet): { readonly questions: readonly Question[]; readonly sha256: string } {
  const bytes = readFileSync(fileURLToPath(new URL(`./${set}.jsonl`, import.meta.url)));
  const questions = bytes
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Question);
  return { questions, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** The question itself, then its paraphrases. */
export function wordings(question: Question): readonly string[] {
  return [question.question, ...question.paraphrases];
}

/** The chosen repositories' questions; with a limit, so many of each repository, spread evenly over its list. */
export function chooseQuestions(
  questions: readonly Question[],
  repos?: readonly string[],
  limit?: number,
): readonly Question[] {
  const known = new Set(questions.map((question) => question.repo));
  for (const repo of repos ?? []) if (!known.has(repo)) throw new UnknownRepositoryError(repo, [...known]);
  return [...Map.groupBy(questions, (question) => question.repo)]
    .filter(([repo]) => repos?.includes(repo) ?? true)
    .flatMap(([, list]) => {
      // A repository's questions stand in order of type: the first ones alone would all be facts.
      const count = Math.min(limit ?? list.length, list.length);
      return Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)]);
    })
    .filter((question) => question !== undefined);
}
