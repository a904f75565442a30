import { join } from "node:path";
import { readSource } from "../corpus/decode.ts";
import { type DiscoverOptions, type Discovery, discoverFile, survey, type WorkspaceFile } from "../corpus/discover.ts";
import type { Segment, Segmenter } from "../corpus/segment.ts";
import { lexicalTerms } from "../corpus/terms.ts";
import { throwIfCancelled } from "../errors.ts";
import type { Encoders } from "../model/encoders.ts";
import type { Model } from "../model/model.ts";
import type { Stepper } from "../model/stepper.ts";
import type { Turn } from "../scheduler.ts";
import type { EncodedSegment, FileInput, SegmentInput } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { IndexProgress } from "../types.ts";
import { encodeSegment, type IndexSteps, segmentHash } from "./encode.ts";
import { refreshTargets } from "./targets.ts";

/** Committed together: a crash loses at most this many segments' work. */
const SEGMENTS_PER_TRANSACTION = 64;

/** After a run that streamed this share of all segments the state is made as small as it can be. */
const COMPACTED_FROM = 0.1;

/** Note in the state: bytes of the workspace, of which the indexed ones are a share. */
export const EXTENT_NOTE = "extent";

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

/** A look at the whole workspace, before anything is streamed. */
export interface Look {
  readonly discovery: Discovery;
  /** Count of commits when the look began: what was committed since is newer. */
  readonly since: number;
  /** `performance.now()` then. */
  readonly started: number;
}

interface PreparedFile {
  readonly file: FileInput;
  readonly segments: readonly SegmentInput[];
  /** Count of commits when the file was read. */
  readonly since: number;
}

/** A file whose segments are being encoded; files are committed in the order in which they were read. */
interface PendingFile {
  readonly bytes: number;
  readonly ready: Promise<PreparedFile>;
  prepared?: PreparedFile;
}

/** What a run under way keeps track of. */
interface Run {
  readonly counts: IndexCounts;
  readonly skipped: SkippedFile[];
  readonly signal: AbortSignal | undefined;
  readonly steps: IndexSteps;
  /** Waits until another segment may be encoded beside those under way; without it, one at a time. */
  readonly room?: () => Promise<void>;
  /** Between two segments. */
  readonly pass: () => Promise<void>;
  readonly onSegment: (tokens: number) => void;
}

/**
 * Brings the state up to date with the disk: streams what changed, removes what is gone. Runs may be interrupted by
 * others at each segment (`Turn.pass`); a file that another has brought up to date meanwhile is left as that one made it.
 */
export class Indexer {
  readonly #root: string;
  readonly #store: Store;
  readonly #segmenter: Segmenter;
  readonly #stepper: Stepper;
  readonly #encoders: Encoders;
  readonly #options: DiscoverOptions;
  /** Counts commits, and at which one each file changed last. */
  #clock = 0;
  readonly #changedAt = new Map<string, number>();

  constructor(
    root: string,
    store: Store,
    { segmenter, stepper, encoders }: Pick<Model, "segmenter" | "stepper" | "encoders">,
    options: DiscoverOptions,
  ) {
    this.#root = root;
    this.#store = store;
    this.#segmenter = segmenter;
    this.#stepper = stepper;
    this.#encoders = encoders;
    this.#options = options;
  }

