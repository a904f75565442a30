import { scanWords } from "./words.ts";

/** Longer runs of letters are data (keys, hashes), not terms that somebody asks for. */
const MAX_TERM_LENGTH = 64;

/**
 * Terms for the lexical index: each word of the pre-split, and each identifier of several words also whole, without
 * its underscores (`max_payload` and `maxPayload` both give max, payload, maxpayload). Lower-cased, in text order,
 * with repetitions (BM25 counts them); punctuation gives none.
 */
export function lexicalTerms(text: string): string[] {
  const terms: string[] = [];
  let whole = "";
  let pieces = 0;
  let previousEnd = -1;
  const flush = () => {
    if (pieces > 1 && whole.length <= MAX_TERM_LENGTH) terms.push(whole);
    whole = "";
    pieces = 0;
  };
  scanWords(text, (wordStart, wordEnd, start) => {
    if (start !== wordStart || !joined(text, previousEnd, wordStart)) flush();
    previousEnd = wordEnd;
    if (wordEnd - wordStart > MAX_TERM_LENGTH) return;
    const word = text.slice(wordStart, wordEnd).toLowerCase();
    if (!/[\p{L}\p{N}]/u.test(word)) return flush();
    terms.push(word);
    // Past the limit the whole is not wanted any more; stop growing it.
    if (whole.length <= MAX_TERM_LENGTH) whole += word;
    pieces++;
  });
  flush();
  return terms;
}

/** Whether only underscores stand between two words, so that they are pieces of one identifier. */
function joined(text: string, from: number, to: number): boolean {
  if (from < 0) return false;
  for (let at = from; at < to; at++) if (text.charCodeAt(at) !== 0x5f) return false;
  return true;
}
