import { throwIfCancelled } from "../../../src/engine/errors.ts";
import { backgroundFiles, type Place, PlaceReader, segmentFile } from "./background.ts";
import type { GatedWrite, SegmentEncoder } from "./encoder.ts";
import { seeded, shuffled } from "./random.ts";

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
  readonly #reader = new PlaceReader();
  #next = 0;

  constructor(folder: string, seed: number, encoder: SegmentEncoder, segmentTokens: number) {
    const files = backgroundFiles(folder);
    this.files = shuffled(files.length, seeded(seed)).map((i) => files[i] as string);
    this.#encoder = encoder;
    this.#segmentTokens = segmentTokens;
  }

  /** How often the whole folder was streamed, above 1 when the stream is longer than the folder. */
  get rounds(): number {
    return this.#next / this.files.length;
  }

  /** Encodes on until the stream has so many tokens; returns the number of segments that make them up. */
  async extend(tokens: number, onProgress: (done: number) => void, signal: AbortSignal): Promise<number> {
    let done = this.tokens.at(-1) ?? 0;
    let spent = this.ms.at(-1) ?? 0;
    let told = performance.now();
    while (done < tokens) {
      let began = performance.now();
      const places = segmentFile(
        this.files[this.#next++ % this.files.length] as string,
        this.#encoder.tokenizer,
        this.#segmentTokens,
      );
      for (const { place, lines } of places) {
        throwIfCancelled(signal);
        const writes = await this.#encoder.encode(lines);
        if (writes.length > 0) this.writes.set(this.places.length, writes);
        done += place.tokens;
        const now = performance.now();
        spent += now - began;
        began = now;
        this.places.push(place);
        this.tokens.push(done);
        this.ms.push(spent);
        if (now - told > 10_000) {
          told = now;
          onProgress(done);
        }
      }
    }
    const at = this.tokens.findIndex((total) => total >= tokens);
    return tokens === 0 ? 0 : at + 1;
  }

  /** Text of a segment, read from disk. */
  text(segment: number): string {
    return this.#reader.text(this.places[segment] as Place);
  }
}
