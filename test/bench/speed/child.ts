import { fileURLToPath } from "node:url";
import { ArmtError } from "../../../src/engine/errors.ts";
import { runChild } from "../child.ts";

/** A process of the bench ended without a result. */
export class MeasurementFailedError extends ArmtError {
  constructor(module: string, reason: string) {
    super("measurement-failed", `${module} failed: ${reason} Mend the cause and run the bench again.`);
  }
}

type Reply<R> = { readonly result: R } | { readonly failed: string };

/**
 * Runs one measurement in a process of its own, so that memory and time are its alone: `module` (beside this file) calls
 * `serve`. Throws `MeasurementFailedError` and `CancelledError`.
 */
export async function measureApart<T extends object, R>(module: string, task: T, signal: AbortSignal): Promise<R> {
  let result: { readonly result: R } | undefined;
  const take = (reply: Reply<R>): boolean => {
    if ("failed" in reply) throw new MeasurementFailedError(module, reply.failed);
    result = reply;
    return true;
  };
  const failed = (reason: string): Error => new MeasurementFailedError(module, reason);
  await runChild(fileURLToPath(new URL(module, import.meta.url)), task, take, failed, signal);
  if (result === undefined) throw failed("it gave no result.");
  return result.result;
}

/** In the child: takes the task, answers with what `measure` returns. */
export function serve<T, R>(measure: (task: T) => Promise<R>): void {
  process.once("disconnect", () => process.exit(1));
  process.once("message", (task: T) => {
    const send = (message: Reply<R>): void => void process.send?.(message);
    measure(task).then(
      (result) => send({ result }),
      (error: unknown) => send({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
}
