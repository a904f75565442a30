import { createHash } from "node:crypto";
import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { toStateError } from "./errors.ts";

/**
 * Where a workspace's state is kept unless the user names a file: `<user's state folder>/armt/<name>-<hash>.sqlite`,
 * the hash being of the workspace's real path, so that each checkout has its own. Never inside the workspace.
 */
export function defaultStateFile(workspace: string): string {
  let real = workspace;
  try {
    real = realpathSync.native(workspace);
  } catch {
    // A workspace that is gone has its state still where its path says.
  }
  const hash = createHash("sha256").update(real).digest("hex").slice(0, 16);
  const name = basename(real)
    .replace(/[^\w.-]+/g, "-")
    .slice(0, 40);
  return join(stateHome(), "armt", `${name}-${hash}.sqlite`);
}

/** Creates the folder of a state file, readable by this user only: a state holds names and text of the workspace. */
export function createStateFolder(file: string): void {
  try {
    createFolders(dirname(file));
  } catch (error) {
    throw toStateError(error, file);
  }
}

/** One level at a time: Node's own recursive `mkdir` never returns where a file system refuses with ENOENT (/proc). */
function createFolders(folder: string): void {
  if (isFolder(folder)) return;
  if (!existsSync(folder)) createFolders(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile; a file of this name is in the way.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function stateHome(): string {
  const { LOCALAPPDATA: local, XDG_STATE_HOME: xdg } = process.env;
  if (process.platform === "win32") return local ?? join(homedir(), "AppData", "Local");
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support");
  // The XDG base directory specification: relative paths are invalid and ignored.
  return xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), ".local", "state");
}
