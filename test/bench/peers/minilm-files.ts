import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MiniLmMissingError } from "./minilm.ts";

const run = promisify(execFile);

/**
 * The folder with the MiniLM peer's graph: the given one, or one in the cache folder, made there by Python if need be
 * (a minute; 90 MB, which is why it is not in the repository). Throws `MiniLmMissingError` if that fails.
 */
export async function minilmFolder(given: string | undefined, cache: string, signal?: AbortSignal): Promise<string> {
  if (given !== undefined) return given;
  const folder = join(cache, "minilm");
  if (existsSync(join(folder, "model.onnx")) && existsSync(join(folder, "tokenizer.json"))) return folder;
  const script = fileURLToPath(new URL("../../../models/training/export_minilm.py", import.meta.url));
  try {
    await run("python3", [script, folder], { signal, env: { ...process.env, OMP_NUM_THREADS: "1" } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new MiniLmMissingError(folder, error);
  }
  return folder;
}
