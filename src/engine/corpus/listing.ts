import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { throwIfCancelled } from "../errors.ts";
import { isIgnoredFolder } from "./exclusions.ts";
import { findGit } from "./git-program.ts";
import { IgnoreRules } from "./ignore-rules.ts";
import { Links } from "./links.ts";

const GIT = findGit(process.env["PATH"] ?? "");

const GIT_ENVIRONMENT = {
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
  // Fetching what a partial clone lacks runs programs that its configuration names.
  GIT_NO_LAZY_FETCH: "1",
  // For a git that does not know this: no protocol is called so, and no alias in a configuration can be.
  GIT_ALLOW_PROTOCOL: randomUUID(),
  LC_ALL: "C",
};

/** Paths below the root (relative, forward slashes), in no special order, and folders that could not be read. */
export interface Listing {
  readonly paths: readonly string[];
  readonly unreadable: readonly string[];
}

/**
 * What git tracks or would track; undefined when the folder is in no work tree, git is missing or fails, or git lists
 * nothing (the folder is itself ignored by an outer repository). Submodules and nested repositories are listed too.
 */
export async function listWithGit(root: string, signal?: AbortSignal): Promise<Listing | undefined> {
  const paths = new Set<string>();
  const unreadable: string[] = [];
  const links = new Links(root);
  const pending = [""];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    // A submodule by git's index, a link on disk.
    if ((await links.above(folder)) !== undefined) {
      paths.add(folder);
      continue;
    }
    const at = path.join(root, folder);
    const tracked = await git(at, ["ls-files", "-z", "--cached", "--stage"], signal);
    const others = await git(at, ["ls-files", "-z", "--others", "--exclude-standard"], signal);
    const listed = [...stagedNames(tracked ?? ""), ...names(others ?? "")];
    if (listed.length === 0) {
      if (folder === "") return undefined;
      // A submodule that is not set up, or an empty repository: whatever is there.
      const walked = await walk(root, signal, folder);
      for (const name of walked.paths) paths.add(name);
      unreadable.push(...walked.unreadable);
    }
    for (const name of listed) {
      const file = folder === "" ? name : `${folder}/${name}`;
      if (!file.endsWith("/")) paths.add(file);
      else if (!file.split("/").some(isIgnoredFolder)) pending.push(file.slice(0, -1));
    }
    throwIfCancelled(signal);
  }
  return { paths: [...paths], unreadable };
}

function names(output: string): string[] {
  return output.split("\0").filter((name) => name !== "");
}

/** Names of `ls-files --stage`; a submodule (mode 160000) gets a trailing slash, as a nested repository has. */
function stagedNames(output: string): string[] {
  return names(output).map((line) => {
    const name = line.slice(line.indexOf("\t") + 1);
    return line.startsWith("160000 ") ? `${name}/` : name;
  });
}

/**
 * Those of the paths that git would not list because of its ignore files; undefined where git cannot tell. Files that
 * git tracks are none of them.
 */
export async function ignoredByGit(
  root: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const { code, out } = await runGit(root, ["check-ignore", "-z", "--stdin"], signal, paths.join("\0"));
  if (code === 0) return new Set(names(out));
  // 1: none is ignored; anything else: no work tree, no git, a path inside a submodule.
  return code === 1 ? new Set() : undefined;
}

/** The commit that is checked out, or null outside git and before the first commit. */
export async function gitHead(root: string, signal?: AbortSignal): Promise<string | null> {
  const out = await git(root, ["rev-parse", "--verify", "HEAD"], signal);
  return out === undefined ? null : out.trim();
}

/** All files below `from`, without ignored folders and what nested .gitignore files leave out; follows no links. */
export async function walk(root: string, signal?: AbortSignal, from = ""): Promise<Listing> {
  const rules = new IgnoreRules(root, ".gitignore");
  const paths: string[] = [];
  const unreadable: string[] = [];
  const pending = [from];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    throwIfCancelled(signal);
    let entries: { name: string; isDirectory(): boolean }[];
    try {
      entries = await readdir(path.join(root, folder), { withFileTypes: true });
    } catch {
      unreadable.push(`${folder}/`);
      continue;
    }
    for (const entry of entries) {
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!isIgnoredFolder(entry.name) && !(await rules.ignoresFolder(name))) pending.push(name);
      } else if (!(await rules.ignoresFile(name))) {
        paths.push(name);
      }
    }
  }
  return { paths, unreadable };
}

/** Standard output of a git command, or undefined when it fails. */
async function git(folder: string, args: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
  const { code, out } = await runGit(folder, args, signal);
  return code === 0 ? out : undefined;
}

/** A pipe in place of a `.gitignore` holds git for ever; the largest workspaces are listed in seconds. */
const MOST_GIT_MS = 30_000;

/**
 * Runs git; `code` is null when it could not be started. No shell, no hooks, no file-system monitor, no locks, no
 * fetching: a repository's configuration must not make git run anything.
 */
async function runGit(
  folder: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  input?: string,
): Promise<{ readonly code: number | null; readonly out: string }> {
  if (GIT === undefined) return { code: null, out: "" };
  const env: NodeJS.ProcessEnv = { ...process.env, ...GIT_ENVIRONMENT };
  // Set inside hooks; they would point git at another repository.
  for (const name of ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"]) delete env[name];
  throwIfCancelled(signal);
  const child = spawn(
    GIT,
    ["-c", "core.fsmonitor=false", "-c", `core.hooksPath=${os.devNull}`, "-c", "core.quotePath=false", ...args],
    {
      cwd: folder,
      env,
      stdio: ["pipe", "pipe", "ignore"],
      windowsHide: true,
      timeout: MOST_GIT_MS,
      ...(signal === undefined ? {} : { signal }),
    },
  );
  const chunks: Buffer[] = [];
  // Git may end, or not even start, before it has read all.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", (status) => resolve(status));
  });
  throwIfCancelled(signal);
  return { code, out: Buffer.concat(chunks).toString("utf8") };
}
