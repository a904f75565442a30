import * as vscode from "vscode";
import type { LogLevel } from "../protocol/engine.ts";
import type { Log } from "./engine/child.ts";
import { EngineRequestError } from "./engine/errors.ts";
import { wordsOf } from "./engine/words.ts";
import { logLevel } from "./settings.ts";

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** The log of extension and engine; its level is VS Code's own setting for it. */
export function createLog(): vscode.LogOutputChannel {
  return vscode.window.createOutputChannel("ARMT", { log: true });
}

/** The log as the engine's client writes it: from the level of the setting on, else from VS Code's own for this log. */
export function engineLog(channel: vscode.LogOutputChannel): Log {
  return (level, message) => {
    const least = logLevel();
    if (least !== undefined && ORDER.indexOf(level) < ORDER.indexOf(least)) return;
    // VS Code's level is the user's alone to set: what the setting lets through is raised to one that is shown.
    if (least !== undefined && level === "debug") channel.info(`[debug] ${message}`);
    else channel[level](message);
  };
}

/** An error as it is written to the log. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The words of an error that a user is shown. */
export function messageOf(error: unknown): string {
  if (error instanceof EngineRequestError) return wordsOf(error.code) ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
