import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { survey } from "../../../src/engine/corpus/discover.ts";
import { loadQuestions } from "../questions/load.ts";
import { fetchSources, givenSources } from "../questions/sources.ts";

/** Packages that a checkout has, for a run without fetching; none of them is a question repository of the bench. */
const PACKAGES = ["amqplib", "commander", "markdown-it", "lodash", "hono", "parse5", "@modelcontextprotocol"];

const ASSIGNING = /\.(?:[cm]?js|ts|py|rb|lua)$/u;

/** A file of real code, and where it goes in the workspace. */
interface SourceFile {
  readonly from: string;
  readonly path: string;
  readonly bytes: number;
}

/** Real code in a fixed order, of which workspaces of any size are made. */
export class Corpus {
  readonly #files: readonly SourceFile[];
  #taken = 0;
  #saved = "";

  private constructor(files: readonly SourceFile[]) {
    this.#files = files;
  }

  /** What lies in the checkout's `node_modules`. */
  static async ofCheckout(signal: AbortSignal): Promise<Corpus> {
    return await Corpus.#read(fileURLToPath(new URL("../../../node_modules", import.meta.url)), PACKAGES, signal);
  }

  /** The training repositories, fetched into `cache` or taken from `sources`; dev repositories are not touched. */
  static async ofRepositories(
    cache: string,
    sources: string | undefined,
    onProgress: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Corpus> {
    const repos = [...new Set(loadQuestions("train").questions.map(({ repo }) => repo))];
    // By a hash of the name, so that small workspaces have several languages too.
    repos.sort((a, b) => Buffer.compare(digest(a), digest(b)));
    const folder =
      sources === undefined ? await fetchSources({ cache, repos, onProgress }, signal) : givenSources(sources, repos);
    return await Corpus.#read(folder, repos, signal);
  }

  static async #read(folder: string, names: readonly string[], signal: AbortSignal): Promise<Corpus> {
    const files: SourceFile[] = [];
    for (const name of names) {
      const found = await survey(join(folder, name), {}, signal);
      for (const { path, size } of found.files) {
        files.push({ from: join(found.root, path), path: join(name, path), bytes: size });
      }
    }
    return new Corpus(files);
  }

  /** A file that is in the workspace, to be saved, of a language in which `name = 1` is a statement. */
  get saved(): string {
    return this.#saved;
  }

  /** Copies the next files into a workspace until at least `bytes` are added; returns how many were. */
  grow(workspace: string, bytes: number): number {
    let added = 0;
    while (added < bytes) {
      const file = this.#files[this.#taken];
      if (file === undefined) break;
      this.#taken++;
      const to = join(workspace, file.path);
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(file.from, to);
      added += file.bytes;
      if (this.#saved === "" && ASSIGNING.test(file.path)) this.#saved = file.path;
    }
    return added;
  }
}

function digest(name: string): Buffer {
  return createHash("sha256").update(name).digest();
}
