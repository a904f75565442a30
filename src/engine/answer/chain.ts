import { lexicalTerms } from "../corpus/terms.ts";
import type { Citation, Link } from "../types.ts";

/** Segments that may hold a name that joins two places; a name that stands in more leads everywhere. */
export const RARE = 12;

/** Of a quote that is looked at, in UTF-16 units, and of the names that two quotes share: lines may be a megabyte long. */
const LOOKED_AT = 20_000;
const MOST_SHARED = 32;

/** Names of several words: what is a single word stands in comments and texts as well. */
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/gu;
const SEVERAL_WORDS = /\p{Ll}\p{Lu}|[\p{L}\p{N}]_[\p{L}\p{N}]/u;

/**
 * The places of the proof that lead to the first one, in the order in which they lead on, each by the rarest name that
 * the next one holds as well. Names that the question spells out join nothing: they stand in all that is found by them.
 * `holders`: how many segments of the workspace hold a term, at least up to `RARE`.
 */
export function chainOf(
  question: string,
  citations: readonly Citation[],
  holders: (term: string) => number,
): readonly Link[] {
  const asked = new Set(lexicalTerms(question));
  const names = citations.map(({ quote }) => namesIn(quote, asked));
  const left = [...citations.keys()].filter((at) => at > 0 && citations[at]?.proves === true);
  const chain: Link[] = [];
  let next = 0;
  while (left.length > 0) {
    const joined = left.flatMap((at) => {
      const shared = [...(names[at] ?? [])].filter(([term]) => names[next]?.has(term)).slice(0, MOST_SHARED);
      return shared.map(([term, word]) => ({ at, word, held: holders(term) }));
    });
    const [link] = joined.filter(({ held }) => held <= RARE).sort((a, b) => a.held - b.held || a.at - b.at);
    if (link === undefined) break;
    chain.unshift({ citation: link.at, word: link.word });
    left.splice(left.indexOf(link.at), 1);
    next = link.at;
  }
  return chain;
}

/** Names of several words that the question does not spell out: as they stand there, by their term in the index. */
function namesIn(quote: string, asked: ReadonlySet<string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [name] of quote.slice(0, LOOKED_AT).matchAll(NAME)) {
    if (!SEVERAL_WORDS.test(name)) continue;
    const terms = lexicalTerms(name);
    const whole = terms.at(-1);
    if (whole === undefined || terms.length < 3 || names.has(whole)) continue;
    if (!asked.has(whole) && !terms.slice(0, -1).every((term) => asked.has(term))) names.set(whole, name);
  }
  return names;
}
