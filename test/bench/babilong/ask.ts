import type { Tokenizer } from "../../../src/engine/corpus/tokenize.ts";
import { dpfp } from "../../../src/engine/memory/dpfp.ts";
import type { EndlessShard } from "../../../src/engine/memory/endless.ts";
import { featureWidth } from "../../../src/engine/memory/layout.ts";
import { join } from "../../../src/engine/model/inputs.ts";
import { ReaderMemory } from "../../../src/engine/model/reader-memory.ts";
import type { Stepper } from "../../../src/engine/model/stepper.ts";
import type { GatedWrite } from "./encoder.ts";

/** How a question is asked: the rules that the model was trained with (`models/training/babilong_batches.py`). */
const ASK_THRESHOLD = 0.3;
/** Segments that one key may bring, the newest first. */
const MOST_PER_KEY = 24;
/** Lines behind the question at the second hop, in groups of so many, so many groups, the newest first. */
const FOUND_LINES = 6;
const FOUND_GROUPS = 3;
/** Lines of a group that are asked alone in any case. */
const ALONE = 2;
/** Tokens of found lines behind a question (`FOUND_TOKENS` of the engine's input). */
const FOUND_TOKENS = 96;
/** Keys that agree more than this ask for the same. */
const SAME_KEY = 0.8;
/** Of a recalled segment, encoded again, those lines are read that write under a key that agrees this much. */
const RIGHT_KEY = 0.5;
/** Tokens of recalled lines that one reading step takes, and reading steps. */
const PACK_TOKENS = 220;
const MOST_PACKS = 3;
/** An answer's words. */
const MOST_WORDS = 2;

const NO_HEADER = new Int32Array(0);

export interface Asked {
  readonly answer: string;
  /** Lines that were read, in the order of the stream. */
  readonly lines: readonly string[];
  readonly hops: number;
}

/** What asking needs: the memory, and the text of what it points to. */
export interface Asking {
  readonly stepper: Stepper;
  readonly tokenizer: Tokenizer;
  readonly shard: EndlessShard;
  /** Segments of the stream. */
  readonly segments: number;
  /** A segment of the stream, its text read from where it stands and encoded again. */
  readonly segment: (address: number) => Promise<ReadSegment>;
}

export interface ReadSegment {
  /** Lines that have tokens: a line's place is its slot. */
  readonly lines: readonly string[];
  readonly writes: readonly GatedWrite[];
}

/** Asks the memory, reads the lines that it points to, and takes the best span. */
export async function askStream(question: string, asking: Asking): Promise<Asked> {
  const { stepper, tokenizer } = asking;
  const ids = tokenizer.encode(question).ids;
  const asked: Float32Array[] = [];
  const found = new Map<string, FoundLine>();
  const first = await stepper.question(ids);
  await recallAll(first.keys, first.weights, 0, asked, found, asking);
  let hops = 1;
  const askBehind = async (lines: readonly FoundLine[]): Promise<boolean> => {
    const code = join(...lines.map(({ ids }) => ids)).slice(-FOUND_TOKENS);
    const step = await stepper.question(ids, { code, anchors: Array.from(code, (_, i) => i) });
    return recallAll(step.keys, step.weights, ids.length, asked, found, asking);
  };
  const lines = inOrder(found);
  for (let group = 0; group < FOUND_GROUPS && group * FOUND_LINES < lines.length; group++) {
    const end = lines.length - group * FOUND_LINES;
    const behind = lines.slice(Math.max(0, end - FOUND_LINES), end);
    let more = await askBehind(behind);
    // The others can hide what one line asks for: the newest are asked alone too, and all of them if nothing was.
    for (let i = behind.length - 1; i >= 0 && behind.length > 1; i--) {
      if (more && behind.length - i > ALONE) break;
      more = (await askBehind(behind.slice(i, i + 1))) || more;
    }
    if (more) hops = 2;
  }
  const read = inOrder(found);
  return { answer: await readLines(ids, read.toReversed(), asking), lines: read.map(({ text }) => text), hops };
}

interface FoundLine {
  readonly segment: number;
  readonly slot: number;
  readonly text: string;
  readonly ids: Int32Array;
}

/** Recalls with each key from `from` on that asks for something new; whether any did. */
async function recallAll(
  keys: readonly Float32Array[],
  weights: readonly number[],
  from: number,
  asked: Float32Array[],
  found: Map<string, FoundLine>,
  { shard, segments, segment: read, tokenizer }: Asking,
): Promise<boolean> {
  let some = false;
  for (let i = from; i < keys.length; i++) {
    if ((weights[i] ?? 0) < ASK_THRESHOLD) continue;
    const key = keys[i] as Float32Array;
    const phi = features(key, shard);
    if (asked.some((other) => dot(other, phi) > SAME_KEY)) continue;
    asked.push(phi);
    some = true;
    for (const { segment } of shard.recall(key, segments, MOST_PER_KEY)) {
      const { lines, writes } = await read(segment);
      for (const { slot, key: own } of writes) {
        const name = `${segment}:${slot}`;
        if (found.has(name) || dot(features(own, shard), phi) <= RIGHT_KEY) continue;
        const text = lines[slot] as string;
        found.set(name, { segment, slot, text, ids: tokenizer.encode(text).ids });
      }
    }
  }
  return some;
}

/** φ of a key. */
function features(key: Float32Array, { layout }: EndlessShard): Float32Array {
  const out = new Float32Array(featureWidth(layout));
  dpfp(key, layout.dMem, layout.nu, out, true);
  return out;
}

function inOrder(found: ReadonlyMap<string, FoundLine>): FoundLine[] {
  return [...found.values()].sort((a, b) => a.segment - b.segment || a.slot - b.slot);
}

/** Streams the lines, the newest first, through the reader memory behind the question; one choice among all spans. */
async function readLines(
  question: Int32Array,
  lines: readonly FoundLine[],
  { stepper, tokenizer }: Asking,
): Promise<string> {
  if (lines.length === 0) return "";
  using memory = new ReaderMemory();
  const spans: { word: string; score: number }[] = [];
  for (const pack of packs(lines)) {
    const step = await stepper.read(question, NO_HEADER, join(...pack.map(({ ids }) => ids)), memory);
    let at = step.codeFrom;
    for (const { text, ids } of pack) {
      const { starts, ends } = tokenizer.encode(text);
      for (let i = 0; i < ids.length; i++) {
        for (let j = i; j < Math.min(ids.length, i + MOST_WORDS); j++) {
          const score = (step.start[at + i] as number) + (step.end[at + j] as number);
          spans.push({ word: text.slice(starts[i], ends[j]).toLowerCase(), score });
        }
      }
      at += ids.length;
    }
  }
  // The same words at several places speak for the same answer.
  const most = Math.max(...spans.map(({ score }) => score));
  const sums = new Map<string, number>();
  for (const { word, score } of spans) sums.set(word, (sums.get(word) ?? 0) + Math.exp(score - most));
  let best = "";
  for (const [word, sum] of sums) if (sum > (sums.get(best) ?? 0)) best = word;
  return best;
}

/** Lines in packs of at most `PACK_TOKENS` tokens; what would need more than `MOST_PACKS` is left out. */
function packs(lines: readonly FoundLine[]): FoundLine[][] {
  const out: FoundLine[][] = [];
  let room = 0;
  for (const line of lines) {
    const ids = line.ids.subarray(0, PACK_TOKENS);
    if (room < ids.length) {
      if (out.length === MOST_PACKS) break;
      out.push([]);
      room = PACK_TOKENS;
    }
    out.at(-1)?.push({ ...line, ids });
    room -= ids.length;
  }
  return out;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
