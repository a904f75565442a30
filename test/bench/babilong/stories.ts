import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ArmtError } from "../../../src/engine/errors.ts";

/** The tasks of the bench: one to three supporting facts, relations of two and of three arguments. */
export const TASKS = ["qa1", "qa2", "qa3", "qa4", "qa5"] as const;
export type Task = (typeof TASKS)[number];

/** One question and all statements of its story that come before it. */
export interface StoryQuestion {
  readonly statements: readonly string[];
  readonly question: string;
  readonly answer: string;
  /** Statements that the answer rests on; empty where the file does not tell. */
  readonly supporting: readonly string[];
  /** Number of the story in its file, from 0. */
  readonly story: number;
}

/** `--babi` has no file of a task, or one that is not in bAbI's format. */
export class BabiFilesError extends ArmtError {
  constructor(folder: string, reason: string) {
    super("babi-files", `${folder}: ${reason}. Give the folder of the bAbI tasks' files with --babi.`);
  }
}

/** The file of a task: its name holds the task's name; a test file goes before others. Throws `BabiFilesError`. */
export function taskFile(folder: string, task: Task): string {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    throw new BabiFilesError(folder, "cannot be read");
  }
  const pattern = new RegExp(`(^|[^a-z0-9])${task}([^0-9]|$)`, "i");
  const found = names.filter((name) => pattern.test(name) && /\.txt(\.gz)?$/i.test(name)).toSorted();
  const chosen = found.find((name) => /test/i.test(name)) ?? found[0];
  if (chosen === undefined) throw new BabiFilesError(folder, `there is no text file with ${task} in its name`);
  return join(folder, chosen);
}

/** All questions of a task's file, in its order. Throws `BabiFilesError`. */
export function readQuestions(file: string): StoryQuestion[] {
  const bytes = readFileSync(file);
  const text = (file.toLowerCase().endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const questions = parseStories(text);
  if (questions.length === 0) throw new BabiFilesError(file, "holds no question");
  return questions;
}

/**
 * bAbI's format: each line is a number from 1 within its story and a statement, or a number, a question, a tab, the
 * answer, a tab and the numbers of the supporting statements.
 */
export function parseStories(text: string): StoryQuestion[] {
  const questions: StoryQuestion[] = [];
  let story = -1;
  let statements: string[] = [];
  const numbered = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^(\d+) (.*)$/.exec(line);
    if (match === null) continue;
    if (match[1] === "1") {
      story++;
      statements = [];
      numbered.clear();
    }
    const [said = "", answer, facts = ""] = (match[2] ?? "").split("\t");
    if (answer === undefined) {
      statements.push(said.trim());
      numbered.set(match[1] as string, said.trim());
      continue;
    }
    const supporting = facts.split(/\s+/).flatMap((number) => numbered.get(number) ?? []);
    questions.push({ statements: [...statements], question: said.trim(), answer: answer.trim(), supporting, story });
  }
  return questions;
}
