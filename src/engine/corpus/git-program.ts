import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * The absolute path of git, looked up in `searchPath` (as in PATH). Started by its bare name, Windows takes a git.exe of
 * the folder in which it is to run, and other systems do with "." in PATH: a program of the workspace.
 */
export function findGit(searchPath: string, platform: NodeJS.Platform = process.platform): string | undefined {
  const name = platform === "win32" ? "git.exe" : "git";
  // Windows allows quotes around an entry.
  const folders = searchPath.split(delimiter).map((entry) => entry.replaceAll('"', ""));
  return folders
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name))
    .find(canRun);
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
