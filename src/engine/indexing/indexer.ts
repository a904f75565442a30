import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { readSource } from "../corpus/decode.ts";
import { type Discovery, discover, discoverFile, type WorkspaceFile } from "../corpus/discover.ts";
import type { Segment, Segmenter } from "../corpus/segment.ts";
import { lexicalTerms } from "../corpus/terms.ts";
import { throwIfCancelled } from "../errors.ts";
import type { Stepper } from "../model/stepper.ts";
import type { EncodedSegment, FileInput, SegmentInput } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { IndexProgress } from "../types.ts";
import { encodeSegment, segmentHash } from "./encode.ts";

/** Committed together: a crash loses at most this many segments' work. */
const SEGMENTS_PER_TRANSACTION = 64;

/** What one run streamed. */
export interface IndexCounts {
  streamedFiles: number;
  streamedSegments: number;
  streamedTokens: number;
  streamedBytes: number;
  reusedSegments: number;
  removedFiles: number;
}

/** A file left out, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

interface PreparedFile {
  readonly file: FileInput;
  readonly segments: readonly SegmentInput[];
}

/** Brings the state up to date with the disk: streams what changed, removes what is gone. */
export class Indexer {
  readonly #root: string;
  readonly #store: Store;
  readonly #segmenter: Segmenter;
  readonly #stepper: Stepper;

  constructor(root: string, store: Store, segmenter: Segmenter, stepper: Stepper) {
    this.#root = root;
    this.#store = store;
    this.#segmenter = segmenter;
    this.#stepper = stepper;
  }

