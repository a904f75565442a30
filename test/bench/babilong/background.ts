import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { pack } from "../../../src/engine/corpus/pack.ts";
import type { Tokenizer } from "../../../src/engine/corpus/tokenize.ts";
import { ArmtError } from "../../../src/engine/errors.ts";

/** Where a segment of the stream stands: its text is read again when memory points to it. */
export interface Place {
  readonly file: string;
  /** UTF-16 range in the file. */
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
}

const TEXT = new Set([
  ".js",
  ".cjs",
  ".mjs",
  ".ts",
  ".cts",
  ".mts",
  ".md",
  ".markdown",
  ".txt",
  ".json",
  ".css",
  ".html",
]);
for (const more of [".py", ".rst", ".c", ".h", ".cc", ".go", ".rs", ".java", ".rb", ".sh", ".yml", ".yaml", ".toml"]) {
  TEXT.add(more);
}
/** Larger files of code are bundles and data; a book may be longer. */
const MOST_BYTES = 400_000;
const MOST_PROSE_BYTES = 32_000_000;
const PROSE = new Set([".txt", ".rst"]);
/** Packages whose code the quality bench keeps for itself. */
const RESERVED = new Set(["mocha", "rxjs", "supervisor", "eslint", "fastify", "redis", "webpack"]);

/** The folder of `--background` holds no text. */
export class NoBackgroundError extends ArmtError {
  constructor(folder: string) {
    super("no-background", `${folder} holds no code or documentation. Name another folder with --background.`);
  }
}

/** Code and documentation in a folder and below, in the order of their paths. Throws `NoBackgroundError`. */
export function backgroundFiles(folder: string): string[] {
  const found: string[] = [];
  const walk = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.name.startsWith(".") || RESERVED.has(entry.name)) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && TEXT.has(extname(entry.name)) && statSync(path).size <= mostBytes(path))
        found.push(path);
    }
  };
  walk(folder);
  if (found.length === 0) throw new NoBackgroundError(folder);
  return found.toSorted();
}

function mostBytes(path: string): number {
  return PROSE.has(extname(path)) ? MOST_PROSE_BYTES : MOST_BYTES;
}

/** A segment as it is cut: where it stands, and the token ids of its lines that have any. */
export interface CutSegment {
  readonly place: Place;
  readonly lines: readonly Int32Array[];
}

/** Cuts a file into segments of at most `maxTokens` tokens at line borders; a longer line is cut inside. */
export function segmentFile(file: string, tokenizer: Tokenizer, maxTokens: number): CutSegment[] {
  const text = readFileSync(file, "utf8");
  const { ids, starts, ends, words } = tokenizer.encode(text);
  // Index of the first token at or after each line's begin.
  const first: number[] = [];
  let token = 0;
  for (let line = 0; line >= 0; line = next(text, line)) {
    while (token < ids.length && (starts[token] as number) < line) token++;
    first.push(token);
  }
  const firstToken = Int32Array.of(...first, ids.length);
  const price = new Float64Array(first.length);
  return pack({ firstToken, price }, words, maxTokens).map(({ from, to, firstLine, lastLine }) => {
    const lines: Int32Array[] = [];
    for (let line = firstLine; line <= lastLine; line++) {
      const cut = ids.subarray(Math.max(from, first[line] as number), Math.min(to, firstToken[line + 1] as number));
      if (cut.length > 0) lines.push(cut);
    }
    return {
      place: { file, from: starts[from] as number, to: ends[to - 1] as number, tokens: to - from },
      lines,
    };
  });
}

/** Begin of the line after the one that begins at `at`; -1 after the last. */
function next(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? -1 : end + 1;
}

/** Text of a place, read from disk; the last file is kept. */
export class PlaceReader {
  #file = "";
  #text = "";

  text(place: Place): string {
    if (place.file !== this.#file) {
      this.#file = place.file;
      this.#text = readFileSync(place.file, "utf8");
    }
    return this.#text.slice(place.from, place.to);
  }
}
