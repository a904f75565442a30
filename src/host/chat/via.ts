const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/gu;

/** Where a whole word stands in a line: columns, end exclusive. */
export function wordsIn(line: string, word: string): { readonly from: number; readonly to: number }[] {
  return [...line.matchAll(WORD)].flatMap((found) =>
    found[0] === word ? [{ from: found.index, to: found.index + word.length }] : [],
  );
}
