import * as vscode from "vscode";
import type { LogLevel, OpenParams, PreviewParams } from "../protocol/engine.ts";

export const SECTION = "armt";

export type Autostart = "ask" | "always" | "never";

const PROVIDERS = [
  "auto",
  "cpu",
  "webgpu",
  "cuda",
  "dml",
  "coreml",
] as const satisfies readonly OpenParams["provider"][];

const LOG_LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** What VS Code hides everywhere is not read either. Patterns that depend on a sibling have no like in ignore files. */
function hiddenFiles(folder: vscode.WorkspaceFolder): string[] {
  const hidden: unknown = vscode.workspace.getConfiguration("files", folder.uri).get("exclude");
  if (typeof hidden !== "object" || hidden === null) return [];
  return Object.entries(hidden).flatMap(([pattern, on]) => (on === true ? [pattern] : []));
}

/** What is read of a folder. */
export function discoverySettings(folder: vscode.WorkspaceFolder): Omit<PreviewParams, "folder"> {
  const settings = vscode.workspace.getConfiguration(SECTION, folder.uri);
  const kilobytes: unknown = settings.get("maxFileSize");
  return {
    include: strings(settings.get("include")),
    exclude: [...hiddenFiles(folder), ...strings(settings.get("exclude"))],
    ...(typeof kilobytes === "number" && kilobytes > 0 ? { maxFileBytes: Math.round(kilobytes * 1000) } : {}),
  };
}

/** What the model is and runs on. */
export function modelSettings(): Pick<OpenParams, "model" | "provider"> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const wanted: unknown = settings.get("provider");
  const path: unknown = settings.get("modelPath");
  return {
    provider: PROVIDERS.find((provider) => provider === wanted) ?? "auto",
    ...(typeof path === "string" && path.trim() !== "" ? { model: path.trim() } : {}),
  };
}

/** The least level of what the engine writes to the log; undefined: VS Code's own for the log decides. */
export function logLevel(): LogLevel | undefined {
  const value: unknown = vscode.workspace.getConfiguration(SECTION).get("logLevel");
  return LOG_LEVELS.find((level) => level === value);
}

export function autostart(): Autostart {
  const value: unknown = vscode.workspace.getConfiguration(SECTION).get("autostart");
  return value === "always" || value === "never" ? value : "ask";
}
