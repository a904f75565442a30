/**
 * Writes what recall and reader say about the questions of repositories that were held out from training, for
 * `calibrate.py`: one JSON line a wording.
 *
 *   node models/training/export-readings.ts --sources DIR --questions FILE --repos a,b --model DIR --out FILE
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { TextSpan } from "../../src/engine/answer/compose.ts";
import { readSource } from "../../src/engine/corpus/decode.ts";
import { Segmenter } from "../../src/engine/corpus/segment.ts";
import { Tokenizer } from "../../src/engine/corpus/tokenize.ts";
import { DEFAULT_FACTS_LAYOUT } from "../../src/engine/memory/layout.ts";
import { loadBundle } from "../../src/engine/model/bundle.ts";
import { Stepper } from "../../src/engine/model/stepper.ts";
import { cutOut } from "../../src/engine/read/candidate.ts";
import { Reader } from "../../src/engine/read/reader.ts";
import { wholeList } from "../../src/engine/read/whole-list.ts";
import { questionTerms } from "../../src/engine/recall/question-terms.ts";
import { Recall } from "../../src/engine/recall/recall.ts";
import { Engine } from "../../src/engine/service.ts";
import { Store } from "../../src/engine/store/store.ts";

const RECALLED = 60;
const READ = 24;

interface Question {
  readonly id: string;
  readonly repo: string;
  readonly type: string;
  readonly question: string;
  readonly paraphrases: readonly string[];
  readonly answers: readonly string[];
  readonly evidence: readonly { readonly file: string; readonly lines: readonly [number, number] }[];
}

const { values } = parseArgs({
  options: {
    sources: { type: "string" },
    questions: { type: "string" },
    repos: { type: "string" },
    model: { type: "string" },
    out: { type: "string" },
  },
});
const { sources, questions: questionFile, repos, model, out } = values;
if (!(sources && questionFile && repos && model && out)) {
  console.error("usage: export-readings.ts --sources DIR --questions FILE --repos a,b --model DIR --out FILE");
  process.exit(2);
}
const questions = readFileSync(questionFile, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Question);
const bundle = await loadBundle(model);
const tokenizer = Tokenizer.load(bundle.tokenizerFile);
const segmenter = Segmenter.create(tokenizer, { maxTokens: bundle.limits.segmentTokens });
const lines: string[] = [];
for (const repo of repos.split(",")) {
  const folder = mkdtempSync(join(tmpdir(), "armt-readings-"));
  const workspace = join(sources, repo);
  const state = join(folder, "state.sqlite");
  try {
    {
      await using engine = await Engine.open({ workspace, state, model });
      await engine.index({});
    }
    const asked = questions.filter((q) => q.repo === repo);
    for (const line of await readings(workspace, state, asked)) lines.push(JSON.stringify(line));
    console.error(`${repo}: ${asked.length} questions`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
writeFileSync(out, `${lines.join("\n")}\n`);

async function readings(workspace: string, state: string, asked: readonly Question[]): Promise<unknown[]> {
  const store = Store.open(state, {
    modelHash: bundle.hash,
    dims: bundle.memoryDims,
    factsLayout: { ...DEFAULT_FACTS_LAYOUT, ...bundle.factsLayout },
    workspaceId: workspace,
    readOnly: true,
  });
  const stepper = new Stepper(bundle, "cpu");
  const layout = { ...DEFAULT_FACTS_LAYOUT, ...bundle.factsLayout };
  const recall = new Recall(store, bundle.memoryDims, layout, bundle.calibration.fusion);
  const texts = new Map<string, string | undefined>();
  const open = async (path: string) => {
    if (!texts.has(path)) {
      const source = await readSource(join(workspace, path));
      texts.set(path, "skip" in source ? undefined : source.text);
    }
    return texts.get(path);
  };
  const result: unknown[] = [];
  for (const q of asked) {
    for (const [wording, text] of [q.question, ...q.paraphrases].entries()) {
      const ids = tokenizer.encode(text).ids.slice(0, bundle.limits.questionTokens);
      const query = { ...(await stepper.question(ids)), terms: questionTerms(text, 1) };
      const candidates = recall.recall(query, RECALLED, new Set());
      const reader = new Reader(stepper, ids, true);
      const rows: unknown[] = [];
      for (const [rank, candidate] of candidates.entries()) {
        const [record] = store.segmentsOf([candidate.segment]);
        if (record === undefined) continue;
        const groups = q.evidence.flatMap((e, i) =>
          e.file === record.path && record.lineFrom <= e.lines[1] && record.lineTo >= e.lines[0] ? [i] : [],
        );
        const content = rank < READ ? await open(record.path) : undefined;
        const lines = { path: record.path, lines: [record.lineFrom, record.lineTo] };
        if (content === undefined) {
          rows.push({ ...candidate, ...lines, groups });
          continue;
        }
        const anchors = store.writesOf([record.id]).get(record.id)?.anchors ?? [];
        const place = cutOut(record, anchors, content, candidate.score, tokenizer, segmenter);
        const reading = await reader.read(place, undefined);
        const [top] = reading.spans;
        const items = top === undefined ? [] : await wholeList(place, top, segmenter);
        rows.push({
          ...candidate,
          ...lines,
          groups,
          relevance: reading.relevance,
          none: reading.none,
          kinds: Array.from(reading.kinds),
          symbol: record.symbol,
          items: items.map((s) => content.slice(s.start, s.end)),
          spans: reading.spans.slice(0, 6).map((s) => told(content, s)),
        });
      }
      result.push({
        repo: q.repo,
        id: q.id,
        type: q.type,
        wording,
        answers: q.answers,
        evidence: q.evidence.length,
        candidates: rows,
      });
    }
  }
  await stepper.release();
  store.close();
  return result;
}

function told(
  text: string,
  { start, end, logProbability, logit }: TextSpan,
): { text: string; p: number; logit: number } {
  return { text: text.slice(start, end), p: logProbability, logit };
}
