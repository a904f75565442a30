import type { Reading, TextSpan } from "../answer/compose.ts";
import { closeBrackets, decodeSpans, trimQuotes, wholeNumber } from "../answer/spans.ts";
import { throwIfCancelled } from "../errors.ts";
import { ReaderMemory } from "../model/reader-memory.ts";
import type { Stepper } from "../model/stepper.ts";
import type { ReadCandidate } from "./candidate.ts";

const SPANS_KEPT = 12;
const LONGEST_SPAN = 32;

/**
 * Streams candidates through the layered reader memory, question first. The memory goes on from one candidate to the
 * next, so that what stands in one counts in those that follow. Dispose of it when the question is answered.
 */
export class Reader implements Disposable {
  readonly #stepper: Stepper;
  readonly #question: Int32Array;
  readonly #memory: ReaderMemory | undefined;

  /** `remember` false reads each segment on its own (`--without reader`). */
  constructor(stepper: Stepper, question: Int32Array, remember: boolean) {
    this.#stepper = stepper;
    this.#question = question;
    this.#memory = remember ? new ReaderMemory() : undefined;
  }

  [Symbol.dispose](): void {
    this.#memory?.[Symbol.dispose]();
  }

  async read(candidate: ReadCandidate, signal: AbortSignal | undefined): Promise<Reading> {
    throwIfCancelled(signal);
    const { id, text, prior, header, code, tokenStarts, tokenEnds } = candidate;
    using alone = new ReaderMemory();
    const out = await this.#stepper.read(this.#question, header, code, this.#memory ?? alone);
    const range = { from: out.codeFrom, to: out.codeFrom + code.length };
    const decoded = decodeSpans(out.start, out.end, range, { spans: SPANS_KEPT, tokens: LONGEST_SPAN });
    const spans = decoded.spans.map((span): TextSpan => {
      const start = tokenStarts[span.start - out.codeFrom] ?? 0;
      const end = tokenEnds[span.end - out.codeFrom] ?? start;
      const whole = wholeNumber(text, start, closeBrackets(text, start, end));
      return { ...trimQuotes(text, whole.start, whole.end), logProbability: span.logProbability, logit: span.logit };
    });
    return { segment: id, prior, relevance: out.relevance, spans, none: decoded.none, kinds: out.kinds };
  }
}
