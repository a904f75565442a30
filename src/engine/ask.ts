import { chainOf, RARE } from "./answer/chain.ts";
import { citedPlaces } from "./answer/cite.ts";
import { type Composition, compose, type Reading } from "./answer/compose.ts";
import { ArmtError } from "./errors.ts";
import type { Calibration } from "./model/calibration.ts";
import type { Stepper } from "./model/stepper.ts";
import { anchorNames, type ReadCandidate } from "./read/candidate.ts";
import { Opener, type OpenerDeps } from "./read/opener.ts";
import { Reader } from "./read/reader.ts";
import { wholeList } from "./read/whole-list.ts";
import { questionTerms } from "./recall/question-terms.ts";
import type { Recall, RecallQuery } from "./recall/recall.ts";
import { Ruler } from "./recall/ruler.ts";
import type { Turn } from "./scheduler.ts";
import type { SegmentRecord } from "./store/records.ts";
import type { Answer, AskStage, Citation, Part } from "./types.ts";

/** The question has no words to look for. */
export class EmptyQuestionError extends ArmtError {
  constructor() {
    super("empty-question", 'The question is empty. Ask for a fact, e.g. "What is the default timeout?"', {
      exitCode: 2,
    });
  }
}

export interface AskDeps extends OpenerDeps {
  readonly stepper: Stepper;
  readonly calibration: Calibration;
  readonly recall: Recall;
}

/** How one question is asked. */
export interface AskRun {
  readonly without: ReadonlySet<Part>;
  /** Files and folders that the answer must come from; none: the whole workspace. */
  readonly narrow: readonly string[];
  /** The place that the question goes on from; `foreign`: of another workspace, so that it is not read here. */
  readonly about?: { readonly place: ReadCandidate; readonly foreign: boolean } | undefined;
  readonly onStage: (stage: AskStage) => void;
  /** Share of the workspace that is indexed, 0..1. */
  readonly coverage: number;
}

/** Segments that recall names; the best of them are read. */
const RECALLED = 40;

/** A place that was read: where it stands and the text as it was on disk. */
interface Place {
  readonly candidate: ReadCandidate;
  readonly reading: Reading;
}

/** One question's way through the engine: recall, read through the reader memory, answer from disk. */
export class Asking {
  readonly #deps: AskDeps;
  readonly #run: AskRun;
  readonly #turn: Turn;
  readonly #signal: AbortSignal | undefined;
  readonly #opener: Opener;
  readonly #ruler: Ruler;

  constructor(deps: AskDeps, run: AskRun, turn: Turn, signal: AbortSignal | undefined) {
    this.#deps = deps;
    this.#run = run;
    this.#turn = turn;
    this.#signal = signal;
    this.#opener = new Opener(deps, turn, signal);
    this.#ruler = new Ruler(deps.store.files(), run.coverage);
  }

