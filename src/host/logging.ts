import * as vscode from "vscode";
import type { Log } from "./engine/child.ts";

/** The log of extension and engine; its level is VS Code's own setting for it. */
export function createLog(): vscode.LogOutputChannel {
  return vscode.window.createOutputChannel("ARMT", { log: true });
}

/** The log as the engine's client writes it. */
export function engineLog(channel: vscode.LogOutputChannel): Log {
  return (level, message) => channel[level](message);
}

/** An error as it is written to the log. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The words of an error that a user is shown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
