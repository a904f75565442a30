/** Words so common in questions that matching them in code says nothing. */
const STOP_WORDS = new Set(
  (
    "a an and any are as at be by can do does for from get gets has have how i if in into is it its my not of on or " +
    "our so that the their them then there they this to up us was we what when where which while who why will with " +
    "you your"
  ).split(" "),
);

/**
 * Terms of code or of a question for the BM25 peer, in order: every identifier as a whole and, where it has more than
 * one, its camelCase and snake_case pieces; numbers; words. Lower case. Stemming is left to FTS5's porter tokenizer.
 */
export function codeTerms(text: string): string[] {
  const terms: string[] = [];
  for (const [word] of text.matchAll(/[\p{L}\p{N}_$]+/gu)) {
    const whole = word.replace(/[_$]+/gu, "").toLowerCase();
    if (whole === "") continue;
    terms.push(whole);
    const pieces = word.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}]+|\p{N}+|[\p{L}]+/gu) ?? [];
    if (pieces.length > 1) for (const piece of pieces) terms.push(piece.toLowerCase());
  }
  return terms;
}

/** The distinct terms of a question, without stop words unless nothing else is left. */
export function queryTerms(question: string): readonly string[] {
  const terms = [...new Set(codeTerms(question))];
  const telling = terms.filter((term) => !STOP_WORDS.has(term));
  return telling.length > 0 ? telling : terms;
}
