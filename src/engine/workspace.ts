import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { parse, resolve, sep } from "node:path";
import { WorkspaceNotFoundError, WorkspaceRefusedError, WorkspaceUnreadableError } from "./errors.ts";

/**
 * Checks that a folder can and may be indexed; returns its real path. Looks at the folder itself only, so that a wrong
 * argument is answered at once, before a model is loaded.
 * Throws `WorkspaceNotFoundError`, `WorkspaceUnreadableError`, `WorkspaceRefusedError`.
 */
export function resolveWorkspace(folder: string): string {
  const absolute = resolve(folder);
  const real = realPathOfFolder(absolute);
  if (real === parse(real).root) throw new WorkspaceRefusedError(real, "file-system root");
  if (real === realHome()) throw new WorkspaceRefusedError(real, "home folder");
  try {
    accessSync(real, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw new WorkspaceUnreadableError(absolute, error);
  }
  return real;
}

/**
 * Whether a path is one by which the index knows a file: relative, with forward slashes, in its shortest form, and so
 * inside of the workspace. Any driver may name files; what others hand to it may lead out.
 */
export function staysInside(file: string, separator: string = sep): boolean {
  // A colon names a drive, or a stream of a file.
  if (separator === "\\" && /[\\:]/.test(file)) return false;
  return !file.split("/").some((part) => part === "" || part === "." || part === "..");
}

function realPathOfFolder(absolute: string): string {
  try {
    const real = realpathSync.native(absolute);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EACCES" || code === "EPERM") throw new WorkspaceUnreadableError(absolute, error);
  }
  throw new WorkspaceNotFoundError(absolute);
}

/** Undefined where the user has no home folder that exists. */
function realHome(): string | undefined {
  try {
    return realpathSync.native(homedir());
  } catch {
    return undefined;
  }
}
