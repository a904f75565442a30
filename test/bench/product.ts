import { fileURLToPath } from "node:url";
import { ArmtError } from "../../src/engine/errors.ts";
import type { Answer, IndexProgress, IndexReport, Part, ProviderChoice } from "../../src/engine/types.ts";
import { runChild } from "./child.ts";

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
  const take = (message: ProductMessage): boolean => {
    onMessage(message);
    if (message.kind === "failed") throw new ProductFailedError(task.workspace, message.message);
    return message.kind === "done";
  };
  const worker = fileURLToPath(new URL("./product-worker.ts", import.meta.url));
  await runChild(worker, task, take, (reason) => new ProductFailedError(task.workspace, reason), signal);
}
