import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CancelledError } from "../../../src/engine/errors.ts";
import type { Bundle } from "../../../src/engine/model/bundle.ts";
import type { Rate } from "./rate.ts";
import type { SampledSegment } from "./segments.ts";

const run = promisify(execFile);

/**
 * The training code's ARMT in PyTorch over the segments' index steps; a string says why there is none. `ARMT_PYTHON`
 * names a Python with torch (default: python3).
 */
export async function timeTorch(
  bundle: Bundle,
  segments: readonly SampledSegment[],
  folder: string,
  ms: number,
  signal: AbortSignal,
): Promise<Omit<Rate, "bytes"> | string> {
  const python = process.env["ARMT_PYTHON"] ?? "python3";
  const { pad } = bundle.specialTokens;
  const lines = segments.map(({ tokens }) => JSON.stringify(Array.from(tokens.filter((token) => token !== pad))));
  const file = join(folder, "segments.jsonl");
  writeFileSync(file, `${lines.join("\n")}\n`);
  const script = fileURLToPath(new URL("../../../models/training/time_steps.py", import.meta.url));
  const flags = ["--segments", file, "--seconds", String(ms / 1000), "--threads", String(availableParallelism())];
  try {
    await run(python, ["-c", "import torch, safetensors"], { signal });
  } catch {
    if (signal.aborted) throw new CancelledError();
    return "pip install torch==2.13.0 safetensors, and name that Python with ARMT_PYTHON";
  }
  // Threads that spin while they wait for each other get nothing done beside other work.
  const env = { ...process.env, OMP_WAIT_POLICY: "PASSIVE" };
  const { stdout } = await run(python, [script, ...flags], { signal, env });
  return JSON.parse(stdout) as Omit<Rate, "bytes">;
}
