import { join } from "node:path";
import { type Composition, compose, type Reading, type Supported, type TextSpan } from "./answer/compose.ts";
import { readSource } from "./corpus/decode.ts";
import type { Segmenter } from "./corpus/segment.ts";
import type { Tokenizer } from "./corpus/tokenize.ts";
import { ArmtError } from "./errors.ts";
import type { Indexer } from "./indexing/indexer.ts";
import type { Calibration } from "./model/calibration.ts";
import type { Stepper } from "./model/stepper.ts";
import { anchorNames, cutOut, type ReadCandidate } from "./read/candidate.ts";
import { Reader } from "./read/reader.ts";
import type { Candidate } from "./recall/fuse.ts";
import { questionTerms } from "./recall/question-terms.ts";
import type { Recall, RecallQuery } from "./recall/recall.ts";
import type { Store } from "./store/store.ts";
import type { Answer, AskStage, Citation, Part } from "./types.ts";

/** The question has no words to look for. */
export class EmptyQuestionError extends ArmtError {
  constructor() {
    super("empty-question", 'The question is empty. Ask for a fact, e.g. "What is the default timeout?"', {
      exitCode: 2,
    });
  }
}

export interface AskDeps {
  readonly root: string;
  readonly store: Store;
  readonly tokenizer: Tokenizer;
  readonly segmenter: Segmenter;
  readonly stepper: Stepper;
  readonly indexer: Indexer;
  readonly calibration: Calibration;
  readonly recall: Recall;
}

/** A place that was read: where it stands and the text as it was on disk. */
interface Place {
  readonly candidate: ReadCandidate;
  readonly reading: Reading;
}

/** One question's way through the engine: recall, read, up to three hops, answer from disk (DESIGN §3). */
export class Asking {
  readonly #deps: AskDeps;
  readonly #without: ReadonlySet<Part>;
  readonly #signal: AbortSignal | undefined;
  readonly #onStage: (stage: AskStage) => void;
  readonly #files = new Map<string, Promise<OpenedFile | undefined>>();

  constructor(
    deps: AskDeps,
    without: ReadonlySet<Part>,
    onStage: (stage: AskStage) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#deps = deps;
    this.#without = without;
    this.#onStage = onStage;
    this.#signal = signal;
  }

  async answer(question: string, coverage: number): Promise<Answer> {
    const started = performance.now();
    const { calibration, stepper, tokenizer } = this.#deps;
    const ids = tokenizer.encode(question).ids.slice(0, stepper.limits.questionTokens);
    if (ids.length === 0) throw new EmptyQuestionError();
    const reader = new Reader(stepper, ids, !this.#without.has("reader"));
    const places: Place[] = [];
    let composition: Composition | undefined;
    let hop = 0;
    while (hop < calibration.hops.most) {
      const query = await this.#query(question, ids, hop === 0 ? undefined : best(composition, places));
      hop++;
      const count = hop === 1 ? calibration.hops.firstPlaces : calibration.hops.laterPlaces;
      const candidates = await this.#candidates(query, count, places, hop);
      if (candidates.length === 0) break;
      for (const [done, candidate] of candidates.entries()) {
        this.#onStage({ stage: "reading", hop, done, of: candidates.length });
        const [reading] = await reader.read([candidate], this.#signal);
        if (reading !== undefined) places.push({ candidate, reading });
      }
      composition = compose(
        places.map((place) => place.reading),
        calibration.answer,
      );
      if (composition.confidence >= calibration.hops.enough) break;
    }
    const again = this.#without.has("reader") ? [] : (composition?.places ?? []).slice(0, calibration.hops.secondPass);
    if (again.length > 0) {
      composition = compose(await this.#readAgain(reader, again, places), calibration.answer);
    }
    const citations = composition === undefined ? [] : await this.#cite(composition, places);
    return finish(question, composition, places, citations, { hops: hop, ms: performance.now() - started, coverage });
  }

  /** Second pass: the best places once more, now that the memory holds what stands in the others. */
  async #readAgain(reader: Reader, again: readonly Supported[], places: readonly Place[]): Promise<Reading[]> {
    const readings = new Map(places.map((place) => [place.reading.segment, place.reading]));
    for (const { reading } of again) {
      const place = places.find((one) => one.reading.segment === reading.segment);
      const [second] = place === undefined ? [] : await reader.read([place.candidate], this.#signal);
      if (second !== undefined) readings.set(second.segment, second);
    }
    return [...readings.values()];
  }

  /** The question's keys, gist and words; at a later hop those of the question with the best segment behind it. */
  async #query(question: string, ids: Int32Array, found: Place | undefined): Promise<RecallQuery> {
    const { stepper, calibration } = this.#deps;
    const out = await stepper.question(ids, found?.candidate);
    const terms = questionTerms(question, 1);
    if (found !== undefined) {
      const names = anchorNames(found.candidate).join(" ");
      terms.push(...questionTerms(names, calibration.hops.foundTermWeight));
    }
    return { ...out, terms };
  }

  /** The best segments not read yet, with text and tokens fresh from disk. What changed on disk is streamed first. */
  async #candidates(query: RecallQuery, count: number, read: readonly Place[], hop: number): Promise<ReadCandidate[]> {
    const seen = new Set(read.map((place) => place.candidate.id));
    for (let attempt = 0; ; attempt++) {
      const recalled = this.#deps.recall
        .recall(query, count + seen.size, this.#without)
        .filter((candidate) => !seen.has(candidate.segment))
        .slice(0, count);
      const stale = await this.#staleFiles(recalled);
      // A read-only state cannot be brought up to date; its changed files are left out below.
      if (stale.length > 0 && attempt === 0 && !this.#deps.store.readOnly) {
        await this.#deps.indexer.refresh(stale, this.#signal);
        this.#files.clear();
        continue;
      }
      this.#onStage({ stage: "recalled", hop, places: recalled.length });
      return await this.#open(recalled);
    }
  }

  async #staleFiles(candidates: readonly Candidate[]): Promise<string[]> {
    const records = this.#deps.store.segmentsOf(candidates.map((candidate) => candidate.segment));
    const stale: string[] = [];
    for (const path of new Set(records.map((record) => record.path))) {
      const file = await this.#openFile(path);
      if (file === undefined || file.hash !== this.#deps.store.fileOf(path)?.hash) stale.push(path);
    }
    return stale;
  }

  async #open(candidates: readonly Candidate[]): Promise<ReadCandidate[]> {
    const { store, tokenizer, segmenter } = this.#deps;
    const opened: ReadCandidate[] = [];
    for (const candidate of candidates) {
      const [record] = store.segmentsOf([candidate.segment]);
      if (record === undefined) continue;
      const file = await this.#openFile(record.path);
      if (file === undefined || file.hash !== store.fileOf(record.path)?.hash) continue;
      const anchors = store.writesOf([record.id]).get(record.id)?.anchors ?? [];
      opened.push(cutOut(record, anchors, file.text, candidate.score, tokenizer, segmenter));
    }
    return opened;
  }

  #openFile(path: string): Promise<OpenedFile | undefined> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const opening = openFile(this.#deps.root, path);
    this.#files.set(path, opening);
    return opening;
  }

