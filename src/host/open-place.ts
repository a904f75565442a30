import * as vscode from "vscode";
import type { CitedPlace } from "./chat/exchange.ts";
import { uriInside } from "./paths.ts";

/** How a place is shown. */
export interface Opening {
  readonly beside?: boolean;
  /** Only looked at: focus stays where it is. */
  readonly glance?: boolean;
}

/** Where a cited place stands now, as a selection: the answer, else the start of its first line. */
export function selectionOf({ view, from, span }: CitedPlace): vscode.Range {
  const shift = view.stale?.kind === "moved" ? view.stale.toLine - from : 0;
  const line = Math.max(0, (span?.line ?? from) - 1 + shift);
  const column = Math.max(0, span?.column ?? 0);
  const marked = view.stale?.kind === "changed" ? 0 : (span?.length ?? 0);
  return new vscode.Range(line, column, line, column + marked);
}

/** The file of a cited place, in one of the workspace's folders; undefined for anything else. */
export function placeUri({ root, file }: CitedPlace): vscode.Uri | undefined {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.toString() === root);
  return folder === undefined ? undefined : uriInside(folder.uri, file);
}

/** Opens a cited place at its line. */
export async function openPlace(place: CitedPlace, { beside = false, glance = false }: Opening = {}): Promise<void> {
  const uri = placeUri(place);
  if (uri === undefined) return;
  let document: vscode.TextDocument;
  try {
    document = await vscode.workspace.openTextDocument(uri);
  } catch {
    if (!glance)
      void vscode.window.showWarningMessage(vscode.l10n.t("{0} cannot be opened any more.", place.view.name));
    return;
  }
  const range = document.validateRange(selectionOf(place));
  const editor = await vscode.window.showTextDocument(document, {
    viewColumn: beside ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active,
    preserveFocus: glance,
    preview: glance || !beside,
    selection: range,
  });
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
