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

const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/gu;
const SHORTEST = 4;

function words(text: string): Set<string> {
  return new Set([...text.matchAll(WORD)].map(([word]) => word).filter((word) => !COMMON.has(word.toLowerCase())));
}

/**
 * The word that leads from one quote to another: a name that stands in both, the longest one, of equals the first.
 * Undefined when they share none.
 */
export function joiningWord(from: string, to: string): string | undefined {
  const there = words(to);
  let best: string | undefined;
  for (const word of words(from)) {
    if (word.length < SHORTEST || !there.has(word)) continue;
    if (best === undefined || word.length > best.length) best = word;
  }
  return best;
}

/** Where a whole word stands in a line: columns, end exclusive. */
export function wordsIn(line: string, word: string): { readonly from: number; readonly to: number }[] {
  return [...line.matchAll(WORD)].flatMap((found) =>
    found[0] === word ? [{ from: found.index, to: found.index + word.length }] : [],
  );
}
