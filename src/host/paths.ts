import * as vscode from "vscode";

/** Whether a path is relative, with forward slashes, and stays below where it starts. */
export function staysInside(path: string): boolean {
  if (path === "" || path.startsWith("/") || path.includes("\\") || path.includes("\0") || /^[a-z]:/i.test(path))
    return false;
  return !path.split("/").some((part) => part === "..");
}

/** The file of a cited path; undefined for one that would leave the folder. */
export function uriInside(folder: vscode.Uri, path: string): vscode.Uri | undefined {
  return staysInside(path) ? vscode.Uri.joinPath(folder, path) : undefined;
}

/** `uri` relative to `folder` with forward slashes: "" for the folder itself, undefined outside of it. */
export function pathInside(folder: vscode.Uri, uri: vscode.Uri): string | undefined {
  if (uri.scheme !== folder.scheme || uri.authority !== folder.authority) return undefined;
  if (uri.path === folder.path) return "";
  const base = folder.path.endsWith("/") ? folder.path : `${folder.path}/`;
  return uri.path.startsWith(base) ? uri.path.slice(base.length) : undefined;
}

/** "base.js" and "lib/reporters" of "lib/reporters/base.js". */
export function splitPath(path: string): { readonly name: string; readonly folder: string } {
  const cut = path.lastIndexOf("/");
  return { name: path.slice(cut + 1), folder: cut < 0 ? "" : path.slice(0, cut) };
}
