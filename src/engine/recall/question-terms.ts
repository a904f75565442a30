import { lexicalTerms } from "../corpus/terms.ts";
import type { LexicalTerm } from "../store/lexical.ts";

/** Words so common in questions that a match in code says nothing. */
const STOP_WORDS = new Set(
  (
    "a an and any are as at be by can could did do does for from get gets given has have how i if in into is it its me " +
    "my no not of on or our so that the their them then there these they this to up us use used using want was we were " +
    "what when where which while who whose why will with would you your"
  ).split(" "),
);

/** The distinct terms of a question with equal weight, without stop words unless nothing else is left. */
export function questionTerms(text: string, weight: number): LexicalTerm[] {
  const terms = [...new Set(lexicalTerms(text))];
  const telling = terms.filter((term) => !STOP_WORDS.has(term));
  return (telling.length > 0 ? telling : terms).map((term) => ({ term, weight }));
}
