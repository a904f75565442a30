import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ArmtError, throwIfCancelled } from "../../../src/engine/errors.ts";
import { defaultCache } from "../cache.ts";
import { chooseQuestions, loadQuestions, QUESTION_TYPES, type Question, type QuestionSet } from "./load.ts";

const run = promisify(execFile);

/** One entry of `repos.json`: a repository pinned by version and checksum. */
interface Pinned {
  readonly repo: string;
  readonly source: "npm" | "debian";
  readonly package: string;
  readonly version: string;
  /** Of the tarball, hex. */
  readonly sha256: string;
  /** Folder in the tarball that becomes the workspace. */
  readonly root: string;
  /** Globs anchored at the root of what is removed after unpacking. */
  readonly exclude: readonly string[];
}

/** Some repositories could neither be found nor fetched. */
export class SourcesMissingError extends ArmtError {
  constructor(folder: string, missing: readonly string[], reason: string) {
    super("sources-missing", `${missing.length} repositories are not in ${folder}: ${missing.join(", ")}. ${reason}`);
  }
}

/** The files differ from those that the questions were written on. */
export class SourcesMismatchError extends ArmtError {
  constructor(folder: string, bad: readonly string[]) {
    super(
      "sources-mismatch",
      `${bad.length} questions do not fit the files in ${folder}, first ${bad.slice(0, 3).join(", ")}. ` +
        "Delete the folder and run again to unpack the pinned versions.",
    );
  }
}

export interface SourcesOptions {
  /** Folder for downloads and unpacked repositories. */
  readonly cache: string;
  /** Default: all of `repos.json`. */
  readonly repos?: readonly string[];
  readonly onProgress?: (line: string) => void;
}

/**
 * Makes sure that `cache/ws/<repo>` is each pinned repository; returns `cache/ws`. npm packages come by `npm pack`,
 * Debian's by `apt-get source` from the mirror that this machine's apt already uses. Two runs at once wait for each
 * other; an interrupted one leaves nothing half unpacked. Throws `SourcesMissingError`.
 */
export async function fetchSources(options: SourcesOptions, signal?: AbortSignal): Promise<string> {
  const cache = resolve(options.cache);
  const workspaces = join(cache, "ws");
  const wanted = pinned().filter((entry) => options.repos?.includes(entry.repo) ?? true);
  const isDone = (entry: Pinned): boolean =>
    existsSync(join(workspaces, entry.repo)) && readIfAny(stampFile(cache, entry)) === entry.sha256;
  if (wanted.every(isDone)) return workspaces;

  mkdirSync(join(cache, "dl"), { recursive: true });
  mkdirSync(workspaces, { recursive: true });
  const release = await lock(join(cache, "lock"), options.onProgress, signal);
  try {
    const fetcher = new Fetcher(cache);
    const missing: string[] = [];
    for (const entry of wanted) {
      throwIfCancelled(signal);
      if (isDone(entry)) continue;
      options.onProgress?.(`fetching ${entry.repo} (${entry.source} ${entry.package} ${entry.version})`);
      const tarball = await fetcher.tarball(entry, signal);
      if (tarball === null) missing.push(entry.repo);
      else await unpack(cache, entry, tarball, signal);
    }
    if (missing.length > 0) {
      const where = join(cache, "dl");
      throw new SourcesMissingError(
        workspaces,
        missing,
        `npm or apt did not deliver them; put tarballs with the checksums of repos.json into ${where} and run again.`,
      );
    }
    return workspaces;
  } finally {
    release();
  }
}

/**
 * The folder with `<repo>/` for each of `repos` inside `folder` (or its `ws`), nothing fetched.
 * Throws `SourcesMissingError`.
 */
