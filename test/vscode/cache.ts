import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What tests make of this checkout, and what they leave behind when they fail. Ignored by git. */
export const WORK = join(ROOT, ".cache", "test");

/** Where VS Code is kept between runs and checkouts: `ARMT_TEST_CACHE`, else the user's cache folder. */
export function cacheFolder(): string {
  const named = process.env["ARMT_TEST_CACHE"];
  if (named !== undefined && named !== "") return named;
  const local = process.env["LOCALAPPDATA"];
  if (process.platform === "win32" && local !== undefined) return join(local, "armt-test");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "armt-test");
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "armt-test");
}

/** Says on stderr what takes a while. */
export function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
