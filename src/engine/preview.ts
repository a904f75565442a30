import { type DiscoverOptions, survey } from "./corpus/discover.ts";
import { countReasons } from "./indexing/run-note.ts";
import type { Preview } from "./types.ts";

/** Files left out that are named. */
const EXAMPLES = 500;

/**
 * What would be indexed of a folder, by names and sizes alone: no source file is opened. Throws the errors of `survey`.
 */
export async function preview(folder: string, options: DiscoverOptions, signal?: AbortSignal): Promise<Preview> {
  const { files, skipped } = await survey(folder, { ...options, contents: false }, signal);
  return {
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    skipped: countReasons(skipped),
    examples: skipped.slice(0, EXAMPLES),
  };
}
