import * as vscode from "vscode";
import type { AskParams } from "../../protocol/engine.ts";
import type { Place } from "../../protocol/panel.ts";
import type { EngineClient } from "../engine-client.ts";
import type { FolderIndex } from "../index/folder-index.ts";
import type { Folders } from "../index/folders.ts";
import { splitPath, staysInside } from "../paths.ts";

const MOST_PLACES = 50;

/** A question is narrowed to something that no folder of the workspace can hold. */
class NarrowedOutsideError extends Error {
  override readonly name = "NarrowedOutsideError";

  constructor(path: string) {
    super(
      vscode.l10n.t(
        '"{0}" is not in the workspace. Name files and folders relative to it, e.g. "src/server.ts" or "src/lib/".',
        path,
      ),
    );
  }
}

/** What stands before the paths of a folder: nothing, or its name where there are several. */
export function prefixOf(folders: Folders, index: FolderIndex): string {
  return folders.several ? `${index.folder.name}/` : "";
}

/** Which folders a question goes to, and the files and folders in them that the answer must come from. */
export interface Scope {
  readonly folders: readonly string[];
  readonly narrow: AskParams["narrow"];
}

/**
 * What shown paths stand for ("src/lib/" for a folder); none: all folders that can be asked. Throws
 * `NarrowedOutsideError`: language models and other extensions name paths too.
 */
export function scopeOf(folders: Folders, shown: readonly string[]): Scope {
  const asked = new Set<string>();
  const narrow: AskParams["narrow"][number][] = [];
  for (const path of shown) {
    const index = folders.askable.find((each) => path.startsWith(prefixOf(folders, each)));
    if (index === undefined) continue;
    asked.add(index.path);
    // Language models write "./src/" too.
    const inside = path.slice(prefixOf(folders, index).length).replace(/^(?:\.\/)+/, "");
    if (inside !== "" && !staysInside(inside)) throw new NarrowedOutsideError(path);
    if (inside !== "") narrow.push({ folder: index.path, path: inside });
  }
  return { folders: asked.size > 0 ? [...asked] : folders.askable.map(({ path }) => path), narrow };
}

/** The files of the indexes and the folders that they lie in, to choose from after "@". */
export class Places {
  readonly #engine: EngineClient;
  readonly #folders: Folders;
  #known: Promise<readonly Place[]> | undefined;

  constructor(engine: EngineClient, folders: Folders) {
    this.#engine = engine;
    this.#folders = folders;
  }

  /** Something was indexed since. */
  forget(): void {
    this.#known = undefined;
  }

  /** The best matches of what was typed, files and folders. */
  async find(query: string): Promise<Place[]> {
    this.#known ??= this.#load();
    const known = this.#known;
    const wanted = query.toLowerCase();
    const scored = (await known).flatMap((place) => {
      const score = rank(place.path.toLowerCase(), wanted);
      return score === undefined ? [] : [{ place, score }];
    });
    scored.sort((a, b) => a.score - b.score || a.place.path.length - b.place.path.length);
    return scored.slice(0, MOST_PLACES).map(({ place }) => place);
  }

  async #load(): Promise<readonly Place[]> {
    const places: Place[] = [];
    for (const index of this.#folders.askable) {
      const prefix = prefixOf(this.#folders, index);
      const list = await this.#engine.files(index.path).catch(() => {
        this.#known = undefined;
        return { files: [] };
      });
      if (prefix !== "") places.push({ path: prefix, kind: "folder", files: list.files.length });
      const counts = new Map<string, number>();
      for (const { path } of list.files) {
        places.push({ path: prefix + path, kind: "file" });
        for (let { folder } = splitPath(path); folder !== ""; { folder } = splitPath(folder))
          counts.set(folder, (counts.get(folder) ?? 0) + 1);
      }
      for (const [folder, files] of counts) places.push({ path: `${prefix}${folder}/`, kind: "folder", files });
    }
    return places;
  }
}

/** 0 for the best kind of match: the name begins with it, holds it, the path holds it, its letters in their order. */
function rank(path: string, wanted: string): number | undefined {
  if (wanted === "") return path.endsWith("/") ? 0 : 1;
  const name = splitPath(path.replace(/\/$/, "")).name;
  if (name.startsWith(wanted)) return 0;
  if (name.includes(wanted)) return 1;
  if (path.includes(wanted)) return 2;
  let at = 0;
  for (const character of wanted) {
    at = path.indexOf(character, at) + 1;
    if (at === 0) return undefined;
  }
  return 3;
}
