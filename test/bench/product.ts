import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ArmtError, CancelledError } from "../../src/engine/errors.ts";
import type { Answer, IndexProgress, IndexReport, Part, ProviderChoice } from "../../src/engine/types.ts";

/** What the product's process is to do for one repository. */
export interface ProductTask {
  readonly workspace: string;
  readonly state: string;
  readonly model?: string;
  readonly provider?: ProviderChoice;
  readonly rows: readonly {
    readonly without: readonly Part[];
    readonly questions: readonly string[];
  }[];
}

/** What it says, in this order: progress, indexed, answers row by row, done; or failed at any time. */
export type ProductMessage =
  | { readonly kind: "progress"; readonly progress: IndexProgress }
  | { readonly kind: "indexed"; readonly report: IndexReport }
  | { readonly kind: "answer"; readonly row: number; readonly question: number; readonly answer: Answer }
  | { readonly kind: "done"; readonly peakMemoryMb: number }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

/** The product's process failed; the message is the engine's own where it had one. */
export class ProductFailedError extends ArmtError {
  constructor(workspace: string, message: string) {
    super(
      "product-failed",
      `The engine failed on ${workspace}: ${message} What was measured so far is kept: --resume.`,
    );
  }
}

/**
 * Indexes one repository and asks its questions in a process of its own, so that memory is the product's alone and a
 * crash ends one repository's measurement, not the journal. Throws `ProductFailedError`, `CancelledError`.
 */
export async function runProduct(
  task: ProductTask,
  onMessage: (message: ProductMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw new CancelledError();
  const worker = fileURLToPath(new URL("./product-worker.ts", import.meta.url));
  const child = fork(worker, { execArgv: [], serialization: "advanced", stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const stop = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  try {
    child.send(task);
    await finished(child, task.workspace, onMessage, signal);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function finished(
  child: ChildProcess,
  workspace: string,
  onMessage: (message: ProductMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-2000);
    });
    child.on("message", (message: ProductMessage) => {
      try {
        onMessage(message);
      } catch (error) {
        reject(error);
      }
      if (message.kind === "done") resolve();
      if (message.kind === "failed") reject(new ProductFailedError(workspace, message.message));
    });
    child.on("error", reject);
    // After "done" or "failed" this is too late to change anything.
    child.on("exit", (code, killed) => {
      const how = killed === null ? `exit code ${code}` : killed;
      if (signal.aborted) reject(new CancelledError());
      else reject(new ProductFailedError(workspace, `its process ended (${how}). ${stderr.trim()}`));
    });
  });
}
