import { NotificationType, RequestType } from "vscode-jsonrpc/node";
import type { ExampleCandidate } from "../engine/examples/candidates.ts";
import type {
  Answer,
  AskStage,
  FileList,
  IndexProgress,
  IndexReport,
  Preview,
  ProviderChoice,
  StatusReport,
} from "../engine/types.ts";

/**
 * Host ⇄ engine process, JSON-RPC over the fork's IPC channel. Folders are named by their absolute path. Every request
 * takes a cancellation token; a cancelled one fails with code "cancelled". Errors carry `EngineErrorData`.
 */

/** What goes with the error of a request: the stable code of the engine's error classes, and what is shown. */
export interface EngineErrorData {
  readonly code: string;
  readonly message: string;
}

export interface OpenParams {
  readonly folder: string;
  /** State file, in the extension's global storage. */
  readonly state: string;
  /** Bundle folder; default: the one that comes with the extension. */
  readonly model?: string;
  readonly provider: ProviderChoice;
  /** Globs in the syntax of ignore files, on top of the rules of discovery. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly maxFileBytes?: number;
}

export interface FolderParams {
  readonly folder: string;
}

export interface PreviewParams {
  readonly folder: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly maxFileBytes?: number;
}

export interface RefreshParams {
  readonly folder: string;
  /**
   * Paths relative to the folder, with forward slashes: saved, created, deleted or renamed. A folder stands for all files
   * that are or were in it; new files that git ignores are left alone.
   */
  readonly paths: readonly string[];
}

export interface AskParams {
  /** Chosen by the host; stages are reported under it. */
  readonly id: string;
  readonly folders: readonly string[];
  readonly question: string;
  /** Files and folders ("src/a.ts", "src/lib/") that the answer must come from; none: the whole workspace. */
  readonly narrow: readonly { readonly folder: string; readonly path: string }[];
  /** The place that the question goes on from, in a follow-up. */
  readonly about?: { readonly folder: string; readonly file: string; readonly line: number };
}

/** The best answer of the folders asked; `recalled` and `read` count those of all of them. */
export interface AskResult extends Answer {
  /** The folder that its citations are relative to. */
  readonly folder: string;
}

/** Something recalled or read while a question runs. */
export interface StageParams {
  readonly id: string;
  readonly folder: string;
  readonly stage: AskStage;
}

export interface ProgressParams {
  readonly folder: string;
  readonly progress: IndexProgress;
}

/** A conversation as it is kept with the workspace's memory. */
export interface StoredChat {
  readonly id: string;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly json: string;
}

/** What an open folder is like. */
export interface FolderStatus extends StatusReport {
  /** The provider whose session runs; null before the first step. */
  readonly runningProvider: string | null;
  /** Another window writes this state; this one only reads it. */
  readonly readOnly: boolean;
  /** Made with another model before: a new state is built beside the old one, from which nothing can be answered. */
  readonly rebuilding: boolean;
  /** Where a damaged state was put when this one was opened; null if it was not. */
  readonly setAside: string | null;
}

/** A provider of onnxruntime: about to be tried (its driver may end the process), or running. */
export interface ProviderParams {
  readonly provider: string;
  readonly running: boolean;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogParams {
  readonly level: LogLevel;
  readonly message: string;
}

export const openFolder = new RequestType<OpenParams, FolderStatus, EngineErrorData>("folder/open");
export const closeFolder = new RequestType<FolderParams, null, EngineErrorData>("folder/close");
/** By names and sizes alone: no source file is opened, and there need be no state. */
export const previewFolder = new RequestType<PreviewParams, Preview, EngineErrorData>("folder/preview");
export const indexFolder = new RequestType<FolderParams, IndexReport, EngineErrorData>("folder/index");
export const refreshFiles = new RequestType<RefreshParams, { readonly changed: boolean }, EngineErrorData>(
  "folder/refresh",
);
export const folderStatus = new RequestType<FolderParams, FolderStatus, EngineErrorData>("folder/status");
export const listFiles = new RequestType<FolderParams, FileList, EngineErrorData>("folder/files");
/** Questions that the folder should answer, at most `most`; whether it does is for the asking to show. */
export const listExamples = new RequestType<
  FolderParams & { readonly most: number },
  readonly ExampleCandidate[],
  EngineErrorData
>("folder/examples");
export const clearFolder = new RequestType<FolderParams, null, EngineErrorData>("folder/clear");
/** Indexes anew beside the present state, which answers until the new one is whole. */
export const rebuildFolder = new RequestType<FolderParams, IndexReport, EngineErrorData>("folder/rebuild");
export const ask = new RequestType<AskParams, AskResult, EngineErrorData>("ask");
export const listChats = new RequestType<FolderParams, readonly StoredChat[], EngineErrorData>("chats/list");
export const saveChat = new RequestType<FolderParams & { readonly chat: StoredChat }, null, EngineErrorData>(
  "chats/save",
);
export const deleteChat = new RequestType<FolderParams & { readonly id: string }, null, EngineErrorData>(
  "chats/delete",
);
/** Heartbeat: an engine that does not answer for 30 s is taken as hung. */
export const ping = new RequestType<null, { readonly rssMb: number }, EngineErrorData>("ping");

export const indexProgress = new NotificationType<ProgressParams>("folder/progress");
export const askStage = new NotificationType<StageParams>("ask/stage");
/** The other window that wrote the folder's state is gone, and this process has taken over: index it. */
export const becameWriter = new NotificationType<FolderStatus & FolderParams>("folder/writer");
export const engineProvider = new NotificationType<ProviderParams>("provider");
export const engineLog = new NotificationType<LogParams>("log");
