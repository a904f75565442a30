import path from "node:path";
import ignore, { type Ignore } from "ignore";
import { readBytes } from "./decode.ts";

/** A workspace that was delivered must not fill the memory by its rules. */
const MAX_BYTES = 1_000_000;

/**
 * Nested ignore files of one name (`.gitignore`, `.armtignore`) with git's meaning: rules of deeper folders override,
 * and nothing below an ignored folder comes back. Folders are loaded on first use.
 */
export class IgnoreRules {
  readonly #root: string;
  readonly #name: string;
  readonly #rules = new Map<string, Promise<Ignore | undefined>>();
  readonly #folders = new Map<string, Promise<boolean>>();

  /** `root` is the absolute workspace folder, `name` the ignore file's name. */
  constructor(root: string, name: string) {
    this.#root = root;
    this.#name = name;
  }

  /** Whether a file (relative, forward slashes) is ignored, by itself or by a folder above it. */
  async ignoresFile(file: string): Promise<boolean> {
    const folder = parentOf(file);
    return (await this.ignoresFolder(folder)) || (await this.#decide(file, folder));
  }

  /** The same for a folder; "" is the root, which nothing ignores. */
  ignoresFolder(folder: string): Promise<boolean> {
    if (folder === "") return Promise.resolve(false);
    let known = this.#folders.get(folder);
    if (known === undefined) {
      const parent = parentOf(folder);
      known = this.ignoresFolder(parent).then(async (above) => above || (await this.#decide(`${folder}/`, parent)));
      this.#folders.set(folder, known);
    }
    return known;
  }

  async #decide(target: string, folder: string): Promise<boolean> {
    let ignored = false;
    // From the root down: the last rule that says something wins.
    for (let at = 0; at <= folder.length; ) {
      const base = folder.slice(0, at);
      const rules = await this.#load(base);
      if (rules !== undefined) {
        const verdict = rules.test(base === "" ? target : target.slice(base.length + 1));
        if (verdict.ignored) ignored = true;
        else if (verdict.unignored) ignored = false;
      }
      if (at === folder.length) break;
      const slash = folder.indexOf("/", at + 1);
      at = slash < 0 ? folder.length : slash;
    }
    return ignored;
  }

  #load(folder: string): Promise<Ignore | undefined> {
    let rules = this.#rules.get(folder);
    if (rules === undefined) {
      rules = this.#read(folder);
      this.#rules.set(folder, rules);
    }
    return rules;
  }

  async #read(folder: string): Promise<Ignore | undefined> {
    // As git does it, not through a link.
    const read = await readBytes(path.join(this.#root, folder, this.#name), MAX_BYTES, MAX_BYTES);
    // No such file, mostly; one that cannot be read says nothing either.
    return "skip" in read ? undefined : matcher([read.bytes.toString("utf8")]);
  }
}

/** A matcher of gitignore patterns; Linux tells case apart, the other systems do not. */
export function matcher(patterns: readonly string[]): Ignore {
  return ignore({ ignorecase: process.platform !== "linux", allowRelativePaths: true }).add(patterns.join("\n"));
}

/** The folder of a relative path, "" for the root. */
export function parentOf(relative: string): string {
  const slash = relative.lastIndexOf("/");
  return slash < 0 ? "" : relative.slice(0, slash);
}
