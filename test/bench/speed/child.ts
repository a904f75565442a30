import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ArmtError, CancelledError } from "../../../src/engine/errors.ts";

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
export async function measureApart<T, R>(module: string, task: T, signal: AbortSignal): Promise<R> {
  if (signal.aborted) throw new CancelledError();
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const stop = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  try {
    child.send(task as object);
    return await reply<R>(child, module, signal);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
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

function reply<R>(child: ChildProcess, module: string, signal: AbortSignal): Promise<R> {
  return new Promise((resolve, reject) => {
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-2000);
    });
    child.once("message", (message: Reply<R>) => {
      if ("result" in message) resolve(message.result);
      else reject(new MeasurementFailedError(module, message.failed));
    });
    child.once("error", reject);
    child.once("exit", (code, killed) => {
      if (signal.aborted) reject(new CancelledError());
      else reject(new MeasurementFailedError(module, `its process ended (${killed ?? code}). ${stderr.trim()}`));
    });
  });
}
