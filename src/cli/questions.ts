import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { ArmtError } from "../engine/errors.ts";
import type { Answer } from "../engine/types.ts";

/** One line of a questions file. */
export interface BatchQuestion {
  readonly id: string | number;
  readonly question: string;
}

/** A line of a questions file that cannot be asked; lines from 1. */
export interface BadLine {
  readonly line: number;
  readonly reason: string;
}

/** The questions file does not exist or cannot be read. */
export class QuestionsUnreadableError extends ArmtError {
  constructor(file: string, cause: unknown) {
    super("questions-unreadable", `${file} cannot be read. Give a file with {"id","question"} on each line.`, {
      cause,
      exitCode: 2,
    });
  }
}

/** The file for the results cannot be written. */
export class ResultsNotWritableError extends ArmtError {
  constructor(file: string, cause: unknown) {
    const reason = cause instanceof Error ? ` (${cause.message})` : "";
    super("results-not-writable", `${file} cannot be written${reason}. Choose another file with --out.`, { cause });
  }
}

/** Reads `{"id","question"}` lines; blank lines are skipped, bad ones returned with their line numbers. */
export function readQuestions(file: string): { readonly questions: BatchQuestion[]; readonly bad: BadLine[] } {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new QuestionsUnreadableError(resolve(file), error);
  }
  const questions: BatchQuestion[] = [];
  const bad: BadLine[] = [];
  const lineOf = new Map<string | number, number>();
  for (const [index, row] of text
    .replace(/^\ufeff/, "")
    .split("\n")
    .entries()) {
    const line = index + 1;
    if (row.trim() === "") continue;
    const parsed = parseQuestion(row);
    if (typeof parsed === "string") {
      bad.push({ line, reason: parsed });
      continue;
    }
    const first = lineOf.get(parsed.id);
    if (first !== undefined) {
      bad.push({ line, reason: `the id ${JSON.stringify(parsed.id)} stands on line ${first} already` });
      continue;
    }
    lineOf.set(parsed.id, line);
    questions.push(parsed);
  }
  return { questions, bad };
}

/** A question, or why the line is none. */
function parseQuestion(row: string): BatchQuestion | string {
  let value: unknown;
  try {
    value = JSON.parse(row);
  } catch {
    return "it is not JSON";
  }
  if (typeof value !== "object" || value === null) return "it is not an object";
  const { id, question } = value as { readonly id?: unknown; readonly question?: unknown };
  if (typeof id !== "string" && typeof id !== "number") return '"id" must be a string or a number';
  if (typeof question !== "string" || question.trim() === "") return '"question" must be a string that is not empty';
  return { id, question };
}

/** One line of the results file. */
export function resultLine(id: string | number, answer: Answer): string {
  const citations = answer.citations.map(({ file, from, to, quote }) => ({ file, from, to, quote }));
  const { abstained, confidence, ms } = answer;
  const hops = answer.chain.length + 1;
  return JSON.stringify({ id, answer: answer.answer, abstained, confidence, citations, hops, ms });
}

/**
 * The results file: each line is written whole, as soon as it is known. Opening it proves that it can be written; what
 * an earlier run left is dropped only when the first result of this one comes.
 */
export class ResultsFile {
  /** The ids that were answered when the file was opened; empty unless resumed. */
  readonly answered: ReadonlySet<unknown>;
  readonly #file: string;
  readonly #fd: number;
  /** Bytes to keep of what is there: nothing, or when resumed all up to the last whole line. */
  readonly #keep: number;
  #begun = false;

  constructor(file: string, resume: boolean) {
    this.#file = resolve(file);
    try {
      this.#fd = openSync(this.#file, "a+");
      const text = resume ? readFileSync(this.#fd, "utf8") : "";
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      this.#keep = Buffer.byteLength(whole);
      this.answered = new Set(whole.split("\n").map(idOf));
    } catch (error) {
      throw new ResultsNotWritableError(this.#file, error);
    }
  }

  append(line: string): void {
    try {
      // A pipe or terminal has no length.
      if (!this.#begun && fstatSync(this.#fd).isFile()) ftruncateSync(this.#fd, this.#keep);
      this.#begun = true;
      writeSync(this.#fd, `${line}\n`);
    } catch (error) {
      throw new ResultsNotWritableError(this.#file, error);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** The id of a result line; undefined where it is none. */
function idOf(line: string): unknown {
  try {
    return (JSON.parse(line) as { readonly id?: unknown } | null)?.id;
  } catch {
    return undefined;
  }
}
