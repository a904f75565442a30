import { createHash } from "node:crypto";
import { mkdirSync, realpathSync } from "node:fs";
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
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw toStateError(error, file);
  }
}

function stateHome(): string {
  const { LOCALAPPDATA: local, XDG_STATE_HOME: xdg } = process.env;
  if (process.platform === "win32") return local ?? join(homedir(), "AppData", "Local");
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support");
  // The XDG base directory specification: relative paths are invalid and ignored.
  return xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), ".local", "state");
}
