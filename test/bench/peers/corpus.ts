import { join } from "node:path";
import { readSource } from "../../../src/engine/corpus/decode.ts";
import { discover } from "../../../src/engine/corpus/discover.ts";
import { headerText, Segmenter } from "../../../src/engine/corpus/segment.ts";
import { Tokenizer } from "../../../src/engine/corpus/tokenize.ts";
import { throwIfCancelled, WorkspaceEmptyError } from "../../../src/engine/errors.ts";
import type { PeerSegment } from "./minilm.ts";

/** A file of the workspace as every peer sees it: the product's own discovery and decoding. */
export interface SourceFile {
  /** Relative to the workspace, forward slashes. */
  readonly path: string;
  readonly text: string;
}

/**
 * The files and segments that the product would index. A segment's text is its header (file and symbol, as the product
 * puts it before the code) and its code, raw: stronger than the code alone where it was tried (notes.md).
 * `cut`: the bundle's `tokenizer.json` and tokens of a segment, which decide how much goes into one.
 */
export async function loadCorpus(
  workspace: string,
  cut: { readonly tokenizer: string; readonly segmentTokens?: number },
  signal?: AbortSignal,
): Promise<{ readonly files: readonly SourceFile[]; readonly segments: readonly PeerSegment[] }> {
  const segmenter = Segmenter.create(
    Tokenizer.load(cut.tokenizer),
    cut.segmentTokens === undefined ? {} : { maxTokens: cut.segmentTokens },
  );
  const files: SourceFile[] = [];
  const segments: PeerSegment[] = [];
  for (const { path } of (await discover(workspace, {}, signal)).files) {
    throwIfCancelled(signal);
    const read = await readSource(join(workspace, path));
    if ("skip" in read) continue;
    const { text } = read;
    files.push({ path, text });
    for (const segment of (await segmenter.segment(path, text)).segments) {
      const code = text.slice(segment.start, segment.end);
      const head = headerText(path, segment.symbol);
      segments.push({ file: path, from: segment.startLine, to: segment.endLine, text: `${head}\n${code}` });
    }
  }
  // A peer without files would only look weak.
  if (segments.length === 0) throw new WorkspaceEmptyError(workspace, 0);
  return { files, segments };
}
