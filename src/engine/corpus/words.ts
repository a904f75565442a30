/**
 * Splits text into the words that WordPiece sees, for code and questions alike.
 * `models/training/tokenizer.py` is the same algorithm in Python; the parity test holds them together.
 *
 * Identifiers are cut at camelCase, snake_case and digit borders; whitespace, control characters, closing
 * brackets and semicolons are dropped (they carry no meaning that the opener does not); more than two equal
 * punctuation characters in a row count as one.
 */

const DROP = 0;
const LOWER = 1;
const UPPER = 2;
const DIGIT = 3;
const PUNCTUATION = 4;
const UNDERSCORE = 5;
const IDEOGRAPH = 6;
const DOLLAR = 7;
const UNKNOWN = 255;

/** A sigil or leading underscores belong to the name after them; longer runs are decoration. */
const MAX_PREFIX = 8;

const classes = new Uint8Array(0x10000).fill(UNKNOWN);
for (const dropped of ")]};") classes[dropped.charCodeAt(0)] = DROP;
classes[0x5f] = UNDERSCORE;
classes[0x24] = DOLLAR;

/** The ranges that BERT treats as Chinese characters: each is a word of its own. */
function isIdeograph(codePoint: number): boolean {
  return (
    (codePoint >= 0x4e00 && codePoint <= 0x9fff) ||
    (codePoint >= 0x3400 && codePoint <= 0x4dbf) ||
    (codePoint >= 0x20000 && codePoint <= 0x2a6df) ||
    (codePoint >= 0x2a700 && codePoint <= 0x2ceaf) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
    (codePoint >= 0x2f800 && codePoint <= 0x2fa1f)
  );
}

function classify(codePoint: number): number {
  if (codePoint === 0xfffd) return DROP;
  if (isIdeograph(codePoint)) return IDEOGRAPH;
  const character = String.fromCodePoint(codePoint);
  if (/[\p{Lu}\p{Lt}]/u.test(character)) return UPPER;
  if (/[\p{L}\p{M}]/u.test(character)) return LOWER;
  if (/\p{N}/u.test(character)) return DIGIT;
  if (/[\p{P}\p{S}]/u.test(character)) return PUNCTUATION;
  return DROP;
}

/** Class of the code point at `index`; DROP past the end. */
function classAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  if (Number.isNaN(unit)) return DROP;
  if (unit >= 0xd800 && unit <= 0xdfff) {
    const codePoint = text.codePointAt(index);
    return codePoint === undefined || codePoint < 0x10000 ? DROP : classify(codePoint);
  }
  let known = classes[unit] ?? UNKNOWN;
  if (known === UNKNOWN) {
    known = classify(unit);
    classes[unit] = known;
  }
  return known;
}

/** Index after the code point at `index`. */
function after(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdbff) return index + 1;
  const low = text.charCodeAt(index + 1);
  return low >= 0xdc00 && low <= 0xdfff ? index + 2 : index + 1;
}

function runEnd(text: string, index: number, wanted: number): number {
  let at = index;
  while (classAt(text, at) === wanted) at = after(text, at);
  return at;
}

function isNameClass(value: number): boolean {
  return value === LOWER || value === UPPER || value === DIGIT || value === IDEOGRAPH;
}

/** End of the piece of a name that starts at `index` (a letter, digit or ideograph). */
function pieceEnd(text: string, index: number): number {
  const first = classAt(text, index);
  if (first === IDEOGRAPH) return after(text, index);
  if (first !== UPPER) return runEnd(text, index, first);
  let last = index;
  let at = after(text, index);
  while (classAt(text, at) === UPPER) {
    last = at;
    at = after(text, at);
  }
  if (classAt(text, at) !== LOWER) return at;
  if (last === index) return runEnd(text, at, LOWER);
  // A plural acronym (URLs, IDs) is one word; otherwise the last capital opens the next one (HTTPServer).
  if (text.charCodeAt(at) === 0x73 && classAt(text, at + 1) !== LOWER) return at + 1;
  return last;
}

/**
 * Receives one word: its letters are `text.slice(wordStart, wordEnd)`; `start..end` is the range to show, which
 * also covers a sigil or leading and trailing underscores of the name, so that spans stay verbatim.
 */
export type WordSink = (wordStart: number, wordEnd: number, start: number, end: number) => void;

/** Calls `sink` for each word of `text` in order. Linear in the text's length; any string is valid input. */
export function scanWords(text: string, sink: WordSink): void {
  const length = text.length;
  let at = 0;
  while (at < length) {
    const kind = classAt(text, at);
    if (kind === DROP) {
      at++;
      continue;
    }
    let start = at;
    let inName = isNameClass(kind);
    if (kind === UNDERSCORE || kind === DOLLAR) {
      let next = at;
      while (next - at < MAX_PREFIX && (text.charCodeAt(next) === 0x5f || text.charCodeAt(next) === 0x24)) next++;
      if (isNameClass(classAt(text, next))) {
        inName = true;
        at = next;
      }
    }
    if (!inName) {
      const first = after(text, at);
      let end = first;
      while (end < length && text.codePointAt(end) === text.codePointAt(at)) end = after(text, end);
      if (end - at > 2 * (first - at)) sink(at, first, at, end);
      else for (let one = at; one < end; one += first - at) sink(one, one + first - at, one, one + first - at);
      at = end;
      continue;
    }
    while (inName) {
      const wordEnd = pieceEnd(text, at);
      const trailing = runEnd(text, wordEnd, UNDERSCORE);
      inName = isNameClass(classAt(text, trailing));
      sink(at, wordEnd, start, inName ? wordEnd : trailing);
      at = trailing;
      start = at;
    }
  }
}
