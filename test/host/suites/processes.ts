import { processTable } from "../../vscode/process-table.ts";
import { until } from "./extension.ts";

const PROGRAM = /dist[\\/]node[\\/]engine\.js/;

/** Ids of the engine processes that this extension host has started. */
export function engineProcesses(): number[] {
  return processTable()
    .filter(({ parent, args }) => parent === process.pid && PROGRAM.test(args))
    .map(({ pid }) => pid);
}

/** Kills the engine process as a fault of its own would end it; resolves when it is gone. */
export async function killEngine(): Promise<void> {
  const pid = await until("an engine process", () => engineProcesses()[0]);
  process.kill(pid, "SIGKILL");
  await until("its end", () => !engineProcesses().includes(pid));
}
