import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import path from "node:path";
import { throwIfCancelled, WorkspaceEmptyError } from "../errors.ts";
import { resolveWorkspace, staysInside } from "../workspace.ts";
import { DEFAULT_MAX_FILE_BYTES, readBytes } from "./decode.ts";
import { isIgnoredFolder, reasonByContent, reasonByName, type SkipReason } from "./exclusions.ts";
import { IgnoreRules, matcher, parentOf } from "./ignore-rules.ts";
import { Links } from "./links.ts";
import { gitHead, listWithGit, walk } from "./listing.ts";

export interface DiscoverOptions {
  /** gitignore patterns; when given, only files that match one are indexed. */
  readonly include?: readonly string[];
  /** gitignore patterns of files to leave out. */
  readonly exclude?: readonly string[];
  readonly maxFileBytes?: number;
  /** False decides by names and sizes alone: no source file is opened. */
  readonly contents?: boolean;
}

/** A file to index. */
export interface WorkspaceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  /** Bytes on disk. */
  readonly size: number;
  readonly mtimeMs: number;
}

export interface SkippedPath {
  /** Relative to the root; a folder ends in "/". */
  readonly path: string;
  readonly reason: SkipReason;
}

export interface Discovery {
  /** Real path of the workspace. */
  readonly root: string;
  /** In byte order of their paths. */
  readonly files: readonly WorkspaceFile[];
  /** In byte order; files that git ignores and ignored folders are not listed. */
  readonly skipped: readonly SkippedPath[];
  readonly source: "git" | "walk";
  /** The commit that is checked out, or null. */
  readonly head: string | null;
}

/** Files looked at in parallel. */
const PARALLEL = 16;
const PROBE_BYTES = 8_192;
const LONG_PROBE_BYTES = 65_536;

/** As `survey`; throws `WorkspaceEmptyError` where nothing is to be indexed. */
export async function discover(
  folder: string,
  options: DiscoverOptions = {},
  signal?: AbortSignal,
): Promise<Discovery> {
  const found = await survey(folder, options, signal);
  if (found.files.length === 0) throw new WorkspaceEmptyError(found.root, found.skipped.length);
  return found;
}

/**
 * The files of a workspace that are to be indexed, and what is left out and why. Throws `WorkspaceNotFoundError`,
 * `WorkspaceRefusedError`, `WorkspaceUnreadableError`, `CancelledError`.
 */
export async function survey(folder: string, options: DiscoverOptions = {}, signal?: AbortSignal): Promise<Discovery> {
  throwIfCancelled(signal);
  const root = resolveWorkspace(folder);
  const fromGit = await listWithGit(root, signal);
  const listing = fromGit ?? (await walk(root, signal));
  const head = fromGit === undefined ? null : await gitHead(root, signal);
  const files: WorkspaceFile[] = [];
  const skipped: SkippedPath[] = listing.unreadable.map((name) => ({ path: name, reason: "unreadable" }));
  const judge = new Judge(root, options);
  const pending = listing.paths.values();
  const work = async () => {
    for (const name of pending) {
      throwIfCancelled(signal);
      const verdict = await judge.look(name);
      if (verdict === undefined) continue;
      if (typeof verdict === "string") skipped.push({ path: name, reason: verdict });
      else files.push(verdict);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return {
    root,
    files: files.sort(byPath),
    skipped: skipped.sort(byPath),
    source: fromGit === undefined ? "walk" : "git",
    head,
  };
}

/**
 * What `discover` says of one file (relative, forward slashes): the file, why it is left out, or undefined when it is
 * gone or in an ignored folder. For updates on save; .gitignore is not asked.
 */
export function discoverFile(
  root: string,
  file: string,
  options: DiscoverOptions = {},
): Promise<WorkspaceFile | SkipReason | undefined> {
  return new Judge(root, options).look(file);
}

class Judge {
  readonly #root: string;
  readonly #links: Links;
  readonly #rules: IgnoreRules;
  readonly #include: ReturnType<typeof matcher> | undefined;
  readonly #exclude: ReturnType<typeof matcher>;
  readonly #maxBytes: number;
  readonly #contents: boolean;

  constructor(root: string, options: DiscoverOptions) {
    this.#root = root;
    this.#links = new Links(root);
    this.#rules = new IgnoreRules(root, ".armtignore");
    const include = options.include ?? [];
    this.#include = include.length === 0 ? undefined : matcher(include);
    this.#exclude = matcher(options.exclude ?? []);
    this.#maxBytes = options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES;
    this.#contents = options.contents ?? true;
  }

  async look(file: string): Promise<WorkspaceFile | SkipReason | undefined> {
    if (!staysInside(file)) return "outside";
    if (file.split("/").slice(0, -1).some(isIgnoredFolder)) return undefined;
    const throughLink = await this.#links.above(parentOf(file));
    if (throughLink !== undefined) return throughLink;
    if (this.#include?.ignores(file) === false || this.#exclude.ignores(file)) return "excluded";
    if (await this.#rules.ignoresFile(file)) return "excluded";
    const absolute = path.join(this.#root, file);
    let stat: Stats;
    try {
      stat = await lstat(absolute);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      return code === "ENOENT" || code === "ENOTDIR" ? undefined : "unreadable";
    }
    if (stat.isSymbolicLink()) return await this.#links.reasonOf(file);
    if (!stat.isFile()) return "special";
    const byName = reasonByName(file);
    if (byName !== undefined) return byName;
    if (stat.size > this.#maxBytes) return "too-large";
    const byContent = this.#contents ? await probe(file, absolute) : undefined;
    return byContent ?? { path: file, size: stat.size, mtimeMs: stat.mtimeMs };
  }
}

/** Looks at the beginning, and at more only if its lines are long. */
async function probe(file: string, absolute: string): Promise<SkipReason | undefined> {
  const read = await readBytes(absolute, PROBE_BYTES);
  if ("skip" in read) return read.skip;
  const reason = reasonByContent(file, read.bytes);
  if (reason !== "minified") return reason;
  const more = await readBytes(absolute, LONG_PROBE_BYTES);
  return "skip" in more ? more.skip : reasonByContent(file, more.bytes);
}

/** Byte order of the UTF-8 paths; UTF-16 order differs only where surrogates are involved. */
function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  if (SURROGATE.test(a.path) || SURROGATE.test(b.path)) return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

const SURROGATE = /[\ud800-\udfff]/;
