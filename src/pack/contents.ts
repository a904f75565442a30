import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GRAMMAR_NAMES } from "../engine/corpus/grammars.ts";
import { providersOf } from "../engine/model/providers.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** VS Code's names of the systems that onnxruntime-node has a library for. */
export const TARGETS = ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64", "win32-arm64"] as const;
export type Target = (typeof TARGETS)[number];

export function isTarget(name: string): name is Target {
  return TARGETS.some((target) => target === name);
}

/** Where onnxruntime's libraries lie, by system and processor. */
const LIBRARIES = "node_modules/onnxruntime-node/bin/napi-v6/";
/** The Mac's library is shipped twice; the binding loads the one named by its major version. */
const SECOND_COPY = /\/libonnxruntime\.\d+\.\d+\.\d+\.dylib$/;

/** The files that `.vscodeignore` lets in and `target` needs, but for those that are built (dist/), sorted. */
export function contents(target: Target): string[] {
  const allowed = readFileSync(join(ROOT, ".vscodeignore"), "utf8")
    .split("\n")
    .flatMap((line) => (line.startsWith("!") && !line.startsWith("!dist/") ? [line.slice(1)] : []));
  const files = allowed.flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
  return files
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => isNeeded(file, target))
    .sort();
}

function isNeeded(file: string, target: Target): boolean {
  if (file.startsWith(LIBRARIES))
    return file.startsWith(`${LIBRARIES}${target.replace("-", "/")}/`) && !SECOND_COPY.test(file);
  // The graph for GPUs is of no use where onnxruntime has none.
  if (file.endsWith(".fp16.onnx")) return providersOf(target).length > 1;
  const grammar = /\/tree-sitter-([^/]+)\.wasm$/.exec(file)?.[1];
  return grammar === undefined || GRAMMAR_NAMES.has(grammar);
}
