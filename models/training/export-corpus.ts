import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Segment, Segmenter } from "../../src/engine/corpus/segment.ts";

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** All segments of one repository, files in byte order of their paths. */
export interface Corpus {
  readonly segments: readonly { readonly file: SourceFile; readonly segment: Segment }[];
  readonly byFile: ReadonlyMap<string, { readonly file: SourceFile; readonly segments: readonly number[] }>;
  readonly bytes: number;
}

const SKIPPED_FOLDERS = new Set([".git", "node_modules", ".hg", ".svn", "__pycache__"]);
const MAX_BYTES = 1_000_000;

/** Reads and segments every text file below `root`. */
export async function readCorpus(root: string, segmenter: Segmenter): Promise<Corpus> {
  const segments: { file: SourceFile; segment: Segment }[] = [];
  const byFile = new Map<string, { file: SourceFile; segments: number[] }>();
  let bytes = 0;
  const names = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((name) => !name.split(path.sep).some((part) => SKIPPED_FOLDERS.has(part)))
    .sort();
  for (const name of names) {
    const raw = readFileSync(path.join(root, name));
    if (raw.length > MAX_BYTES || raw.subarray(0, 8192).includes(0)) continue;
    const file = { path: name.split(path.sep).join("/"), text: raw.toString("utf8").replace(/^\ufeff/, "") };
    if (file.text.length > 20_000 && file.text.length / (file.text.split("\n").length + 1) > 500) continue;
    const result = await segmenter.segment(file.path, file.text);
    const first = segments.length;
    for (const segment of result.segments) segments.push({ file, segment });
    byFile.set(file.path, { file, segments: result.segments.map((_, i) => first + i) });
    bytes += raw.length;
  }
  return { segments, byFile, bytes };
}
