import * as vscode from "vscode";
import { type CrashCause, EngineCrashedError, EngineStoppedError, isCancelled } from "./engine/errors.ts";
import type { Problem } from "./index/folder-index.ts";
import { describe, messageOf } from "./logging.ts";

/** Why the engine process ended, as a sentence in the user's language. */
export function inWords(cause: CrashCause): string {
  switch (cause.kind) {
    case "memory":
      return vscode.l10n.t("It ran out of memory.");
    case "gpu-memory":
      return vscode.l10n.t("It ran out of GPU memory.");
    case "hung":
      return vscode.l10n.t("It stopped answering.");
    case "exit":
      return vscode.l10n.t("It ended with code {0}.", cause.code);
    case "start":
      return vscode.l10n.t("It could not be started: {0}.", cause.reason);
  }
}

/** Why a folder's index does not go on. */
export function problemInWords(problem: Problem): string {
  return problem.kind === "crashed" ? inWords(problem.cause) : problem.message;
}

/** What failed, with what the user can do about it. Cancelled ones are not told. */
export async function showError(log: vscode.LogOutputChannel, error: unknown): Promise<void> {
  if (isCancelled(error)) return;
  log.error(describe(error));
  const showLog = vscode.l10n.t("Show Log");
  const restart = vscode.l10n.t("Restart");
  const crashed = error instanceof EngineStoppedError || error instanceof EngineCrashedError;
  const text = crashed
    ? vscode.l10n.t("The engine stopped. {0}", inWords(error.reason))
    : vscode.l10n.t("ARMT: {0}", messageOf(error));
  const actions = error instanceof EngineStoppedError ? [restart, showLog] : [showLog];
  const chosen = await vscode.window.showErrorMessage(text, ...actions);
  if (chosen === showLog) log.show();
  else if (chosen === restart) await vscode.commands.executeCommand("armt.restart");
}
