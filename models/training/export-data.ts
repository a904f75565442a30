/**
 * Writes training data for Python from unpacked question repositories: the engine's own segments, tokens and anchors,
 * each question's evidence and spans in them, hard negatives by BM25, facts and relations for synthetic questions, and comments
 * beside the code that they describe.
 *
 *   node models/training/export-data.ts --sources DIR… --questions F.jsonl… --out DIR [--repos a,b] [--without a,b]
 *
 * `--sources` and `--questions` may be given several times; a repository is read from the first folder that has it.
 *
 * `<out>/<repo>.json` holds numbers and short strings only; see `RepoData`. `<out>/index.json` sums up.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Segmenter } from "../../src/engine/corpus/segment.ts";
import { Tokenizer } from "../../src/engine/corpus/tokenize.ts";
import { type Corpus, readCorpus } from "./export-corpus.ts";
import { type DocRow, exportDocs } from "./export-docs.ts";
import { type Coverage, exportQuestions, type Question, type QuestionData } from "./export-questions.ts";
import { exportRelations, type RelationRow } from "./export-relations.ts";

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
  readonly relations: readonly RelationRow[];
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
  /** Comments on code of this segment, where it has any. */
  readonly d?: readonly DocRow[];
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

function repoData(
  repo: string,
  corpus: Corpus,
  questions: readonly QuestionData[],
  docs: readonly (readonly DocRow[])[],
): RepoData {
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
    const described = docs[index] ?? [];
    return {
      p: paths.add(file.path, () => file.path),
      s: symbols.add(segment.symbol, () => segment.symbol),
      h: headers.add(`${file.path}\n${segment.symbol}`, () => [...segment.header]),
      l: [segment.startLine, segment.endLine],
      c: [...segment.code],
      a: segment.anchors.map((anchor) => anchor.token),
      k: segment.anchors.map((anchor) => anchor.kind.charAt(0)).join(""),
      v: values,
      ...(described.length > 0 ? { d: described } : {}),
    };
  });
  return {
    repo,
    paths: paths.rows,
    symbols: symbols.rows,
    headers: headers.rows,
    segments,
    questions,
    facts,
    relations: exportRelations(corpus),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sources: { type: "string", multiple: true },
      questions: { type: "string", multiple: true },
      out: { type: "string" },
      repos: { type: "string" },
      without: { type: "string" },
    },
  });
  if (values.sources === undefined || values.questions === undefined || values.out === undefined) {
    process.stderr.write(
      "usage: node models/training/export-data.ts --sources DIR… --questions F.jsonl… --out DIR [--repos a,b] [--without a,b]\n",
    );
    process.exitCode = 2;
    return;
  }
  const tokenizerPath = fileURLToPath(new URL("../armt-code/tokenizer.json", import.meta.url));
  const tokenizer = Tokenizer.load(tokenizerPath);
  const segmenter = Segmenter.create(tokenizer);
  const { sources } = values;
  const questions = values.questions
    .flatMap((file) => readFileSync(file, "utf8").split("\n"))
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Question);
  const without = new Set(values.without?.split(","));
  const repos = [...new Set(values.repos?.split(",") ?? questions.map((question) => question.repo))]
    .filter((repo) => !without.has(repo))
    .sort();
  mkdirSync(values.out, { recursive: true });
  const coverage: Coverage = { evidence: 0, evidenceFound: 0, spans: 0, spansFound: 0, hardWithEvidence: 0, asked: 0 };
  const totals = { segments: 0, tokens: 0, anchors: 0, bytes: 0, questions: 0, facts: 0, relations: 0, docs: 0 };
  const docsOf: Record<string, number> = {};
  const missing: string[] = [];
  for (const repo of repos) {
    const started = performance.now();
    const root = sources.map((folder) => path.join(folder, repo)).find((folder) => existsSync(folder));
    if (root === undefined) throw new Error(`${repo} is in none of ${sources.join(", ")}: fetch it, or use --without`);
    const corpus = await readCorpus(root, segmenter);
    const asked = exportQuestions(
      corpus,
      questions.filter((question) => question.repo === repo),
      tokenizer,
      coverage,
      missing,
    );
    const docs = await exportDocs(corpus, tokenizer);
    const data = repoData(repo, corpus, asked, docs);
    writeFileSync(path.join(values.out, `${repo}.json`), JSON.stringify(data));
    totals.segments += data.segments.length;
    totals.questions += data.questions.length;
    totals.facts += data.facts.length;
    totals.relations += data.relations.length;
    totals.bytes += corpus.bytes;
    docsOf[repo] = docs.reduce((sum, rows) => sum + rows.length, 0);
    totals.docs += docsOf[repo];
    for (const segment of data.segments) {
      totals.tokens += segment.c.length;
      totals.anchors += segment.a.length;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stderr.write(
      `${repo}: ${data.segments.length} segments, ${docsOf[repo]} comments, ${corpus.bytes} bytes, ${seconds} s\n`,
    );
  }
  const index = {
    repos,
    maxTokens: segmenter.maxTokens,
    tokenizer: createHash("sha256").update(readFileSync(tokenizerPath)).digest("hex"),
    ...totals,
    docsOf,
    coverage,
    missing,
  };
  writeFileSync(path.join(values.out, "index.json"), JSON.stringify(index, null, 1));
  process.stdout.write(`${JSON.stringify({ ...totals, coverage, missing: missing.length })}\n`);
}

await main();