export function givenSources(folder: string, repos: readonly string[]): string {
  const workspaces = existsSync(join(folder, "ws")) ? join(resolve(folder), "ws") : resolve(folder);
  const missing = repos.filter((repo) => !existsSync(join(workspaces, repo)));
  if (missing.length > 0) {
    throw new SourcesMissingError(
      workspaces,
      missing,
      "Leave --sources out to have them fetched into the cache folder.",
    );
  }
  return workspaces;
}

/** Throws `SourcesMismatchError` if a span or evidence of the questions is not where it should be. */
export function checkSources(workspaces: string, questions: readonly Question[]): void {
  const files = new Map<string, readonly string[]>();
  const lines = (file: string): readonly string[] => {
    const known = files.get(file) ?? (readIfAny(join(workspaces, file)) ?? "").split("\n");
    files.set(file, known);
    return known;
  };
  const bad = questions.filter(
    (question) =>
      !(
        question.spans.every(({ file, line, text }) => lines(join(question.repo, file))[line - 1]?.includes(text)) &&
        question.evidence.every(({ file, lines: [from, to], must_contain }) =>
          lines(join(question.repo, file))
            .slice(from - 1, to)
            .join("\n")
            .includes(must_contain),
        )
      ),
  );
  if (bad.length > 0) {
    throw new SourcesMismatchError(
      workspaces,
      bad.map((question) => question.id),
    );
  }
}

function pinned(): readonly Pinned[] {
  return JSON.parse(readFileSync(new URL("./repos.json", import.meta.url), "utf8")) as Pinned[];
}

function stampFile(cache: string, entry: Pinned): string {
  return join(cache, `.${entry.repo.replace(/\W/gu, "_")}.done`);
}

