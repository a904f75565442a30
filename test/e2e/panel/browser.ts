import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

function installed(): string | undefined {
  const named = process.env["CHROMIUM"];
  return [...(named === undefined ? [] : [named]), ...PATHS].find((path) => existsSync(path));
}

/** Debian's own Chromium, where the machine may take it in. */
function install(): void {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    execFileSync("apt-get", ["update", "-qq"], { env, stdio: "ignore" });
    execFileSync("apt-get", ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"], {
      env,
      stdio: "ignore",
    });
  } catch {
    // Without a network there is none: the tests are skipped and say so.
  }
}

/** Path of a Chromium, or why there is none. */
export function findChromium(): { readonly path: string } | { readonly missing: string } {
  if (installed() === undefined) install();
  const path = installed();
  return path === undefined
    ? { missing: "No Chromium here and none from apt: set CHROMIUM to the path of one." }
    : { path };
}

export async function launch(path: string): Promise<Browser> {
  return await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
}
