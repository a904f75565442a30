import type { StoreStats } from "./store/records.ts";

/** Where an answer comes from: lines of one file, quoted from disk at the moment the answer is given. */
export interface Citation {
  /** Path relative to the workspace, with forward slashes. */
  readonly file: string;
  /** First line, from 1. */
  readonly from: number;
  /** Last line, inclusive. */
  readonly to: number;
  /** The line that the best of its segments begins at: neighbours may be quoted with it. */
  readonly at: number;
  /** Lines `from`..`to`, split at "\n", exactly as on disk (decoded), joined by "\n". */
  readonly quote: string;
  /** Probability that the place belongs to the answer, 0..1. */
  readonly relevance: number;
  /** It belongs to the proof: the place that the answer is taken from, and those about as relevant as the best one. */
  readonly proves: boolean;
  /** The verbatim answer inside the quote, if it stands there: line from 1, column from 0 (UTF-16). */
  readonly span?: { readonly line: number; readonly column: number; readonly text: string };
}

/** A cited place that leads on to the next one of its chain, by a name that stands in both. */
export interface Link {
  /** Its index among the citations. */
  readonly citation: number;
  readonly word: string;
}

export type AnswerKind = "span" | "list" | "place" | "yes" | "no" | "none";

export interface Answer {
  readonly question: string;
  /** The short answer, verbatim from the code (or yes / no); null when abstained. */
  readonly answer: string | null;
  readonly kind: AnswerKind;
  readonly abstained: boolean;
  /** Calibrated probability that the answer is right, 0..1. */
  readonly confidence: number;
  /** Best first. When abstained: the nearest places. */
  readonly citations: readonly Citation[];
  /** Places that lead to the first one, in the order in which they lead on; empty where none does. */
  readonly chain: readonly Link[];
  /** Segments that recall named, and how many of them were read. */
  readonly recalled: number;
  readonly read: number;
  readonly ms: number;
  /** Share of the workspace's bytes that were indexed when the answer was given, 0..1. */
  readonly coverage: number;
}

/** Parts that can be left out to measure their worth (`--without`). */
export type Part = "memory" | "gist" | "lexical" | "reader";

export type ProviderChoice = "auto" | "cpu" | "webgpu" | "cuda" | "dml" | "coreml";

/** How far an index run is; files and bytes are those of the whole workspace, what was known before included. */
export interface IndexProgress {
  readonly phase: "discover" | "stream" | "settle";
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly segmentsDone: number;
  readonly tokensDone: number;
  readonly elapsedMs: number;
}

/** What one index run did. */
export interface IndexReport {
  readonly workspace: string;
  readonly state: string;
  /** Indexed now, in total. */
  readonly files: number;
  readonly segments: number;
  readonly writes: number;
  readonly shards: number;
  /** By this run. */
  readonly streamedFiles: number;
  readonly streamedSegments: number;
  readonly streamedTokens: number;
  readonly streamedBytes: number;
  readonly reusedSegments: number;
  readonly removedFiles: number;
  readonly skipped: Readonly<Record<string, number>>;
  /** What the user should know, e.g. that a corrupt state was set aside and rebuilt. */
  readonly notices: readonly string[];
  readonly ms: number;
  readonly tokensPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly stateBytes: number;
  /** Of this process and of the encoders that helped it, MiB. */
  readonly peakMemoryMb: number;
  /** Milliseconds of processors that they took. */
  readonly processorMs: number;
}

/** A segment's place in the workspace. */
export interface StagePlace {
  readonly file: string;
  /** First line, from 1. */
  readonly line: number;
  /** 0..1 of the workspace, files in path order; of all of it, also while only a part is indexed. */
  readonly position: number;
}

/** What the asking is doing, as it happens. `places` counts what was recalled, `found` says where it stands. */
export type AskStage =
  | { readonly stage: "recalled"; readonly places: number; readonly found: readonly StagePlace[] }
  | { readonly stage: "reading"; readonly done: number; readonly of: number; readonly place: StagePlace };

/** A file that the state knows. */
export interface IndexedFile {
  readonly path: string;
  readonly segments: number;
  readonly bytes: number;
}

/** What is indexed, in path order, and what the last run left out. */
export interface FileList {
  readonly files: readonly IndexedFile[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** What would be indexed. */
export interface Preview {
  readonly files: number;
  readonly bytes: number;
  /** Files left out, counted by reason. Contents are not looked at, so some more may be left out later. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Some of them. */
  readonly examples: readonly { readonly path: string; readonly reason: string }[];
}

/** What is indexed, and what was left out. */
export interface StatusReport {
  readonly workspace: string;
  readonly state: string;
  readonly model: { readonly name: string; readonly hash: string };
  readonly provider: string;
  readonly stats: StoreStats;
  /** Share of the workspace's bytes that is indexed, 0..1, as of the last run. */
  readonly coverage: number;
  readonly head: string | null;
  /** When the last complete run ended, ISO 8601; null if none did. */
  readonly lastIndexed: string | null;
  readonly skipped: {
    readonly counts: Readonly<Record<string, number>>;
    readonly examples: readonly { readonly path: string; readonly reason: string }[];
  };
  readonly notices: readonly string[];
}

/** Result of checking a state against itself. */
export interface VerifyReport {
  readonly ok: boolean;
  readonly problems: readonly string[];
  /** Damage is noted in the state, so that the next index run builds it again. */
  readonly marked: boolean;
  readonly checked: Readonly<Record<"files" | "segments" | "writes" | "shards", number>>;
}
