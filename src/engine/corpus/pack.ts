/**
 * Where to cut a file: the cheapest way to cover its lines by segments of at most `maxTokens` tokens.
 *
 * Every line border has a price (see `cuts.ts`); a dynamic programme over the lines finds the cheapest sequence of
 * cuts. That packs small siblings together, keeps a definition that fits whole, and splits what does not fit at its
 * shallowest borders, in linear time and without recursion.
 */

/** Every segment costs this much, so that fewer, fuller ones win where the borders are equally good. */
const SEGMENT_PRICE = 1;
/** A segment below this many tokens carries too little to be found by. */
const SMALL = 16;
const SMALL_PRICE = 0.9;
/** A cut inside a line. */
const INSIDE_PRICE = 3;

/** Tokens and lines of a file, as the packer needs them. */
export interface LineTokens {
  /** Index of the first token at or after each line; one more entry than lines (the token count). */
  readonly firstToken: Int32Array;
  /** Price of a cut before each line. */
  readonly price: Float64Array;
}

/** One run of tokens `[from, to)` that is to be a segment, with the first and last line it touches (from 0). */
export interface Pack {
  readonly from: number;
  readonly to: number;
  readonly firstLine: number;
  readonly lastLine: number;
}

interface Unit {
  readonly from: number;
  readonly to: number;
  readonly firstLine: number;
  lastLine: number;
  readonly price: number;
}

/**
 * Packs of at most `maxTokens` tokens that cover all tokens in order. A line without tokens (closers, blank) stays
 * with the line before it. `words` keeps the pieces of one word together when a line has to be cut.
 */
export function pack(lines: LineTokens, words: Int32Array, maxTokens: number): Pack[] {
  const units = unitsOf(lines, words, maxTokens);
  const count = units.length;
  const cost = new Float64Array(count + 1).fill(Number.POSITIVE_INFINITY);
  const previous = new Int32Array(count + 1);
  cost[0] = 0;
  for (let end = 1; end <= count; end++) {
    const to = units[end - 1]?.to ?? 0;
    for (let start = end - 1; start >= 0; start--) {
      const unit = units[start];
      if (unit === undefined) break;
      const tokens = to - unit.from;
      if (tokens > maxTokens && start < end - 1) break;
      const small = tokens < SMALL ? (SMALL_PRICE * (SMALL - tokens)) / SMALL : 0;
      const total = (cost[start] ?? 0) + (start > 0 ? unit.price : 0) + SEGMENT_PRICE + small;
      // Strictly cheaper: of equal ways the fullest last segment wins, always the same one.
      if (total < (cost[end] ?? 0) - 1e-9 || start === end - 1) {
        cost[end] = total;
        previous[end] = start;
      }
    }
  }
  const packs: Pack[] = [];
  for (let end = count; end > 0; ) {
    const start = previous[end] ?? 0;
    const first = units[start];
    const last = units[end - 1];
    if (first !== undefined && last !== undefined) {
      packs.push({ from: first.from, to: last.to, firstLine: first.firstLine, lastLine: last.lastLine });
    }
    end = start;
  }
  return packs.reverse();
}

function unitsOf(lines: LineTokens, words: Int32Array, maxTokens: number): Unit[] {
  const units: Unit[] = [];
  let leading = -1;
  for (let line = 0; line + 1 < lines.firstToken.length; line++) {
    const from = lines.firstToken[line] ?? 0;
    const to = lines.firstToken[line + 1] ?? from;
    const price = lines.price[line] ?? 0;
    if (from === to) {
      const before = units.at(-1);
      if (before !== undefined) before.lastLine = line;
      else if (leading < 0) leading = line;
      continue;
    }
    const firstLine = leading >= 0 && units.length === 0 ? leading : line;
    for (let at = from; at < to; ) {
      const end = to - at <= maxTokens ? to : wordBorder(words, at, at + maxTokens);
      units.push({
        from: at,
        to: end,
        firstLine: at === from ? firstLine : line,
        lastLine: line,
        price: at === from ? price : price + INSIDE_PRICE,
      });
      at = end;
    }
  }
  return units;
}

/** The last word border in `(from, limit]`; `limit` itself when a single word is longer. */
function wordBorder(words: Int32Array, from: number, limit: number): number {
  for (let at = limit; at > from; at--) if (words[at] !== words[at - 1]) return at;
  return limit;
}
