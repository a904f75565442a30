import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Long before any file was written: the system then notes the next reading, also where it notes only the first. */
const LONG_AGO = new Date("2001-01-01T00:00:00Z");

/** Makes a reading of the file from now on leave a trace. */
export function watchReading(path: string): void {
  utimesSync(path, LONG_AGO, statSync(path).mtime);
}

/** Whether somebody has read the file since `watchReading`. */
export function wasRead(path: string): boolean {
  return statSync(path).atimeMs > LONG_AGO.getTime();
}

/** Whether this file system notes readings at all. */
export function readingsAreNoted(): boolean {
  const probe = join(tmpdir(), `armt-probe-${process.pid}`);
  try {
    writeFileSync(probe, "probe");
    watchReading(probe);
    const before = wasRead(probe);
    readFileSync(probe);
    return !before && wasRead(probe);
  } finally {
    rmSync(probe, { force: true });
  }
}
