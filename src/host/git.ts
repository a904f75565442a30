import * as vscode from "vscode";

async function exists(uri: vscode.Uri): Promise<vscode.FileType | undefined> {
  try {
    return (await vscode.workspace.fs.stat(uri)).type;
  } catch {
    return undefined;
  }
}

/** The folder in which git keeps HEAD for a folder: its own .git, that of a folder above it, or of a work tree. */
export async function gitDirectory(folder: vscode.Uri): Promise<vscode.Uri | undefined> {
  for (let at = folder; ; at = vscode.Uri.joinPath(at, "..")) {
    const git = vscode.Uri.joinPath(at, ".git");
    const type = await exists(git);
    if (type === vscode.FileType.Directory) return git;
    if (type === vscode.FileType.File) {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(git));
      const target = /^gitdir: (.+)$/m.exec(text)?.[1]?.trim();
      if (target === undefined) return undefined;
      const absolute = /^(?:\/|[a-z]:)/i.test(target);
      return absolute ? at.with({ path: vscode.Uri.file(target).path }) : vscode.Uri.joinPath(at, target);
    }
    if (at.path === "/" || at.path === "" || /^\/[a-z]:\/?$/i.test(at.path)) return undefined;
  }
}
