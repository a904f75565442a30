import { readFileSync } from "node:fs";
import { join } from "node:path";
import { survey } from "../../../src/engine/corpus/discover.ts";
import { Segmenter } from "../../../src/engine/corpus/segment.ts";
import { Tokenizer } from "../../../src/engine/corpus/tokenize.ts";
import type { Bundle } from "../../../src/engine/model/bundle.ts";
import { indexInput } from "../../../src/engine/model/inputs.ts";

/** A segment of the product, with the text that peers are given. */
export interface SampledSegment {
  readonly text: string;
  readonly header: Int32Array;
  readonly code: Int32Array;
  /** The whole input of the index step. */
  readonly tokens: Int32Array;
}

/** At most `count` segments, evenly spread over a workspace. */
export async function sampleSegments(
  bundle: Bundle,
  workspace: string,
  count: number,
  signal: AbortSignal,
): Promise<SampledSegment[]> {
  const tokenizer = Tokenizer.load(bundle.tokenizerFile);
  const segmenter = Segmenter.create(tokenizer, { maxTokens: bundle.limits.segmentTokens });
  const all: SampledSegment[] = [];
  const { root, files } = await survey(workspace, {}, signal);
  for (const { path } of files) {
    const text = readFileSync(join(root, path), "utf8");
    for (const { start, end, header, code } of (await segmenter.segment(path, text)).segments) {
      all.push({ text: text.slice(start, end), header, code, tokens: indexInput(bundle, header, code, []).tokens });
    }
  }
  const step = Math.max(1, all.length / count);
  return Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor(i * step)] as SampledSegment);
}
