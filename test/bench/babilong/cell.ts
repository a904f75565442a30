import type { Tokenizer } from "../../../src/engine/corpus/tokenize.ts";
import { throwIfCancelled } from "../../../src/engine/errors.ts";
import { type EndlessLayout, EndlessShard } from "../../../src/engine/memory/endless.ts";
import type { Stepper } from "../../../src/engine/model/stepper.ts";
import { seeded, shuffled } from "../random.ts";
import { type Asked, askStream, type ReadSegment } from "./ask.ts";
import type { GatedWrite, SegmentEncoder } from "./encoder.ts";
import { baseAt, type StoryStream, scatter } from "./scatter.ts";
import type { StoryQuestion, Task } from "./stories.ts";
import type { BackgroundStream } from "./stream.ts";

/** One cell of the table. */
export interface Cell {
  readonly task: Task;
  /** Tokens of background asked for, and streamed. */
  readonly length: number;
  readonly tokens: number;
  readonly segments: number;
  readonly n: number;
  readonly right: number;
  readonly accuracy: number;
  /** Share of the questions for which memory pointed to every statement that the answer rests on. */
  readonly evidence: number;
  /** Tokens of the stream a second while it is written. */
  readonly tokensPerSecond: number;
  /** All that the memory keeps. */
  readonly stateBytes: number;
  /** Writes of the background that passed the gate. */
  readonly junkWrites: number;
  /** Median milliseconds from question to answer. */
  readonly askMs: number;
  readonly results: readonly Result[];
}

export interface Result {
  readonly question: string;
  readonly expected: string;
  readonly answer: string;
  readonly lines: readonly string[];
  /** Whether all supporting statements are among the lines. */
  readonly complete: boolean;
}

export interface CellInput {
  readonly stepper: Stepper;
  readonly tokenizer: Tokenizer;
  readonly encoder: SegmentEncoder;
  readonly background: BackgroundStream;
  readonly layout: EndlessLayout;
  readonly seed: number;
}

/** Strength of a write: .12 keeps about ten older writes of a key readable (test/bench/notes.md). */
export const STRENGTH = 0.12;

export function endlessLayout(stepper: Stepper): EndlessLayout {
  const { dMem, nu } = stepper.dims;
  return { dMem, nu, signs: 256, strength: STRENGTH, seed: 7 };
}

/** Questions of a task, at random, one of each story before a second one of any. */
export function chooseQuestions(all: readonly StoryQuestion[], n: number, seed: number): StoryQuestion[] {
  const rank = new Map<number, number>();
  return shuffled(all.length, seeded(seed))
    .map((i) => {
      const question = all[i] as StoryQuestion;
      const before = rank.get(question.story) ?? 0;
      rank.set(question.story, before + 1);
      return { question, before };
    })
    .sort((a, b) => a.before - b.before)
    .slice(0, n)
    .map(({ question }) => question);
}

/**
 * Asks each question at the end of a stream of its own: its story's statements scattered over the background's first
 * `segments` segments, the memory filled anew in the order of the stream.
 */
export async function runCell(
  task: Task,
  length: number,
  segments: number,
  questions: readonly StoryQuestion[],
  input: CellInput,
  signal: AbortSignal,
): Promise<Cell> {
  const { background, layout, seed } = input;
  const shard = new EndlessShard(layout);
  const random = seeded(seed * 7919 + Number(task.slice(2)));
  const results: Result[] = [];
  const times: number[] = [];
  let storyTokens = 0;
  let storyMs = 0;
  for (const question of questions) {
    throwIfCancelled(signal);
    const stream = scatter(question.statements, segments, random, (segment) => background.text(segment).split("\n"));
    const began = performance.now();
    storyTokens += await fill(shard, stream, segments, input);
    const filled = performance.now();
    storyMs += filled - began;
    const asked = await askOf(question.question, shard, stream, input);
    times.push(performance.now() - filled);
    const { question: text, answer: expected, supporting } = question;
    const complete = supporting.every((statement) => asked.lines.includes(statement));
    results.push({ question: text, expected, answer: asked.answer, lines: asked.lines, complete });
  }
  const right = results.filter(({ expected, answer }) => answer === expected.toLowerCase()).length;
  const last = segments - 1;
  const tokens = segments === 0 ? Math.round(storyTokens / questions.length) : (background.tokens[last] as number);
  const ms = segments === 0 ? storyMs / questions.length : (background.ms[last] as number);
  return {
    task,
    length,
    tokens,
    segments,
    n: questions.length,
    right,
    accuracy: right / questions.length,
    evidence: results.filter(({ complete }) => complete).length / questions.length,
    tokensPerSecond: (1000 * tokens) / ms,
    stateBytes: shard.stateBytes,
    junkWrites: [...background.writes].reduce((sum, [at, writes]) => sum + (at < segments ? writes.length : 0), 0),
    askMs: times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0,
    results,
  };
}

/** Fills the memory from an empty one in the order of the stream; returns the tokens of the story's own segments. */
async function fill(
  shard: EndlessShard,
  stream: StoryStream,
  segments: number,
  { encoder, tokenizer, background }: CellInput,
): Promise<number> {
  shard.clear();
  const write = (writes: readonly GatedWrite[], address: number): void => {
    for (const { key, beta } of writes) shard.write(key, beta, address);
  };
  const noise = [...background.writes].filter(([segment]) => segment < segments);
  let next = 0;
  let extra = 0;
  let tokens = 0;
  let last = -2;
  for (const { address, base, lines } of stream.changed) {
    if (base >= 0 && base === last) extra++;
    for (; next < noise.length && (noise[next]?.[0] as number) <= base; next++) {
      const [segment, writes] = noise[next] as (typeof noise)[number];
      if (segment < base) write(writes, segment + extra);
    }
    const ids = lines.map((line) => tokenizer.encode(line).ids).filter((line) => line.length > 0);
    tokens += ids.reduce((sum, line) => sum + line.length, 0);
    write(await encoder.encode(ids), address);
    last = base;
  }
  for (; next < noise.length; next++) {
    const [segment, writes] = noise[next] as (typeof noise)[number];
    write(writes, segment + extra);
  }
  return tokens;
}

/** The question at the end of the stream; the text of what memory points to is read again from where it stands. */
function askOf(
  question: string,
  shard: EndlessShard,
  stream: StoryStream,
  { stepper, tokenizer, encoder, background }: CellInput,
): Promise<Asked> {
  const own = new Map(stream.changed.map(({ address, lines }) => [address, lines]));
  const read = async (address: number): Promise<ReadSegment> => {
    const all = own.get(address) ?? background.text(baseAt(stream, address)).split("\n");
    const lines = all.map((text) => ({ text, ids: tokenizer.encode(text).ids })).filter(({ ids }) => ids.length > 0);
    return { lines: lines.map(({ text }) => text), writes: await encoder.encode(lines.map(({ ids }) => ids)) };
  };
  const segments = new Map<number, Promise<ReadSegment>>();
  const segment = (address: number): Promise<ReadSegment> => {
    const known = segments.get(address) ?? read(address);
    segments.set(address, known);
    return known;
  };
  return askStream(question, { stepper, tokenizer, shard, segments: stream.segments, segment });
}
