import { lstat, realpath } from "node:fs/promises";
import path from "node:path";
import type { SkipReason } from "./exclusions.ts";
import { parentOf } from "./ignore-rules.ts";

/** Tells links from folders below a root (a real path), so that nothing is read through a link. Folders are looked at once. */
export class Links {
  readonly #root: string;
  readonly #folders = new Map<string, Promise<SkipReason | undefined>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Why nothing in a folder (relative, forward slashes; "" is the root) may be read: it is a link, or below one. */
  above(folder: string): Promise<SkipReason | undefined> {
    if (folder === "") return Promise.resolve(undefined);
    let known = this.#folders.get(folder);
    if (known === undefined) {
      known = this.above(parentOf(folder)).then((reason) => reason ?? this.#reasonOf(folder));
      this.#folders.set(folder, known);
    }
    return known;
  }

  /** Why a link is not followed. */
  async reasonOf(link: string): Promise<SkipReason> {
    try {
      const target = path.relative(this.#root, await realpath(path.join(this.#root, link)));
      return target === ".." || target.startsWith(`..${path.sep}`) || path.isAbsolute(target) ? "outside" : "link";
    } catch {
      // A loop or a target that is gone.
      return "unreadable";
    }
  }

  async #reasonOf(folder: string): Promise<SkipReason | undefined> {
    const stat = await lstat(path.join(this.#root, folder)).catch(() => undefined);
    return stat?.isSymbolicLink() === true ? await this.reasonOf(folder) : undefined;
  }
}
