import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { say } from "./cache.ts";

/** Paths of Chromium or Chrome on Linux, macOS and Windows. */
const PATHS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  // Containers have little of it.
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** There is no browser to show VS Code in; says how to get one. */
export class ChromiumMissingError extends Error {
  constructor() {
    super(
      "The tests of the extension's interface need Chromium or Chrome, and there is none here. Install one " +
        '(Debian: "apt-get install chromium"), or name one: CHROMIUM=/path/to/chrome npm test',
    );
  }
}

function installed(): string | undefined {
  const named = process.env["CHROMIUM"];
  return [...(named === undefined ? [] : [named]), ...PATHS].find((path) => existsSync(path));
}

/** Debian's own Chromium, where this user may install it. */
function install(): void {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  say("Installing Chromium for the tests (apt-get install chromium) …");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const packages = ["chromium", "fonts-dejavu-core"];
  try {
    execFileSync("apt-get", ["update", "-qq"], { env, stdio: ["ignore", "ignore", "inherit"] });
    execFileSync("apt-get", ["install", "-yqq", "--no-install-recommends", ...packages], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
  } catch {
    // What apt-get said stands above; that there is no Chromium is said by the caller.
  }
}

/** The path of a Chromium: `CHROMIUM`, an installed one, or Debian's, which root installs. Throws `ChromiumMissingError`. */
export function chromiumPath(): string {
  if (installed() === undefined) install();
  const path = installed();
  if (path === undefined) throw new ChromiumMissingError();
  return path;
}

export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: chromiumPath(), args: ARGS });
}

/** Before test files that need a browser run: installs one at most, and says once that there is none. */
export function globalSetup(): void {
  chromiumPath();
}