  /** Quotes from disk as it is now: a place whose file changed since it was read is not cited. */
  async #cite(composition: Composition, places: readonly Place[]): Promise<Citation[]> {
    const byId = new Map(places.map((place) => [place.reading.segment, place]));
    const citations: Citation[] = [];
    for (const [index, supported] of composition.places.entries()) {
      if (citations.length >= this.#deps.calibration.citations) break;
      const place = byId.get(supported.reading.segment);
      if (place === undefined) continue;
      const source = await readSource(join(this.#deps.root, place.candidate.path));
      if ("skip" in source || source.text !== place.candidate.text) continue;
      citations.push(citationOf(place, supported, index === 0 ? composition.spans : []));
    }
    return citations;
  }
}

interface OpenedFile {
  readonly text: string;
  readonly hash: string;
}

async function openFile(root: string, path: string): Promise<OpenedFile | undefined> {
  const source = await readSource(join(root, path));
  return "skip" in source ? undefined : { text: source.text, hash: source.hash };
}

/** The place from which the next hop starts: the best supported one. */
function best(composition: Composition | undefined, places: readonly Place[]): Place | undefined {
  const top = composition?.places.reduce((a, b) => (b.support > a.support ? b : a));
  return places.find((place) => place.reading.segment === top?.reading.segment);
}

function citationOf(place: Place, { support }: Supported, spans: readonly TextSpan[]): Citation {
  const { path, lineFrom, lineTo, text } = place.candidate;
  const quote = text
    .split("\n")
    .slice(lineFrom - 1, lineTo)
    .join("\n");
  const [first] = spans;
  const base = { file: path, from: lineFrom, to: lineTo, quote, relevance: support };
  if (first === undefined) return base;
  const before = text.slice(0, first.start).split("\n");
  const column = before.at(-1)?.length ?? 0;
  return { ...base, span: { line: before.length, column, text: text.slice(first.start, first.end) } };
}

function finish(
  question: string,
  composition: Composition | undefined,
  places: readonly Place[],
  citations: readonly Citation[],
  run: { readonly hops: number; readonly ms: number; readonly coverage: number },
): Answer {
  const abstained = composition === undefined || composition.abstained || citations.length === 0;
  const text = composition === undefined || abstained ? null : answerText(composition, places, citations);
  return {
    question,
    answer: text,
    kind: composition === undefined || abstained ? "none" : composition.kind,
    abstained,
    confidence: composition?.confidence ?? 0,
    citations,
    ...run,
    ms: Math.round(run.ms),
  };
}

/** The short answer: verbatim spans, yes or no, or the name of the place. */
function answerText(composition: Composition, places: readonly Place[], citations: readonly Citation[]): string {
  if (composition.kind === "yes" || composition.kind === "no") return composition.kind;
  const first = places.find((place) => place.reading.segment === composition.places[0]?.reading.segment);
  const spans = composition.spans.map((span) => first?.candidate.text.slice(span.start, span.end) ?? "");
  if (spans.length > 0) return [...new Set(spans)].join(", ");
  const [citation] = citations;
  const symbol = first?.candidate.symbol ?? "";
  const line = citation === undefined ? "" : `${citation.file}:${citation.from}`;
  return symbol === "" ? line : `${symbol} (${line})`;
}