  /** Looks at the whole workspace. What was committed before a cancellation stays. */
  async update(
    onProgress: (progress: IndexProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<{ counts: IndexCounts; skipped: SkippedFile[]; discovery: Discovery }> {
    const started = performance.now();
    const progress = { filesDone: 0, filesTotal: 0, bytesDone: 0, bytesTotal: 0, segmentsDone: 0, tokensDone: 0 };
    const tell = (phase: IndexProgress["phase"]) =>
      onProgress({ phase, ...progress, elapsedMs: performance.now() - started });
    tell("discover");
    const discovery = await discover(this.#root, {}, signal);
    const skipped: SkippedFile[] = [...discovery.skipped];
    const counts = newCounts();
    const known = new Map(this.#store.files().map((file) => [file.path, file]));
    const changed = discovery.files.filter((file) => {
      const before = known.get(file.path);
      return before === undefined || before.size !== file.size || before.mtimeMs !== file.mtimeMs;
    });
    this.#removeGone(known.keys(), discovery.files, counts);
    progress.filesTotal = changed.length;
    progress.bytesTotal = changed.reduce((sum, file) => sum + file.size, 0);
    tell("stream");
    let batch: PreparedFile[] = [];
    const commit = () => {
      const ready = batch;
      batch = [];
      if (ready.length > 0) this.#commit(ready);
    };
    try {
      for (const file of changed) {
        throwIfCancelled(signal);
        const prepared = await this.#prepare(file, counts, skipped, signal, (tokens) => {
          progress.segmentsDone++;
          progress.tokensDone += tokens;
          tell("stream");
        });
        if (prepared !== undefined) batch.push(prepared);
        if (batch.reduce((sum, one) => sum + one.segments.length, 0) >= SEGMENTS_PER_TRANSACTION) commit();
        progress.filesDone++;
        progress.bytesDone += file.size;
        tell("stream");
      }
    } finally {
      commit();
    }
    tell("settle");
    await this.#store.settle(signal);
    return { counts, skipped, discovery };
  }

  /**
   * Streams single files again, e.g. those that changed since the last look. The rules of discovery hold for them too:
   * a path that must not be read is forgotten, never read. Returns whether the state changed.
   */
  async refresh(paths: readonly string[], signal: AbortSignal | undefined): Promise<boolean> {
    const counts = newCounts();
    const prepared: PreparedFile[] = [];
    for (const path of paths) {
      throwIfCancelled(signal);
      const found = await discoverFile(this.#root, path);
      if (typeof found === "object") {
        const one = await this.#prepare(found, counts, [], signal, () => {});
        if (one !== undefined) prepared.push(one);
      } else if (this.#store.removeFile(path) !== undefined) counts.removedFiles++;
    }
    if (prepared.length > 0) this.#commit(prepared);
    const changed = prepared.length + counts.removedFiles > 0;
    if (changed) await this.#store.settle(signal);
    return changed;
  }

  #removeGone(known: Iterable<string>, present: readonly WorkspaceFile[], counts: IndexCounts): void {
    const paths = new Set(present.map((file) => file.path));
    const gone = [...known].filter((path) => !paths.has(path));
    if (gone.length === 0) return;
    this.#store.transaction(() => {
      for (const path of gone) if (this.#store.removeFile(path) !== undefined) counts.removedFiles++;
    });
  }

  /** Reads, cuts and encodes one file; undefined if its content is known already or it cannot be indexed. */
  async #prepare(
    file: WorkspaceFile,
    counts: IndexCounts,
    skipped: SkippedFile[],
    signal: AbortSignal | undefined,
    onSegment: (tokens: number) => void,
  ): Promise<PreparedFile | undefined> {
    const source = await readSource(join(this.#root, file.path));
    const before = this.#store.fileOf(file.path);
    if ("skip" in source) {
      if (before !== undefined && this.#store.removeFile(file.path) !== undefined) counts.removedFiles++;
      skipped.push({ path: file.path, reason: source.skip });
      return undefined;
    }
    const input = {
      path: file.path,
      size: source.bytes,
      mtimeMs: source.mtimeMs,
      hash: source.hash,
      lines: source.text.split("\n").length,
    };
    if (before?.hash === source.hash) {
      this.#store.touchFile(file.path, input.size, input.mtimeMs);
      return undefined;
    }
    const { segments } = await this.#segmenter.segment(file.path, source.text);
    const kept = occurrences(this.#store.segmentHashes(file.path));
    const inputs: SegmentInput[] = [];
    for (const segment of segments) {
      const hash = segmentHash(segment);
      let encoded: EncodedSegment | undefined;
      const copies = kept.get(hash) ?? 0;
      if (copies > 0) {
        kept.set(hash, copies - 1);
        counts.reusedSegments++;
      } else {
        throwIfCancelled(signal);
        encoded = await encodeSegment(this.#stepper, segment);
        counts.streamedSegments++;
        counts.streamedTokens += segment.code.length + segment.header.length;
        onSegment(segment.code.length);
        // The model blocks the thread while it runs: let timers and messages in between.
        if (counts.streamedSegments % 4 === 0) await nextTurn();
      }
      inputs.push(segmentInput(file.path, source.text, segment, hash, encoded));
    }
    counts.streamedFiles++;
    counts.streamedBytes += source.bytes;
    return { file: input, segments: inputs };
  }

  #commit(files: readonly PreparedFile[]): void {
    this.#store.transaction(() => {
      for (const { file, segments } of files) this.#store.replaceFile(file, segments);
    });
  }
}

function occurrences(hashes: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  return counts;
}

function newCounts(): IndexCounts {
  return {
    streamedFiles: 0,
    streamedSegments: 0,
    streamedTokens: 0,
    streamedBytes: 0,
    reusedSegments: 0,
    removedFiles: 0,
  };
}

function segmentInput(
  path: string,
  text: string,
  segment: Segment,
  hash: string,
  encoded: EncodedSegment | undefined,
): SegmentInput {
  return {
    charFrom: segment.start,
    charTo: segment.end,
    byteFrom: segment.byteStart,
    byteTo: segment.byteEnd,
    lineFrom: segment.startLine,
    lineTo: segment.endLine,
    symbol: segment.symbol,
    hash,
    tokens: segment.code.length,
    lexical: {
      path: lexicalTerms(path).join(" "),
      symbol: lexicalTerms(segment.symbol).join(" "),
      body: lexicalTerms(text.slice(segment.start, segment.end)).join(" "),
    },
    encoded,
  };
}
