/**
 * Writes training data for Python from unpacked question repositories: the engine's own segments, tokens and anchors,
 * each question's evidence and spans in them, hard negatives by BM25, and facts for synthetic questions.
 *
 *   node models/training/export-data.ts --sources DIR --questions train.jsonl --out DIR [--limit-repos N]
 *
 * `<out>/<repo>.json` holds numbers and short strings only; see `RepoData`. `<out>/index.json` sums up.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Segmenter } from "../../src/engine/corpus/segment.ts";
import { Tokenizer } from "../../src/engine/corpus/tokenize.ts";
import { type Corpus, readCorpus } from "./export-corpus.ts";
import { type Coverage, exportQuestions, type Question, type QuestionData } from "./export-questions.ts";

/** One repository's file. All ids without special tokens; "token" is an index into the segment's `c`. */
interface RepoData {
  readonly repo: string;
  readonly paths: readonly string[];
  readonly symbols: readonly string[];
  readonly headers: readonly (readonly number[])[];
  readonly segments: readonly SegmentData[];
  readonly questions: readonly QuestionData[];
  /** [segment, anchor, kind, name, value text or null, first token, last token (inclusive; -1 without a value)] */
  readonly facts: readonly (readonly [number, number, string, string, string | null, number, number])[];
}

interface SegmentData {
  /** Indices into `paths`, `symbols`, `headers`. */
  readonly p: number;
  readonly s: number;
  readonly h: number;
  /** First and last line, from 1. */
  readonly l: readonly [number, number];
  readonly c: readonly number[];
  /** Anchor tokens, rising, and a letter of each one's kind: definition, assignment, literal, call, statement. */
  readonly a: readonly number[];
  readonly k: string;
  /** [anchor, first token, last token] of values. */
  readonly v: readonly (readonly [number, number, number])[];
}

/** Gives each distinct key an index. */
class Table<T> {
  readonly rows: T[] = [];
  readonly #index = new Map<string, number>();

  add(key: string, row: () => T): number {
    let index = this.#index.get(key);
    if (index === undefined) {
      index = this.rows.length;
      this.#index.set(key, index);
      this.rows.push(row());
    }
    return index;
  }
}

function repoData(repo: string, corpus: Corpus, questions: readonly QuestionData[]): RepoData {
  const paths = new Table<string>();
  const symbols = new Table<string>();
  const headers = new Table<readonly number[]>();
  const facts: RepoData["facts"][number][] = [];
  const segments = corpus.segments.map(({ file, segment }, index): SegmentData => {
    const values: [number, number, number][] = [];
    for (const [i, anchor] of segment.anchors.entries()) {
      const kind = anchor.kind.charAt(0);
      const name = file.text.slice(anchor.start, Math.min(anchor.end, anchor.start + 60));
      if (anchor.value !== undefined) {
        const { firstToken, lastToken, start, end } = anchor.value;
        values.push([i, firstToken, lastToken]);
        facts.push([index, i, kind, name, file.text.slice(start, end), firstToken, lastToken]);
      } else if (kind === "d") {
        facts.push([index, i, kind, name, null, -1, -1]);
      }
    }
    return {
      p: paths.add(file.path, () => file.path),
      s: symbols.add(segment.symbol, () => segment.symbol),
      h: headers.add(`${file.path}\n${segment.symbol}`, () => [...segment.header]),
      l: [segment.startLine, segment.endLine],
      c: [...segment.code],
      a: segment.anchors.map((anchor) => anchor.token),
      k: segment.anchors.map((anchor) => anchor.kind.charAt(0)).join(""),
      v: values,
    };
  });
  return { repo, paths: paths.rows, symbols: symbols.rows, headers: headers.rows, segments, questions, facts };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sources: { type: "string" },
      questions: { type: "string" },
      out: { type: "string" },
      "limit-repos": { type: "string" },
    },
  });
  if (values.sources === undefined || values.questions === undefined || values.out === undefined) {
    process.stderr.write(
      "usage: node models/training/export-data.ts --sources DIR --questions F.jsonl --out DIR [--limit-repos N]\n",
    );
    process.exitCode = 2;
    return;
  }
  const tokenizerPath = fileURLToPath(new URL("../armt-code/tokenizer.json", import.meta.url));
  const tokenizer = Tokenizer.load(tokenizerPath);
  const segmenter = Segmenter.create(tokenizer);
  const questions = readFileSync(values.questions, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Question);
  const repos = [...new Set(questions.map((question) => question.repo))]
    .sort()
    .slice(0, Number(values["limit-repos"] ?? Number.POSITIVE_INFINITY));
  mkdirSync(values.out, { recursive: true });
  const coverage: Coverage = { evidence: 0, evidenceFound: 0, spans: 0, spansFound: 0, hardWithEvidence: 0, asked: 0 };
  const totals = { segments: 0, tokens: 0, anchors: 0, bytes: 0, questions: 0, facts: 0 };
  const missing: string[] = [];
  for (const repo of repos) {
    const started = performance.now();
    const corpus = await readCorpus(path.join(values.sources, repo), segmenter);
    const asked = exportQuestions(
      corpus,
      questions.filter((question) => question.repo === repo),
      tokenizer,
      coverage,
      missing,
    );
    const data = repoData(repo, corpus, asked);
    writeFileSync(path.join(values.out, `${repo}.json`), JSON.stringify(data));
    totals.segments += data.segments.length;
    totals.questions += data.questions.length;
    totals.facts += data.facts.length;
    totals.bytes += corpus.bytes;
    for (const segment of data.segments) {
      totals.tokens += segment.c.length;
      totals.anchors += segment.a.length;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stderr.write(`${repo}: ${data.segments.length} segments, ${corpus.bytes} bytes, ${seconds} s\n`);
  }
  const index = {
    repos,
    maxTokens: segmenter.maxTokens,
    tokenizer: createHash("sha256").update(readFileSync(tokenizerPath)).digest("hex"),
    ...totals,
    coverage,
    missing,
  };
  writeFileSync(path.join(values.out, "index.json"), JSON.stringify(index, null, 1));
  process.stdout.write(`${JSON.stringify({ ...totals, coverage, missing: missing.length })}\n`);
}

await main();
