import type { Reading, TextSpan } from "../answer/compose.ts";
import { closeBrackets, decodeSpans, trimQuotes, wholeNumber } from "../answer/spans.ts";
import { throwIfCancelled } from "../errors.ts";
import { ReaderMemory } from "../model/reader-memory.ts";
import type { Stepper } from "../model/stepper.ts";
import type { ReadCandidate } from "./candidate.ts";

const SPANS_KEPT = 12;
const OPTIONS_KEPT = 2;
const LONGEST_SPAN = 32;
const LONGEST_OPTION = 8;

/** A question's tokens, with their UTF-16 offsets in it, end exclusive. */
export interface QuestionTokens {
  readonly ids: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/**
 * Streams candidates through the layered reader memory, question first. The memory goes on from one call to the next, so
 * that a later hop knows what an earlier one found. Dispose of it when the question is answered.
 */
export class Reader implements Disposable {
  readonly #stepper: Stepper;
  readonly #question: QuestionTokens;
  readonly #memory: ReaderMemory | undefined;

  /** `remember` false reads each segment on its own (`--without reader`). */
  constructor(stepper: Stepper, question: QuestionTokens, remember: boolean) {
    this.#stepper = stepper;
    this.#question = question;
    this.#memory = remember ? new ReaderMemory() : undefined;
  }

  [Symbol.dispose](): void {
    this.#memory?.[Symbol.dispose]();
  }

  async read(candidates: readonly ReadCandidate[], signal: AbortSignal | undefined): Promise<Reading[]> {
    const readings: Reading[] = [];
    for (const candidate of candidates) {
      throwIfCancelled(signal);
      readings.push(await this.#readOne(candidate));
    }
    return readings;
  }

  async #readOne(candidate: ReadCandidate): Promise<Reading> {
    const { id, text, prior, header, code, tokenStarts, tokenEnds } = candidate;
    using alone = new ReaderMemory();
    const out = await this.#stepper.read(this.#question.ids, header, code, this.#memory ?? alone);
    const range = { from: out.codeFrom, to: out.codeFrom + code.length };
    const decoded = decodeSpans(out.start, out.end, range, { spans: SPANS_KEPT, tokens: LONGEST_SPAN });
    const spans = decoded.spans.map((span): TextSpan => {
      const start = tokenStarts[span.start - out.codeFrom] ?? 0;
      const end = tokenEnds[span.end - out.codeFrom] ?? start;
      const whole = wholeNumber(text, start, closeBrackets(text, start, end));
      return { ...trimQuotes(text, whole.start, whole.end), logProbability: span.logProbability, logit: span.logit };
    });
    const options = this.#options(out.start, out.end);
    return { segment: id, prior, relevance: out.relevance, spans, options, none: decoded.none, kinds: out.kinds };
  }

  /** Words of the question that may be the answer; the question begins behind [CLS]. */
  #options(start: Float32Array, end: Float32Array): TextSpan[] {
    const { ids, starts, ends } = this.#question;
    const range = { from: 1, to: 1 + ids.length };
    const { spans } = decodeSpans(start, end, range, { spans: OPTIONS_KEPT, tokens: LONGEST_OPTION });
    return spans.map((span) => ({
      start: starts[span.start - 1] ?? 0,
      end: ends[span.end - 1] ?? 0,
      logProbability: span.logProbability,
      logit: span.logit,
    }));
  }
}
