import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { IgnoreRules, parentOf } from "../corpus/ignore-rules.ts";
import { Links } from "../corpus/links.ts";
import { ignoredByGit, walk } from "../corpus/listing.ts";
import type { Store } from "../store/store.ts";
import { staysInside } from "../workspace.ts";

/**
 * The files that changed paths stand for: of a folder all that are in it or were; of new files only those that git does
 * not ignore. Each once.
 */
export async function refreshTargets(
  root: string,
  store: Store,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const files = new Set<string>();
  const links = new Links(root);
  let known: Set<string> | undefined;
  for (const path of new Set(paths.map((one) => one.replace(/\/+$/, "")))) {
    if (store.fileOf(path) !== undefined) {
      files.add(path);
      continue;
    }
    known ??= new Set(store.files().map((file) => file.path));
    const below = [...known].filter((file) => file.startsWith(`${path}/`));
    for (const file of below) files.add(file);
    // "" is the workspace itself.
    if (path !== "" && !staysInside(path)) continue;
    if ((await links.above(parentOf(path))) !== undefined) continue;
    const found = await lstat(join(root, path)).catch(() => undefined);
    if (found?.isDirectory() === true) for (const file of (await walk(root, signal, path)).paths) files.add(file);
    else if (found !== undefined) files.add(path);
  }
  const unknown = [...files].filter((file) => store.fileOf(file) === undefined);
  if (unknown.length === 0) return [...files];
  const ignored = (await ignoredByGit(root, unknown, signal)) ?? (await ignoredByRules(root, unknown));
  return [...files].filter((file) => !ignored.has(file));
}

async function ignoredByRules(root: string, paths: readonly string[]): Promise<Set<string>> {
  const rules = new IgnoreRules(root, ".gitignore");
  const ignored = new Set<string>();
  for (const path of paths) if (await rules.ignoresFile(path)) ignored.add(path);
  return ignored;
}
