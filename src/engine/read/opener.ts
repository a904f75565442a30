import { join } from "node:path";
import { readSource } from "../corpus/decode.ts";
import type { Segmenter } from "../corpus/segment.ts";
import type { Tokenizer } from "../corpus/tokenize.ts";
import type { Indexer } from "../indexing/indexer.ts";
import type { Turn } from "../scheduler.ts";
import type { SegmentRecord } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { staysInside } from "../workspace.ts";
import { cutOut, type ReadCandidate } from "./candidate.ts";

export interface OpenerDeps {
  readonly root: string;
  readonly store: Store;
  readonly tokenizer: Tokenizer;
  readonly segmenter: Segmenter;
  readonly indexer: Indexer;
  /** Files that grew beyond this are not read. */
  readonly maxFileBytes: number | undefined;
}

interface OpenedFile {
  readonly text: string;
  readonly hash: string;
}

/** Opens segments for one question, with their text fresh from disk; a file is read once. */
export class Opener {
  readonly #deps: OpenerDeps;
  readonly #turn: Turn;
  readonly #signal: AbortSignal | undefined;
  readonly #files = new Map<string, Promise<OpenedFile | undefined>>();

  constructor(deps: OpenerDeps, turn: Turn, signal: AbortSignal | undefined) {
    this.#deps = deps;
    this.#turn = turn;
    this.#signal = signal;
  }

  /** Streams those of the files that are not on disk as they were indexed; whether there were any. */
  async freshen(paths: Iterable<string>): Promise<boolean> {
    const { store, indexer } = this.#deps;
    // A read-only state cannot be brought up to date; `open` leaves its changed files out.
    if (store.readOnly) return false;
    const stale: string[] = [];
    for (const path of new Set(paths)) {
      const file = await this.#open(path);
      if (file?.hash !== store.fileOf(path)?.hash) stale.push(path);
    }
    if (stale.length === 0) return false;
    await indexer.refresh(stale, this.#turn, this.#signal);
    this.#files.clear();
    return true;
  }

  /** A segment with its text; undefined if its file changed since it was indexed. */
  async open(record: SegmentRecord, prior: number): Promise<ReadCandidate | undefined> {
    const { store, tokenizer, segmenter } = this.#deps;
    const file = await this.#open(record.path);
    if (file === undefined || file.hash !== store.fileOf(record.path)?.hash) return undefined;
    const anchors = store.writesOf([record.id]).get(record.id)?.anchors ?? [];
    return cutOut(record, anchors, file.text, prior, tokenizer, segmenter);
  }

  /** The segment that holds a line (from 1), brought up to date first. */
  async at(path: string, line: number): Promise<ReadCandidate | undefined> {
    await this.freshen([path]);
    const record = this.#deps.store
      .segmentsOfFile(path)
      .find(({ lineFrom, lineTo }) => lineFrom <= line && line <= lineTo);
    return record === undefined ? undefined : await this.open(record, 0);
  }

  /** Whether a file is on disk, this moment, as it was when the candidate was cut out of it. */
  async unchanged({ path, text }: ReadCandidate): Promise<boolean> {
    const source = await this.#read(path);
    return !("skip" in source) && source.text === text;
  }

  #open(path: string): Promise<OpenedFile | undefined> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const opening = this.#read(path).then((source) =>
      "skip" in source ? undefined : { text: source.text, hash: source.hash },
    );
    this.#files.set(path, opening);
    return opening;
  }

  async #read(path: string): ReturnType<typeof readSource> {
    if (!staysInside(path)) return { skip: "outside" };
    const { root, maxFileBytes } = this.#deps;
    return await readSource(join(root, path), maxFileBytes === undefined ? {} : { maxBytes: maxFileBytes });
  }
}