function readIfAny(file: string): string | null {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Takes the lock file, waiting while another live process on this machine holds it; returns its release. */
async function lock(
  file: string,
  onProgress: ((line: string) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<() => void> {
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(readIfAny(file) ?? "");
    // Empty: its owner is about to write its id. Dead: left by a killed run.
    if (owner > 0 && !isAlive(owner)) rmSync(file, { force: true });
    else {
      if (!waited) onProgress?.(`waiting for process ${owner}, which unpacks into the same cache`);
      await sleep(300);
    }
    throwIfCancelled(signal);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Unpacks beside the workspace and renames it into place. */
async function unpack(cache: string, entry: Pinned, tarball: string, signal?: AbortSignal): Promise<void> {
  const workspace = join(cache, "ws", entry.repo);
  const scratch = join(cache, `tmp-${process.pid}`);
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  try {
    await run("tar", ["xf", tarball, "-C", scratch], { signal });
    const root = join(scratch, entry.root);
    const excluded = entry.exclude.map(globPattern);
    for (const path of filesIn(root)) if (excluded.some((glob) => glob.test(path))) rmSync(join(root, path));
    rmSync(workspace, { recursive: true, force: true });
    renameSync(root, workspace);
    writeFileSync(stampFile(cache, entry), entry.sha256);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A glob anchored at the root, where `*` stays in a folder, `**` crosses folders and both match names with a dot first. */
function globPattern(glob: string): RegExp {
  // Not path.matchesGlob: it leaves names with a dot first alone, and the pinned file lists are without them.
  const wild: Readonly<Record<string, string>> = { "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]" };
  const source = glob.replace(/\*\*\/|\*\*|[*?]|[.+^${}()|[\]\\]/gu, (part) => wild[part] ?? `\\${part}`);
  return new RegExp(`^${source}$`, "u");
}

/** All files and links below a folder, relative, forward slashes; links are not followed. */
function filesIn(root: string, folder = ""): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(root, path) : [path];
  });
}

/** Finds tarballs by checksum among the downloads, and downloads what is missing. */
class Fetcher {
  readonly #cache: string;
  readonly #downloads: string;
  readonly #known = new Map<string, string>();
  #apt: readonly string[] | undefined;

  constructor(cache: string) {
    this.#cache = cache;
    this.#downloads = join(cache, "dl");
  }

  /** The file with the pinned checksum, or null. */
  async tarball(entry: Pinned, signal?: AbortSignal): Promise<string | null> {
    const cached = await this.#find(entry);
    if (cached !== null) return cached;
    const options = { cwd: this.#downloads, signal };
    // A failed download is not the end: what counts is whether a file with the checksum is there.
    if (entry.source === "npm") {
      await run("npm", ["pack", `${entry.package}@${entry.version}`, "--silent"], options).catch(() => undefined);
    } else {
      // Only the upstream tarball counts: where the pinned packaging is gone, a later one may still carry it.
      for (const wanted of [`${entry.package}=${entry.version}`, entry.package]) {
        const apt = await this.#aptOptions(signal);
        const source = ["-qq", "-y", "--download-only", "--tar-only", "source", wanted];
        await run("apt-get", [...apt, ...source], options).catch(() => undefined);
        if ((await this.#find(entry)) !== null) break;
      }
    }
    return this.#find(entry);
  }

  async #find(entry: Pinned): Promise<string | null> {
    for (const name of readdirSync(this.#downloads)) {
      if (!/\.(?:tgz|tar\.\w+)$/u.test(name) || this.#known.has(name)) continue;
      this.#known.set(name, await sha256(join(this.#downloads, name)));
    }
    const found = [...this.#known].find(([, hash]) => hash === entry.sha256);
    return found === undefined ? null : join(this.#downloads, found[0]);
  }

  /** apt with package lists of its own under the cache, so that the machine's lists stay as they are. */
  async #aptOptions(signal?: AbortSignal): Promise<readonly string[]> {
    if (this.#apt !== undefined) return this.#apt;
    const folder = join(this.#cache, "apt");
    for (const part of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(folder, part), { recursive: true });
    const targets = ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"];
    const { stdout } = await run("apt-get", targets, { signal }).catch(() => ({ stdout: "" }));
    const site = stdout
      .split("\n")
      .map((line) => line.trim())
      .find((line) => /\/debian\/?$/u.test(line));
    if (site === undefined) {
      throw new ArmtError(
        "no-apt-mirror",
        "Some repositories come from Debian's source packages, and apt has no Debian mirror here. " +
          "Run apt-get update first, or pass --sources DIR with the unpacked repositories.",
      );
    }
    const key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
    const suites = ["bookworm", "trixie", "sid"].map((suite) => `deb-src ${key} ${site} ${suite} main\n`);
    writeFileSync(join(folder, "sources.list"), suites.join(""));
    const apt = [
      `Dir::Etc::sourcelist=${folder}/sources.list`,
      "Dir::Etc::sourceparts=/dev/null",
      `Dir::State::lists=${folder}/lists`,
      `Dir::Cache=${folder}/cache`,
      "Dir::Cache::pkgcache=",
      "Dir::Cache::srcpkgcache=",
      "Acquire::Languages=none",
      "APT::Sandbox::User=root",
    ].flatMap((option) => ["-o", option]);
    await run("apt-get", [...apt, "-qq", "update"], { signal }).catch(() => undefined);
    this.#apt = apt;
    return apt;
  }
}

/** `node sources.ts [CACHE] [repo,repo]`: fetches and checks, for use without the bench. */
async function main(): Promise<void> {
  const [cache = defaultCache(), list] = process.argv.slice(2);
  const repos = list?.split(",");
  const sets: readonly QuestionSet[] = ["dev", "train"];
  const questions = chooseQuestions(
    sets.flatMap((set) => loadQuestions(set).questions),
    repos,
  );
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  const workspaces = await fetchSources({ cache, onProgress: print, ...(repos === undefined ? {} : { repos }) });
  checkSources(workspaces, questions);
  const types = QUESTION_TYPES.map(
    (type) => `${questions.filter((question) => question.type === type).length} ${type}`,
  );
  process.stdout.write(`${workspaces}: ${questions.length} questions fit (${types.join(", ")})\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
