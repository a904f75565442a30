/**
 * What the tests in a real VS Code need: VS Code, Chromium, and the extension packaged and installed as a user would.
 * `node --test --test-global-setup` calls `globalSetup` once, before the test files run in processes of their own.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { contents, isTarget, type Target } from "../../src/pack/contents.ts";
import { packageExtension } from "../../src/pack/pack.ts";
import { ROOT, say, WORK } from "./cache.ts";
import { chromiumPath } from "./chromium.ts";
import { vsCodeFolder } from "./install.ts";
import { VsCodeServer } from "./server.ts";

/** Names the installed extension to the test files' processes. */
const VARIABLE = "ARMT_TEST_EXTENSIONS";
const NAME = /^extensions-/;
/** Another run may still use one that is younger. */
const KEPT_MS = 2 * 3_600_000;

/** The folder that VS Code runs extensions from: holds the packaged one. For test files, after `globalSetup`. */
export const EXTENSIONS = process.env[VARIABLE] ?? "";

/**
 * The folder with the extension installed into `vscode`; packaged only when something in it has changed since the last
 * time.
 */
export function prepareExtension(vscode: string): string {
  const target = thisTarget();
  const extensions = join(WORK, `extensions-${stampOf(target)}`);
  mkdirSync(WORK, { recursive: true });
  if (existsSync(join(extensions, "extensions.json"))) return extensions;
  say("Packaging the extension and installing it into VS Code …");
  forgetOld();
  // Made elsewhere and moved: another run finds it whole or not at all.
  const made = mkdtempSync(join(WORK, "installing-"));
  try {
    const vsix = packageExtension(target, join(made, "package"));
    VsCodeServer.install(vscode, join(made, "installed"), [vsix]);
    if (!existsSync(extensions)) renameSync(join(made, "installed"), extensions);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return extensions;
}

export async function globalSetup(): Promise<void> {
  chromiumPath();
  process.env[VARIABLE] = prepareExtension(await vsCodeFolder());
}

/** VS Code's name of this machine. */
export function thisTarget(): Target {
  const target = `${process.platform}-${process.arch}`;
  if (!isTarget(target))
    throw new Error(`There is no model runtime for ${target}: the extension cannot be tested here.`);
  return target;
}

/** Changes with whatever goes into the package. */
function stampOf(target: Target): string {
  const sources = globSync("src/**", { cwd: ROOT }).sort();
  const hash = createHash("sha256");
  for (const file of [...sources, ...contents(target), ".vscodeignore", "package-lock.json"]) {
    const { size, mtimeMs } = statSync(join(ROOT, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}

function forgetOld(): void {
  for (const name of readdirSync(WORK)) {
    const folder = join(WORK, name);
    if (NAME.test(name) && Date.now() - statSync(folder).mtimeMs > KEPT_MS)
      rmSync(folder, { recursive: true, force: true });
  }
}
