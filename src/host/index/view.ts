import * as vscode from "vscode";
import type { IndexView } from "../../protocol/panel.ts";
import { inWords } from "../messages.ts";
import type { FolderIndex, FolderState } from "./folder-index.ts";
import type { Folders } from "./folders.ts";

type Reading = Extract<IndexView, { state: "indexing" | "paused" }>;

/** Codes of errors of the model and of what it runs on. */
const OF_THE_MODEL = /^(?:model|graph|provider|runtime|tokenizer)-/;

/** The states of several folders in the order in which one of them stands for all. */
const FIRST: readonly FolderState["state"][] = ["failed", "indexing", "opening", "paused", "ready", "refused"];

/** The one state that is shown for the folders that may be read: what needs the user, then what moves. */
export function overallState(indexes: readonly FolderIndex[]): FolderState["state"] {
  const states = new Set(indexes.map(({ state }) => state.state));
  // One that failed does not keep the user from asking the others.
  if (states.has("failed") && indexes.some(({ askable }) => askable)) states.delete("failed");
  return FIRST.find((state) => states.has(state)) ?? "off";
}

/** Files of all folders that may be read, and 0..100 of their bytes. */
export function overallExtent(indexes: readonly FolderIndex[]): { files: number; of: number; percent: number } {
  let files = 0;
  let of = 0;
  let share = 0;
  for (const { extent } of indexes) {
    files += extent.files;
    of += extent.of;
    share += extent.share * extent.of;
  }
  return { files, of, percent: of === 0 ? 0 : (share / of) * 100 };
}

/** What the panel shows of the index. `preview`: of folders that may not be read yet. */
export function indexView(folders: Folders, preview: { files?: number; binaryFiles?: number }): IndexView {
  const wanted = folders.wanted;
  const state = overallState(wanted);
  const reading = (shown: Reading["state"]): Reading => ({ state: shown, ...overallExtent(wanted) });
  switch (state) {
    case "off":
      return { state: "consent", ...preview };
    case "opening":
      return { state: "loading" };
    case "indexing":
    case "paused":
      return reading(state);
    case "ready":
      return { state: "ready", files: overallExtent(wanted).files };
    case "refused":
      return {
        state: "refused",
        message: vscode.l10n.t("ARMT does not index a home folder or a whole disk. Open a project folder."),
      };
    case "failed":
      return failedView(wanted);
  }
}

function failedView(indexes: readonly FolderIndex[]): IndexView {
  for (const { state } of indexes) {
    if (state.state !== "failed") continue;
    const { problem } = state;
    if (problem.kind === "error") {
      const heading = OF_THE_MODEL.test(problem.code)
        ? vscode.l10n.t("The model could not be started")
        : vscode.l10n.t("The index could not be opened");
      return { state: "failed", heading, cause: problem.message };
    }
    const cause = inWords(problem.cause);
    return problem.cause.kind === "start"
      ? { state: "failed", heading: vscode.l10n.t("The engine could not be started"), cause }
      : { state: "failed", cause };
  }
  return { state: "loading" };
}
