import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface Row {
  readonly pid: number;
  readonly parent: number;
  /** Its command line. */
  readonly args: string;
}

/** All processes of this machine that can be seen. */
export function processTable(): Row[] {
  if (process.platform === "linux") return fromProc();
  const text =
    process.platform === "win32"
      ? run("powershell", "-NoProfile", "-Command", WINDOWS)
      : run("ps", "-eo", "pid=,ppid=,args=");
  return text.split("\n").flatMap((line) => {
    const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*?)\s*$/.exec(line) ?? [];
    return args === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), args }];
  });
}

const WINDOWS =
  "Get-CimInstance Win32_Process | % { '{0} {1} {2}' -f $_.ProcessId, $_.ParentProcessId, $_.CommandLine }";

/** Small Linux machines have no `ps`. */
function fromProc(): Row[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const args = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      // "pid (name) state parent …", where the name may hold anything.
      const [, parent] = readFileSync(`/proc/${name}/stat`, "utf8").split(")").at(-1)?.trim().split(" ") ?? [];
      return [{ pid: Number(name), parent: Number(parent), args }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", maxBuffer: 16e6 });
}
