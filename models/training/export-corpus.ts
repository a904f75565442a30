import path from "node:path";
import { readSource } from "../../src/engine/corpus/decode.ts";
import { discover } from "../../src/engine/corpus/discover.ts";
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

/** Reads and segments the files that the engine would index below `root`. */
export async function readCorpus(root: string, segmenter: Segmenter): Promise<Corpus> {
  const segments: { file: SourceFile; segment: Segment }[] = [];
  const byFile = new Map<string, { file: SourceFile; segments: number[] }>();
  let bytes = 0;
  for (const { path: name } of (await discover(root)).files) {
    const source = await readSource(path.join(root, name));
    if ("skip" in source) continue;
    const file = { path: name, text: source.text };
    const result = await segmenter.segment(name, source.text);
    const first = segments.length;
    for (const segment of result.segments) segments.push({ file, segment });
    byFile.set(name, { file, segments: result.segments.map((_, i) => first + i) });
    bytes += source.bytes;
  }
  return { segments, byFile, bytes };
}
