import { realpathSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { ArmtError } from "../../engine/errors.ts";

/** A question is narrowed to something that is not in the workspace, or leads out of it. */
export class NarrowedOutsideError extends ArmtError {
  constructor(path: string) {
    super(
      "narrowed-outside",
      `There is no "${path}" in the workspace. ` +
        'Name files and folders relative to it, e.g. "src/server.ts" or "src/lib/"; index_status tells where it is.',
      { exitCode: 2 },
    );
  }
}

/**
 * What an agent narrows a question to, as the engine names it: relative to `root` (a real path), forward slashes; empty
 * if the workspace itself is among them. Links are followed first, so that none leads out.
 * Throws `NarrowedOutsideError`.
 */
export function narrowedTo(root: string, paths: readonly string[]): string[] {
  const named = paths.map((path) => {
    const inside = relative(root, realPath(resolve(root, path), path));
    if (isAbsolute(inside) || inside === ".." || inside.startsWith(`..${sep}`)) throw new NarrowedOutsideError(path);
    return inside.replaceAll(sep, "/");
  });
  return named.includes("") ? [] : named;
}

function realPath(absolute: string, path: string): string {
  try {
    return realpathSync.native(absolute);
  } catch {
    throw new NarrowedOutsideError(path);
  }
}
