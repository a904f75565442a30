import { readdirSync, readFileSync } from "node:fs";

/** Ids of a process's children that have not ended; Linux alone. */
export function processesBelow(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .flatMap((name) => {
      try {
        const [, state, parent] = /\) (\S) (\d+)/u.exec(readFileSync(`/proc/${name}/stat`, "utf8")) ?? [];
        return Number(parent) === pid && state !== "Z" ? [Number(name)] : [];
      } catch {
        return []; // gone meanwhile
      }
    });
}
