import { throwIfCancelled } from "../../../src/engine/errors.ts";
import { seeded, shuffled } from "../random.ts";
import { backgroundFiles, type Place, PlaceReader, segmentFile } from "./background.ts";
import { BETA_THRESHOLD, type GatedWrite, type SegmentEncoder } from "./encoder.ts";
import type { Journal, WrittenFile } from "./journal.ts";

/**
 * The background, encoded once from its begin: a segment is encoded without any memory, so its writes are the same in
 * every stream that holds it. Kept are the places and the few writes that pass the gate, for filling many streams; a
 * stream's own memory holds neither.
 */
export class BackgroundStream {
  readonly places: Place[] = [];
  /** Gated writes by segment; most segments have none. */
  readonly writes = new Map<number, readonly GatedWrite[]>();
  /** Tokens and milliseconds up to and with each segment. */
  readonly tokens: number[] = [];
  readonly ms: number[] = [];
  readonly files: readonly string[];
  readonly #encoder: SegmentEncoder;
  readonly #segmentTokens: number;
  readonly #journal: Journal | undefined;
  readonly #reader = new PlaceReader();
  #next = 0;

  constructor(folder: string, seed: number, encoder: SegmentEncoder, segmentTokens: number, journal?: Journal) {
    const files = backgroundFiles(folder);
    this.files = shuffled(files.length, seeded(seed)).map((i) => files[i] as string);
    this.#encoder = encoder;
    this.#segmentTokens = segmentTokens;
    this.#journal = journal;
    for (const written of journal?.read() ?? []) this.#append(written);
  }

  /** How often the whole folder was streamed, above 1 when the stream is longer than the folder. */
  get rounds(): number {
    return this.#next / this.files.length;
  }

  /** Encodes on until the stream has so many tokens; returns the number of segments that make them up. */
  async extend(tokens: number, onProgress: (done: number) => void, signal: AbortSignal): Promise<number> {
    let told = performance.now();
    while ((this.tokens.at(-1) ?? 0) < tokens) {
      const written = await this.#encode(this.#file(this.#next), signal);
      this.#journal?.add(written);
      this.#append(written);
      const now = performance.now();
      if (now - told > 10_000) {
        told = now;
        onProgress(this.tokens.at(-1) ?? 0);
      }
    }
    return tokens === 0 ? 0 : this.tokens.findIndex((total) => total >= tokens) + 1;
  }

  /** Text of a segment, read from disk. */
  text(segment: number): string {
    return this.#reader.text(this.places[segment] as Place);
  }

  #file(index: number): string {
    return this.files[index % this.files.length] as string;
  }

  async #encode(file: string, signal: AbortSignal): Promise<WrittenFile> {
    const began = performance.now();
    const segments = segmentFile(file, this.#encoder.tokenizer, this.#segmentTokens);
    const writes: { segment: number; writes: GatedWrite[] }[] = [];
    for (const [segment, { lines }] of segments.entries()) {
      throwIfCancelled(signal);
      const own = await this.#encoder.encode(lines);
      if (own.length > 0) writes.push({ segment, writes: own });
    }
    return {
      tokens: segments.map(({ place }) => place.tokens),
      ranges: segments.flatMap(({ place }) => [place.from, place.to]),
      ms: performance.now() - began,
      writes,
    };
  }

  #append({ tokens, ranges, ms, writes }: WrittenFile): void {
    const file = this.#file(this.#next++);
    const base = this.places.length;
    for (const { segment, writes: own } of writes) {
      const gated = own.filter(({ beta }) => beta >= BETA_THRESHOLD);
      if (gated.length > 0) this.writes.set(base + segment, gated);
    }
    for (const [i, count] of tokens.entries()) {
      this.places.push({ file, from: ranges[2 * i] as number, to: ranges[2 * i + 1] as number, tokens: count });
      this.tokens.push((this.tokens.at(-1) ?? 0) + count);
      this.ms.push((this.ms.at(-1) ?? 0) + ms / tokens.length);
    }
  }
}
