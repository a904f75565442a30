import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IndexReport } from "../../src/engine/types.ts";
import type { Reply } from "./metrics.ts";

/** What a system said to one wording of a question. */
export interface ResultRecord {
  readonly record: "result";
  /** Row of the table, e.g. `armt`, `armt without memory`, `bm25`. */
  readonly system: string;
  /** The question's id. */
  readonly id: string;
  /** 0: the question itself; 1 and up: its paraphrases. */
  readonly wording: number;
  readonly text: string;
  readonly reply: Reply;
  /** See `quoteFaults`; always empty for peers. */
  readonly faults: readonly string[];
}

/** What indexing a repository cost the product. */
export interface IndexRecord {
  readonly record: "index";
  readonly repo: string;
  readonly report: IndexReport;
}

/** The product's process for one repository has ended. */
export interface PeakRecord {
  readonly record: "peak";
  readonly repo: string;
  /** Highest resident set over indexing and all questions, in MiB. */
  readonly peakMemoryMb: number;
}

export type BenchRecord = ResultRecord | IndexRecord | PeakRecord;

/**
 * The records of a run, one JSON line each, written as they come, so that a run that was cut off can go on. `key` names
 * everything that a result depends on (model, engine sources, question set): only a journal of the same key is resumed.
 */
export class Journal {
  readonly file: string;
  readonly records: BenchRecord[];
  readonly #done: Set<string>;

  private constructor(file: string, records: BenchRecord[]) {
    this.file = file;
    this.records = records;
    this.#done = new Set(records.flatMap((record) => (record.record === "result" ? [resultKey(record)] : [])));
  }

  /** Opens the newest journal of the key, or with `resume` false, or where there is none, starts one. */
  static open(folder: string, key: string, resume: boolean): Journal {
    mkdirSync(folder, { recursive: true });
    const names = readdirSync(folder).filter((name) => name.startsWith(`${key}-`) && name.endsWith(".jsonl"));
    const newest = resume ? names.toSorted().at(-1) : undefined;
    if (newest !== undefined) {
      const file = join(folder, newest);
      const records = parse(readFileSync(file, "utf8"));
      // Written back: what was killed while writing left half a line, to which nothing may be appended.
      writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
      return new Journal(file, records);
    }
    const started = new Date().toISOString().replace(/\W/gu, "");
    const file = join(folder, `${key}-${started}-${process.pid}.jsonl`);
    if (!existsSync(file)) writeFileSync(file, "");
    return new Journal(file, []);
  }

  append(record: BenchRecord): void {
    appendFileSync(this.file, `${JSON.stringify(record)}\n`);
    this.records.push(record);
    if (record.record === "result") this.#done.add(resultKey(record));
  }

  has(system: string, id: string, wording: number): boolean {
    return this.#done.has(resultKey({ system, id, wording }));
  }
}

function resultKey(result: { readonly system: string; readonly id: string; readonly wording: number }): string {
  return `${result.system}\n${result.id}\n${result.wording}`;
}

/** The records up to the first broken line. */
function parse(text: string): BenchRecord[] {
  const records: BenchRecord[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    try {
      records.push(JSON.parse(line) as BenchRecord);
    } catch {
      break;
    }
  }
  return records;
}
