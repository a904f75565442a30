import { join } from "node:path";
import { readSource } from "../corpus/decode.ts";
import type { Segmenter } from "../corpus/segment.ts";
import type { Turn } from "../scheduler.ts";
import type { IndexedFile } from "../types.ts";
import { staysInside } from "../workspace.ts";
import { type ExampleCandidate, exampleCandidates, type FactFile, isSource } from "./candidates.ts";
import { parsedFacts, plainFacts } from "./facts.ts";

const FILES = 60;
const MOST_BYTES = 128_000;
const PROSE_OR_DATA =
  /\.(?:md|mdx|markdown|rst|txt|adoc|json|jsonc|ya?ml|toml|xml|html?|csv|svg|lock|orig|cfg|ini|conf|properties)$/i;

/** Questions that the workspace should answer, made from some of its source files, which are read for it. */
export async function findExamples(
  root: string,
  files: readonly IndexedFile[],
  segmenter: Segmenter,
  turn: Turn,
  most: number,
): Promise<ExampleCandidate[]> {
  const fit = files.filter(
    ({ path, bytes, segments }) =>
      segments > 0 && bytes <= MOST_BYTES && !PROSE_OR_DATA.test(path) && staysInside(path),
  );
  const sources = fit.filter(({ path }) => isSource(path));
  const chosen = spread(sources.length > 0 ? sources : fit);
  const found: FactFile[] = [];
  for (const { path } of chosen) {
    await turn.pass();
    const source = await readSource(join(root, path), { maxBytes: MOST_BYTES });
    if ("skip" in source) continue;
    const nodes = await segmenter.syntax(path, source.text);
    const facts = nodes === undefined ? plainFacts(source.text) : parsedFacts(nodes, source.text);
    found.push({ path, text: source.text, facts });
  }
  return exampleCandidates(found, most);
}

/** Some of all, in even steps. */
function spread<T>(all: readonly T[]): T[] {
  const step = Math.max(1, all.length / FILES);
  return Array.from({ length: Math.min(FILES, all.length) }, (_, at) => all[Math.floor(at * step)]).filter(
    (one) => one !== undefined,
  );
}
