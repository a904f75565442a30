import type { Answer, Citation } from "../engine/types.ts";
import { surenessOf } from "./sureness.ts";

/** A place belongs to the proof from this share of the best place's relevance on. */
const PROVES = 0.4;
const MOST_PLACES = 4;
const SHORTEST = 4;
const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/gu;

/** Words that join nothing: keywords and names that stand everywhere. */
const COMMON = new Set(
  (
    "abstract and args array assert async await bool boolean break byte case catch char class code const constructor " +
    "continue data def default del delete elif else end enum err error except exec export extends false field file " +
    "final finally float for from func function get global has if implements import in index init instanceof int " +
    "interface is item items key lambda len length let line list long map match message module name new next nil none " +
    "not null number object of option options or package param params pass path print private process prototype " +
    "protected public raise ref require res result return self set size static str string struct super switch test " +
    "text this throw throws to true try type typeof undefined use val value values var void while with yield"
  ).split(" "),
);

/** A place that leads on to the next one, by a name that stands in both. */
export interface Link {
  readonly citation: Citation;
  readonly word: string;
}

/** Places that are about as relevant as the best one, without the first, which the answer is taken from. */
export function proofOf(citations: readonly Citation[]): readonly Citation[] {
  const top = Math.max(...citations.map(({ relevance }) => relevance));
  return citations
    .slice(1)
    .filter(({ relevance }) => relevance >= PROVES * top)
    .slice(0, MOST_PLACES - 1);
}

/**
 * The places of the proof that lead to the first one, in the order in which they lead on, each by a name that the next
 * one holds as well. Words of the question join nothing: they stand in every place that is found by them.
 */
export function chainOf({ question, abstained, confidence, kind, citations }: Answer): readonly Link[] {
  const [best] = citations;
  if (best === undefined || abstained || kind === "list" || surenessOf(confidence) === "unsure") return [];
  const asked = words(question.toLowerCase());
  const chain: Link[] = [];
  let next = best;
  const left = [...proofOf(citations)];
  while (left.length > 0) {
    const [linked] = left
      .map((citation) => ({ citation, word: joiningWord(citation.quote, next.quote, asked) ?? "" }))
      .sort((a, b) => b.word.length - a.word.length);
    if (linked === undefined || linked.word === "") break;
    chain.unshift(linked);
    left.splice(left.indexOf(linked.citation), 1);
    next = linked.citation;
  }
  return chain;
}

function words(text: string): Set<string> {
  return new Set([...text.matchAll(WORD)].map(([word]) => word).filter((word) => !COMMON.has(word.toLowerCase())));
}

/** The longest name that stands in both quotes, of equals the first. */
function joiningWord(from: string, to: string, asked: ReadonlySet<string>): string | undefined {
  const there = words(to);
  let best: string | undefined;
  for (const word of words(from)) {
    if (word.length < SHORTEST || !there.has(word) || asked.has(word.toLowerCase())) continue;
    if (best === undefined || word.length > best.length) best = word;
  }
  return best;
}
