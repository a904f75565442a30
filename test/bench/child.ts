import { type ChildProcess, fork } from "node:child_process";
import { CancelledError } from "../../src/engine/errors.ts";

/**
 * Runs a module of the bench in a process of its own, so that memory and time are its alone: gives it one task and hands
 * its messages to `take` until that says that they are all. What `take` throws ends it; `failed` makes the error for a
 * process that ends before. Throws `CancelledError`.
 */
export async function runChild<T extends object, M>(
  module: string,
  task: T,
  take: (message: M) => boolean,
  failed: (reason: string) => Error,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw new CancelledError();
  const child = fork(module, {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const stop = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  try {
    child.send(task);
    await finished(child, take, failed, signal);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function finished<M>(
  child: ChildProcess,
  take: (message: M) => boolean,
  failed: (reason: string) => Error,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-2000);
    });
    child.on("message", (message: M) => {
      try {
        if (take(message)) resolve();
      } catch (error) {
        reject(error);
      }
    });
    child.on("error", reject);
    // After the last message this is too late to change anything.
    child.on("exit", (code, killed) => {
      const how = killed === null ? `exit code ${code}` : killed;
      reject(signal.aborted ? new CancelledError() : failed(`its process ended (${how}). ${stderr.trim()}`));
    });
  });
}
