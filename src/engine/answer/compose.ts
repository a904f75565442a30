import type { AnswerKind } from "../types.ts";

/** A verbatim stretch of a file: UTF-16 offsets, end exclusive. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
  /** Log probability of start and end together, among what its segment holds. */
  readonly logProbability: number;
  /** Of start and end together, comparable with spans of other segments. */
  readonly logit: number;
}

/** What the reader says about one candidate segment. */
export interface Reading {
  readonly segment: number;
  /** Fused recall score. */
  readonly prior: number;
  /** Logit of the relevance head. */
  readonly relevance: number;
  /** Best first, not overlapping. */
  readonly spans: readonly TextSpan[];
  /** Log probability that no span stands in the segment. */
  readonly none: number;
  /** Logits over `ANSWER_KINDS`. */
  readonly kinds: Float32Array;
}

/** Order of the kind head's outputs (`answerKinds` of the bundle). */
export const ANSWER_KINDS: readonly AnswerKind[] = ["span", "list", "place", "yes", "no", "none"];

/** Places of which each says whether the question has no answer: by support alone the best one would outweigh all. */
const NONE_PLACES = 5;

/** Of a logit: `bias + support · best support logit + span · log P(span) + none · P(kind is none)`. */
export interface TrustWeights {
  readonly bias: number;
  readonly support: number;
  readonly span: number;
  readonly none: number;
}

/**
 * Of the place that an answer is taken from, the highest of
 * `support · log support + span · log P(span) + logit · logit of the span`.
 */
export interface HolderWeights {
  readonly support: number;
  readonly span: number;
  readonly logit: number;
}

/** Numbers fitted on repositories held out from training (`calibration` of the bundle). */
export interface AnswerCalibration {
  /** Logit of support: `bias + relevance · logit + prior · fused score`. */
  readonly support: { readonly bias: number; readonly relevance: number; readonly prior: number };
  readonly holder: HolderWeights;
  /** Of the probability that the answer is right. */
  readonly confidence: TrustWeights;
  /** Of the probability that the workspace has no answer. A wrong answer to a question that has one is no sign of it. */
  readonly absence: TrustWeights;
  /** Above this probability of absence the answer is "not found". */
  readonly abstainAbove: number;
  /** A list takes in further spans down to this share of the best one's probability. */
  readonly listShare: number;
}

/** A candidate with the probability that it belongs to the answer. */
export interface Supported {
  readonly reading: Reading;
  readonly support: number;
}

/** What was decided; `places` in the order in which they are cited. */
export interface Composition {
  readonly kind: AnswerKind;
  readonly places: readonly Supported[];
  /** Spans of `places[0]` that make up the answer. */
  readonly spans: readonly TextSpan[];
  readonly confidence: number;
  readonly abstained: boolean;
}

/** Decides kind, places, spans and confidence from what was read. `readings` must not be empty. */
export function compose(readings: readonly Reading[], calibration: AnswerCalibration): Composition {
  const { support: fit } = calibration;
  const supported = readings
    .map((reading) => ({
      reading,
      support: sigmoid(fit.bias + fit.relevance * reading.relevance + fit.prior * reading.prior),
    }))
    .sort((a, b) => b.support - a.support);
  const kinds = kindProbabilities(supported);
  const kind = likeliestKind(kinds);
  const wantsSpan = kind === "span" || kind === "list";
  const told = wantsSpan ? best(supported, (s) => holds(s, calibration.holder)) : undefined;
  const holder = told ?? supported[0];
  const places = holder === undefined ? supported : [holder, ...supported.filter((s) => s !== holder)];
  const spans = wantsSpan && holder !== undefined ? answerSpans(holder.reading, kind, calibration.listShare) : [];
  const logP = wantsSpan && holder !== undefined ? Math.log(spanProbability(holder.reading) + 1e-4) : 0;
  const probability = ({ bias, support, span, none }: TrustWeights): number =>
    sigmoid(bias + support * logit(holder?.support ?? 0) + span * logP + none * noneProbability(supported));
  const abstained = probability(calibration.absence) > calibration.abstainAbove;
  return { kind, places, spans, confidence: probability(calibration.confidence), abstained };
}

/** How much speaks for taking the answer from a place, by its best span. */
function holds({ support, reading }: Supported, weights: HolderWeights): number {
  const [first] = reading.spans;
  if (first === undefined) return Number.NEGATIVE_INFINITY;
  const logSupport = Math.log(Math.max(support, 1e-9));
  return weights.support * logSupport + weights.span * first.logProbability + weights.logit * first.logit;
}

/** Probability of the best span of a segment, 0 if it has none. */
function spanProbability(reading: Reading): number {
  const first = reading.spans[0];
  return first === undefined ? 0 : Math.exp(first.logProbability);
}

/** The kind head's probabilities, averaged over the candidates by support. */
function kindProbabilities(supported: readonly Supported[]): Float32Array {
  const mean = new Float32Array(ANSWER_KINDS.length);
  const total = supported.reduce((sum, s) => sum + s.support, 0) || 1;
  for (const { reading, support } of supported) {
    for (const [i, p] of softmax(reading.kinds).entries()) mean[i] = (mean[i] ?? 0) + (support / total) * p;
  }
  return mean;
}

/** How sure the best supported places are, one as much as the other, that the question has no answer. */
function noneProbability(supported: readonly Supported[]): number {
  const asked = supported.slice(0, NONE_PLACES);
  return asked.reduce((sum, { reading }) => sum + (softmax(reading.kinds)[5] ?? 0), 0) / (asked.length || 1);
}

function softmax(logits: Float32Array): number[] {
  const max = Math.max(...logits);
  const raised = Array.from(logits, (l) => Math.exp(l - max));
  const sum = raised.reduce((a, b) => a + b, 0);
  return raised.map((r) => r / sum);
}

/** "None" is not chosen as a kind: whether to abstain is decided by the probability of absence. */
function likeliestKind(probabilities: Float32Array): AnswerKind {
  const index = best(
    ANSWER_KINDS.map((_, i) => i).filter((i) => ANSWER_KINDS[i] !== "none"),
    (i) => probabilities[i] ?? 0,
  );
  return ANSWER_KINDS[index ?? 0] ?? "span";
}

function answerSpans(reading: Reading, kind: AnswerKind, listShare: number): TextSpan[] {
  const first = reading.spans[0];
  if (first === undefined) return [];
  if (kind === "span") return [first];
  const floor = first.logProbability + Math.log(listShare);
  return reading.spans.filter((span) => span.logProbability >= floor).sort((a, b) => a.start - b.start);
}

function best<T>(items: readonly T[], score: (item: T) => number): T | undefined {
  let winner: T | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const s = score(item);
    if (s > most) {
      most = s;
      winner = item;
    }
  }
  return winner;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function logit(p: number): number {
  const clipped = Math.min(1 - 1e-6, Math.max(1e-6, p));
  return Math.log(clipped / (1 - clipped));
}
