import { DatabaseSync } from "node:sqlite";
import { headerText, type Segment } from "../../src/engine/corpus/segment.ts";
import { lexicalTerms } from "../../src/engine/corpus/terms.ts";
import type { Tokenizer } from "../../src/engine/corpus/tokenize.ts";
import type { Corpus } from "./export-corpus.ts";

/** A line of train.jsonl or dev.jsonl. */
export interface Question {
  readonly id: string;
  readonly repo: string;
  readonly type: string;
  readonly question: string;
  readonly paraphrases?: readonly string[];
  readonly answers?: readonly string[];
  readonly spans?: readonly { readonly file: string; readonly line: number; readonly text: string }[];
  readonly evidence?: readonly { readonly file: string; readonly lines: readonly [number, number] }[];
}

/** One wording of a question. */
export interface QuestionData {
  readonly id: string;
  /** 0: the question, then its paraphrases. */
  readonly w: number;
  readonly type: string;
  readonly q: readonly number[];
  readonly answers: readonly string[];
  readonly negative: boolean;
  /** For each evidence, in order: segments that overlap its lines, best first. */
  readonly evidence: readonly (readonly number[])[];
  /** Parallel to `evidence`: for each segment the anchors on the lines, else the nearest one. */
  readonly anchors: readonly (readonly (readonly number[])[])[];
  /** [segment, first token, last token (inclusive)] */
  readonly spans: readonly (readonly [number, number, number])[];
  /** Segments that BM25 finds, best first; evidence may be among them. */
  readonly hard: readonly number[];
}

export interface Coverage {
  evidence: number;
  evidenceFound: number;
  spans: number;
  spansFound: number;
  /** Wordings whose BM25 candidates hold evidence. */
  hardWithEvidence: number;
  asked: number;
}

const MAX_QUESTION = 48;
const HARD = 40;

/** All wordings of the questions of one repository; adds to `coverage` and `missing`. */
export function exportQuestions(
  corpus: Corpus,
  questions: readonly Question[],
  tokenizer: Tokenizer,
  coverage: Coverage,
  missing: string[],
): QuestionData[] {
  const search = lexicalSearch(corpus);
  const rows: QuestionData[] = [];
  for (const question of questions) {
    const places = (question.evidence ?? []).map(({ file, lines }) => {
      const found = evidenceIn(corpus, file, lines);
      coverage.evidence++;
      if (found.segments.length > 0) coverage.evidenceFound++;
      else missing.push(`${question.id} evidence ${file}:${lines[0]}`);
      return found;
    });
    const spans: [number, number, number][] = [];
    for (const span of question.spans ?? []) {
      const found = spanIn(corpus, span);
      coverage.spans++;
      if (found !== undefined) {
        coverage.spansFound++;
        spans.push(found);
      } else missing.push(`${question.id} span ${span.file}:${span.line} ${span.text}`);
    }
    const wanted = new Set(places.flatMap((place) => place.segments));
    for (const [w, wording] of [question.question, ...(question.paraphrases ?? [])].entries()) {
      const hard = search(wording);
      if (wanted.size > 0) {
        coverage.asked++;
        if (hard.some((segment) => wanted.has(segment))) coverage.hardWithEvidence++;
      }
      rows.push({
        id: question.id,
        w,
        type: question.type,
        q: [...tokenizer.encode(wording).ids.slice(0, MAX_QUESTION)],
        answers: question.answers ?? [],
        negative: question.type === "negative" || (question.evidence ?? []).length === 0,
        evidence: places.map((place) => place.segments),
        anchors: places.map((place) => place.anchors),
        spans,
        hard,
      });
    }
  }
  return rows;
}

function evidenceIn(
  corpus: Corpus,
  file: string,
  [from, to]: readonly [number, number],
): { segments: number[]; anchors: number[][] } {
  const overlap = ({ startLine, endLine }: Segment) => Math.min(to, endLine) - Math.max(from, startLine) + 1;
  const found = (corpus.byFile.get(file)?.segments ?? [])
    .flatMap((index) => {
      const entry = corpus.segments[index];
      return entry !== undefined && overlap(entry.segment) > 0 ? [{ index, ...entry }] : [];
    })
    .sort((a, b) => overlap(b.segment) - overlap(a.segment) || a.index - b.index);
  return {
    segments: found.map(({ index }) => index),
    anchors: found.map(({ file: source, segment }) => {
      const lines = segment.anchors.map(
        (anchor) => source.text.slice(segment.start, anchor.start).split("\n").length - 1 + segment.startLine,
      );
      const distances = lines.map((line) => Math.max(0, from - line, line - to));
      const nearest = Math.min(...distances);
      const best = [...distances.keys()].filter((i) => distances[i] === nearest);
      return nearest === 0 ? best : best.slice(0, 1);
    }),
  };
}

function spanIn(
  corpus: Corpus,
  span: { readonly file: string; readonly line: number; readonly text: string },
): [number, number, number] | undefined {
  const source = corpus.byFile.get(span.file);
  if (source === undefined) return undefined;
  const { text } = source.file;
  let lineStart = 0;
  for (let line = 1; line < span.line; line++) {
    const next = text.indexOf("\n", lineStart);
    if (next < 0) return undefined;
    lineStart = next + 1;
  }
  const start = text.indexOf(span.text, lineStart);
  const lineEnd = text.indexOf("\n", lineStart);
  if (start < 0 || (lineEnd >= 0 && start > lineEnd)) return undefined;
  const end = start + span.text.length;
  for (const index of source.segments) {
    const segment = corpus.segments[index]?.segment;
    if (segment === undefined || segment.end <= start || segment.start >= end) continue;
    const first = segment.tokenEnds.findIndex((tokenEnd) => tokenEnd > start);
    const last = segment.tokenStarts.findLastIndex((tokenStart) => tokenStart < end);
    if (first >= 0 && last >= first) return [index, first, last];
  }
  return undefined;
}

/** BM25 over headers and code, as the engine's lexical index has it. */
function lexicalSearch(corpus: Corpus): (question: string) => number[] {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE VIRTUAL TABLE fts USING fts5(terms, content='', tokenize='porter unicode61')");
  const insert = database.prepare("INSERT INTO fts(rowid, terms) VALUES (?, ?)");
  database.exec("BEGIN");
  for (const [index, { file, segment }] of corpus.segments.entries()) {
    const terms = lexicalTerms(
      `${headerText(file.path, segment.symbol)}\n${file.text.slice(segment.start, segment.end)}`,
    );
    insert.run(index + 1, terms.join(" "));
  }
  database.exec("COMMIT");
  const select = database.prepare("SELECT rowid FROM fts WHERE fts MATCH ? ORDER BY bm25(fts), rowid LIMIT ?");
  return (question) => {
    const terms = [...new Set(lexicalTerms(question))];
    if (terms.length === 0) return [];
    const rows = select.all(terms.map((term) => `"${term}"`).join(" OR "), HARD);
    return rows.map((row) => Number(row["rowid"]) - 1);
  };
}
