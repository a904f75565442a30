import { execFileSync } from "node:child_process";
import { until } from "./extension.ts";

const PROGRAM = /dist[\\/]node[\\/]engine\.js/;

/** Ids of the engine processes that this extension host has started. */
export function engineProcesses(): number[] {
  const table =
    process.platform === "win32"
      ? powershell(
          "Get-CimInstance Win32_Process | % { '{0} {1} {2}' -f $_.ProcessId, $_.ParentProcessId, $_.CommandLine }",
        )
      : execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8", maxBuffer: 16e6 });
  return table.split("\n").flatMap((line) => {
    const [, pid, parent, args = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === process.pid && PROGRAM.test(args) ? [Number(pid)] : [];
  });
}

/** Kills the engine process as a fault of its own would end it; resolves when it is gone. */
export async function killEngine(): Promise<void> {
  const pid = await until("an engine process", () => engineProcesses()[0]);
  process.kill(pid, "SIGKILL");
  await until("its end", () => !engineProcesses().includes(pid));
}

function powershell(script: string): string {
  return execFileSync("powershell", ["-NoProfile", "-Command", script], { encoding: "utf8", maxBuffer: 16e6 });
}