  async answer(question: string): Promise<Answer> {
    const started = performance.now();
    const { calibration, stepper, tokenizer } = this.#deps;
    const { without, onStage } = this.#run;
    const ids = tokenizer.encode(question).ids.slice(0, stepper.limits.questionTokens);
    if (ids.length === 0) throw new EmptyQuestionError();
    await this.#freshenNarrowed();
    const { candidates, recalled } = await this.#candidates(await this.#query(question, ids));
    using reader = new Reader(stepper, ids, !without.has("reader"));
    const read: Place[] = [];
    for (const [done, candidate] of candidates.entries()) {
      await this.#turn.pass();
      const place = { file: candidate.path, line: candidate.lineFrom, position: this.#position(candidate.id) };
      onStage({ stage: "reading", done, of: candidates.length, place });
      read.push({ candidate, reading: await reader.read(candidate, this.#signal) });
    }
    const places = await this.#unchanged(read);
    const readings = places.map(({ reading }) => reading);
    let composition = readings.length === 0 ? undefined : compose(readings, calibration.answer);
    if (composition?.kind === "list") composition = await this.#completeList(composition, places);
    const citations = composition === undefined ? [] : cite(composition, places, calibration.citations);
    const chains = composition !== undefined && !composition.abstained && composition.kind !== "list";
    return finish(question, composition, places, citations, {
      chain: chains ? chainOf(question, citations, (term) => this.#holders(term)) : [],
      recalled,
      read: read.length,
      ms: performance.now() - started,
      coverage: this.#run.coverage,
    });
  }

  /** The list in the code that the best item stands in, in place of the items that the reader told. */
  async #completeList(composition: Composition, places: readonly Place[]): Promise<Composition> {
    const place = places.find(({ reading }) => reading.segment === composition.places[0]?.reading.segment);
    const [best] = place?.reading.spans ?? [];
    if (place === undefined || best === undefined) return composition;
    const spans = await wholeList(place.candidate, best, this.#deps.segmenter);
    return spans.length === 0 ? composition : { ...composition, spans };
  }

  /**
   * The question's keys, gist and words; where it goes on from a place, those of the question with that segment behind
   * it.
   */
  async #query(question: string, ids: Int32Array): Promise<RecallQuery> {
    const { stepper, calibration } = this.#deps;
    const from = this.#run.about?.place;
    const out = await stepper.question(ids, from);
    const terms = questionTerms(question, 1);
    if (from !== undefined) terms.push(...questionTerms(anchorNames(from).join(" "), calibration.aboutTermWeight));
    return { ...out, terms };
  }

  /** The place that the question goes on from, which is read first. */
  #own(query: RecallQuery): ReadCandidate | undefined {
    const { about, without } = this.#run;
    const only = this.#only();
    if (about === undefined || about.foreign || only?.has(about.place.id) === false) return undefined;
    const [candidate] = this.#deps.recall.recall(query, 1, without, new Set([about.place.id]));
    return { ...about.place, prior: candidate?.score ?? 0 };
  }

  /** The best segments, with text and tokens fresh from disk. What changed on disk is streamed first. */
  async #candidates(query: RecallQuery): Promise<{ candidates: ReadCandidate[]; recalled: number }> {
    const { recall, store, calibration } = this.#deps;
    const { without, onStage } = this.#run;
    const own = this.#own(query);
    for (let attempt = 0; ; attempt++) {
      const named = recall
        .recall(query, RECALLED + 1, without, this.#only())
        .filter(({ segment }) => segment !== own?.id)
        .slice(0, RECALLED);
      const records = new Map(store.segmentsOf(named.map(({ segment }) => segment)).map((one) => [one.id, one]));
      const chosen = named.slice(0, calibration.places).flatMap(({ segment, score }) => {
        const record = records.get(segment);
        return record === undefined ? [] : [{ record, score }];
      });
      if (attempt === 0 && (await this.#opener.freshen(chosen.map(({ record }) => record.path)))) continue;
      const found = Array.from(records.values(), (record) => this.#ruler.place(record));
      onStage({ stage: "recalled", places: found.length, found });
      const candidates = own === undefined ? [] : [own];
      const recalled = records.size + candidates.length;
      for (const { record, score } of chosen) {
        const candidate = await this.#opener.open(record, score);
        if (candidate !== undefined) candidates.push(candidate);
      }
      return { candidates, recalled };
    }
  }

  /** Files that the user named are looked at even if nothing in them is known yet. */
  async #freshenNarrowed(): Promise<void> {
    await this.#opener.freshen(this.#run.narrow.filter((path) => !path.endsWith("/")));
  }

  /** The segments that the question is narrowed to. */
  #only(): ReadonlySet<number> | undefined {
    const { narrow } = this.#run;
    return narrow.length === 0 ? undefined : this.#deps.store.segmentsUnder(narrow);
  }

  #position(segment: number): number {
    const [record]: readonly (SegmentRecord | undefined)[] = this.#deps.store.segmentsOf([segment]);
    return record === undefined ? 0 : this.#ruler.place(record).position;
  }

  /** Segments that hold a term, counted up to one more than are rare. */
  #holders(term: string): number {
    return this.#deps.store.lexical([{ term, weight: 1 }], RARE + 1).length;
  }

  /** Of the places, those whose file is on disk, this moment, as it was when they were read. */
  async #unchanged(places: readonly Place[]): Promise<Place[]> {
    const asRead = new Map<string, boolean>();
    for (const { candidate } of places)
      if (!asRead.has(candidate.path)) asRead.set(candidate.path, await this.#opener.unchanged(candidate));
    return places.filter(({ candidate }) => asRead.get(candidate.path));
  }
}

function cite({ places, spans }: Composition, read: readonly Place[], most: number): Citation[] {
  const byId = new Map(read.map(({ candidate, reading }) => [reading.segment, candidate]));
  const found = places.flatMap(({ reading, support }, index) => {
    const candidate = byId.get(reading.segment);
    return candidate === undefined ? [] : [{ candidate, support, spans: index === 0 ? spans : [] }];
  });
  return citedPlaces(found, most);
}

function finish(
  question: string,
  composition: Composition | undefined,
  places: readonly Place[],
  citations: readonly Citation[],
  run: Pick<Answer, "chain" | "recalled" | "read" | "ms" | "coverage">,
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
  if (spans.length > 0) return listText(spans);
  const [citation] = citations;
  const symbol = first?.candidate.symbol ?? "";
  const line = citation === undefined ? "" : `${citation.file}:${citation.at}`;
  return symbol === "" ? line : `${symbol} (${line})`;
}

/** Items one after the other; one a line where commas in them would make other items of them. */
function listText(spans: readonly string[]): string {
  const whole = spans.filter((span) => !span.includes("\n"));
  const items = [...new Set(whole.length > 0 ? whole : spans.slice(0, 1))];
  return items.join(items.length > 1 && items.some((item) => /[,;]\s/u.test(item)) ? "\n" : ", ");
}
