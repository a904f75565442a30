import * as vscode from "vscode";
import { SECTION } from "../settings.ts";
import type { FolderIndex } from "./folder-index.ts";
import type { Folders } from "./folders.ts";

/** Files at the top, and none of its folders. */
const TOP = ["/*", "!/*/"];

/** Lets the user choose what is read: workspace folders where there are several, else folders in the only one. */
export async function chooseFolders(folders: Folders): Promise<void> {
  const [only] = folders.all;
  if (only === undefined) return;
  if (folders.several) await chooseRoots(folders.all);
  else await chooseInside(only);
}

async function chooseRoots(indexes: readonly FolderIndex[]): Promise<void> {
  const picks = indexes.map((index) => ({
    label: index.folder.name,
    description: index.folder.uri.fsPath,
    picked: true,
    index,
  }));
  const title = vscode.l10n.t("Folders to read");
  const chosen = await vscode.window.showQuickPick(picks, { title, canPickMany: true });
  for (const { index } of chosen ?? []) index.start();
}

async function chooseInside(index: FolderIndex): Promise<void> {
  const { uri } = index.folder;
  const entries = await vscode.workspace.fs.readDirectory(uri);
  const inside = entries.filter(
    ([name, type]) => type === vscode.FileType.Directory && !/^(?:\.git|node_modules)$/.test(name),
  );
  const picks = [
    { label: `$(files) ${vscode.l10n.t("Files at the top")}`, picked: true, patterns: TOP },
    ...inside
      .map(([name]) => ({ label: `$(folder) ${name}`, picked: true, patterns: [`/${escaped(name)}/`] }))
      .sort((a, b) => a.label.localeCompare(b.label)),
  ];
  const title = vscode.l10n.t("Folders of {0} to read", index.folder.name);
  const chosen = await vscode.window.showQuickPick(picks, { title, canPickMany: true });
  if (chosen === undefined || chosen.length === 0) return;
  const include = chosen.length === picks.length ? undefined : chosen.flatMap(({ patterns }) => patterns);
  const settings = vscode.workspace.getConfiguration(SECTION, uri);
  if (include !== undefined || settings.inspect("include")?.workspaceFolderValue !== undefined)
    await settings.update("include", include, vscode.ConfigurationTarget.WorkspaceFolder);
  index.start();
}

/** A name as it stands for itself in an ignore file. */
function escaped(name: string): string {
  return name.replace(/[\\*?[\]!# ]/g, "\\$&");
}