  /** Looks at the whole workspace; needs neither the model nor the state. */
  async look(signal: AbortSignal | undefined): Promise<Look> {
    const look = { since: this.#clock, started: performance.now() };
    return { ...look, discovery: await survey(this.#root, this.#options, signal) };
  }

  /** Streams what a look found changed. What was committed before a cancellation stays. */
  async update(
    { discovery, since, started }: Look,
    turn: Turn,
    onProgress: (progress: IndexProgress) => void,
    signal: AbortSignal | undefined,
  ): Promise<{ counts: IndexCounts; skipped: SkippedFile[] }> {
    const skipped: SkippedFile[] = [...discovery.skipped];
    const counts = newCounts();
    const known = new Map(this.#store.files().map((file) => [file.path, file]));
    const changed = discovery.files.filter((file) => {
      const before = known.get(file.path);
      return before === undefined || before.size !== file.size || before.mtimeMs !== file.mtimeMs;
    });
    const sizeOf = (files: readonly WorkspaceFile[]) => files.reduce((sum, file) => sum + file.size, 0);
    const bytesTotal = sizeOf(discovery.files);
    const progress = {
      filesDone: discovery.files.length - changed.length,
      filesTotal: discovery.files.length,
      bytesDone: bytesTotal - sizeOf(changed),
      bytesTotal,
      segmentsDone: 0,
      tokensDone: 0,
    };
    const tell = (phase: IndexProgress["phase"]) =>
      onProgress({ phase, ...progress, elapsedMs: performance.now() - started });
    this.#removeGone(known.keys(), discovery.files, since, counts);
    this.#noteExtent(bytesTotal);
    tell("stream");
    const pending: PendingFile[] = [];
    let batch: PreparedFile[] = [];
    const commit = () => {
      const ready = batch;
      batch = [];
      if (ready.length > 0) this.#commit(ready);
    };
    const collect = () => {
      for (let first = pending[0]; first?.prepared !== undefined; first = pending[0]) {
        batch.push(first.prepared);
        pending.shift();
        progress.filesDone++;
        progress.bytesDone += first.bytes;
        tell("stream");
      }
    };
    const run: Run = {
      counts,
      skipped,
      signal,
      steps: this.#encoders,
      room: () => this.#encoders.room(),
      // A question that comes in between asks what is done so far.
      pass: () =>
        turn.pass(() => {
          collect();
          commit();
        }),
      onSegment: (tokens) => {
        progress.segmentsDone++;
        progress.tokensDone += tokens;
        tell("stream");
      },
    };
    try {
      for (const file of changed) {
        await run.pass();
        this.#encoders.start(bytesTotal - progress.bytesDone);
        const ready = await this.#prepare(file, run);
        if (ready === undefined) {
          progress.filesDone++;
          progress.bytesDone += file.size;
        } else pending.push(pendingFile(file.size, ready));
        collect();
        if (batch.reduce((sum, one) => sum + one.segments.length, 0) >= SEGMENTS_PER_TRANSACTION) commit();
        tell("stream");
      }
      for (let first = pending[0]; first !== undefined; first = pending[0]) {
        await first.ready;
        collect();
        // All is told as read from here on, so it must be there for whoever asks in between.
        if (pending.length === 0) commit();
        await run.pass();
      }
    } finally {
      await Promise.allSettled(pending.map(({ ready }) => ready));
      collect();
      commit();
    }
    tell("settle");
    await this.settle(turn, signal);
    const segments = this.#store.memory().segments;
    if (counts.streamedSegments >= segments * COMPACTED_FROM) await this.#store.compact(signal, () => turn.pass());
    // Files that turned out not to be readable are no part of what can be known.
    this.#noteExtent(this.#store.knownBytes());
    return { counts, skipped };
  }

  /**
   * Streams single files again, e.g. those that changed since the last look; a folder stands for all files in it. The
   * rules of discovery hold for them too: a path that must not be read is forgotten, never read. The memories that it
   * touches are left filling (`settle` brings them to rest). Returns whether the state changed.
   */
  async refresh(paths: readonly string[], turn: Turn, signal: AbortSignal | undefined): Promise<boolean> {
    const run: Run = {
      counts: newCounts(),
      skipped: [],
      signal,
      // Not behind the segments of a bulk that is under way.
      steps: this.#stepper,
      pass: () => turn.pass(),
      onSegment: () => {},
    };
    let changed = false;
    // Known in whole before, it is after: the extent follows what is added and removed.
    const whole = this.#store.note(EXTENT_NOTE) === String(this.#store.knownBytes());
    const targets = await refreshTargets(this.#root, this.#store, paths, signal);
    for (const path of targets) {
      await run.pass();
      const found = await discoverFile(this.#root, path, this.#options);
      if (typeof found === "object") {
        const ready = await this.#prepare(found, run);
        if (ready !== undefined) changed = this.#commit([await ready()]) || changed;
      } else if (this.#remove(path)) run.counts.removedFiles++;
    }
    changed ||= run.counts.removedFiles > 0;
    if (changed && whole) this.#noteExtent(this.#store.knownBytes());
    return changed;
  }

  /** Brings to rest the memories that changes left filling. */
  async settle(turn: Turn, signal: AbortSignal | undefined): Promise<void> {
    await this.#store.settle(signal, undefined, () => turn.pass());
  }

  #removeGone(known: Iterable<string>, present: readonly WorkspaceFile[], since: number, counts: IndexCounts): void {
    const paths = new Set(present.map((file) => file.path));
    const gone = [...known].filter((path) => !paths.has(path) && (this.#changedAt.get(path) ?? 0) <= since);
    if (gone.length === 0) return;
    this.#store.transaction(() => {
      for (const path of gone) if (this.#remove(path)) counts.removedFiles++;
    });
  }

  /** Notes removals of unknown files too: a run that has read the file before must not bring it back. */
  #remove(path: string): boolean {
    this.#changedAt.set(path, ++this.#clock);
    return this.#store.removeFile(path) !== undefined;
  }

  #noteExtent(bytes: number): void {
    if (this.#store.readOnly || this.#store.note(EXTENT_NOTE) === String(bytes)) return;
    this.#store.setNote(EXTENT_NOTE, String(bytes));
  }

  /**
   * Reads and cuts one file and begins to encode its segments; returns how to wait for them, or undefined if its content
   * is known already or it cannot be indexed.
   */
  async #prepare(file: WorkspaceFile, run: Run): Promise<(() => Promise<PreparedFile>) | undefined> {
    const { counts, skipped } = run;
    const since = this.#clock;
    const { maxFileBytes } = this.#options;
    const source = await readSource(
      join(this.#root, file.path),
      maxFileBytes === undefined ? {} : { maxBytes: maxFileBytes },
    );
    const before = this.#store.fileOf(file.path);
    if ("skip" in source) {
      if (before !== undefined && this.#remove(file.path)) counts.removedFiles++;
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
      if (before.size !== input.size || before.mtimeMs !== input.mtimeMs)
        this.#store.touchFile(file.path, input.size, input.mtimeMs);
      return undefined;
    }
    const { segments } = await this.#segmenter.segment(file.path, source.text);
    const kept = occurrences(this.#store.segmentHashes(file.path));
    const inputs: Promise<SegmentInput>[] = [];
    const wait = async () => {
      const prepared = { file: input, segments: await Promise.all(inputs), since };
      counts.streamedFiles++;
      counts.streamedBytes += source.bytes;
      return prepared;
    };
    try {
      for (const segment of segments) {
        const hash = segmentHash(segment);
        const copies = kept.get(hash) ?? 0;
        if (copies > 0) {
          kept.set(hash, copies - 1);
          counts.reusedSegments++;
          inputs.push(Promise.resolve(segmentInput(file.path, source.text, segment, hash, undefined)));
          continue;
        }
        throwIfCancelled(run.signal);
        await run.room?.();
        const encoded = this.#encode(file.path, source.text, segment, hash, run);
        inputs.push(encoded);
        if (run.room === undefined) await encoded;
        // Whoever waits for the file hears of a failure.
        encoded.catch(() => {});
        await run.pass();
      }
    } catch (error) {
      await Promise.allSettled(inputs);
      throw error;
    }
    return wait;
  }

  async #encode(path: string, text: string, segment: Segment, hash: string, run: Run): Promise<SegmentInput> {
    const input = segmentInput(path, text, segment, hash, await encodeSegment(run.steps, segment));
    run.counts.streamedSegments++;
    run.counts.streamedTokens += segment.code.length + segment.header.length;
    run.onSegment(segment.code.length);
    return input;
  }

  /** Returns whether anything was left to commit: a file that changed after it was read is not put back. */
  #commit(files: readonly PreparedFile[]): boolean {
    const current = files.filter(({ file, since }) => (this.#changedAt.get(file.path) ?? 0) <= since);
    if (current.length === 0) return false;
    this.#store.transaction(() => {
      for (const { file, segments } of current) this.#store.replaceFile(file, segments);
    });
    this.#clock++;
    for (const { file } of current) this.#changedAt.set(file.path, this.#clock);
    return true;
  }
}

function pendingFile(bytes: number, wait: () => Promise<PreparedFile>): PendingFile {
  const ready = wait();
  const file: PendingFile = { bytes, ready };
  // Whoever waits for `ready` hears of a failure.
  ready.then(
    (prepared) => {
      file.prepared = prepared;
    },
    () => {},
  );
  return file;
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
