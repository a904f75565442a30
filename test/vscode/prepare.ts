/**
 * What the tests in a real VS Code need: VS Code, Chromium, and the extension packaged and installed as a user would.
 * `node --test --test-global-setup` calls `globalSetup` once, before the test files run in processes of their own.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isTarget } from "../../src/pack/contents.ts";
import { packageExtension } from "../../src/pack/pack.ts";
import { say, WORK } from "./cache.ts";
import { chromiumPath } from "./chromium.ts";
import { vsCodeFolder } from "./install.ts";
import { VsCodeServer } from "./server.ts";

/** The folder that VS Code runs extensions from: holds the packaged one. */
export const EXTENSIONS = join(WORK, "extensions");

/** Puts everything in place; returns VS Code's folder. `ARMT_TEST_REUSE=1` keeps the extension installed before. */
export async function prepare(): Promise<string> {
  chromiumPath();
  const vscode = await vsCodeFolder();
  if (process.env["ARMT_TEST_REUSE"] !== undefined && existsSync(join(EXTENSIONS, "extensions.json"))) return vscode;
  say("Packaging the extension and installing it into VS Code …");
  rmSync(EXTENSIONS, { recursive: true, force: true });
  mkdirSync(EXTENSIONS, { recursive: true });
  VsCodeServer.install(vscode, EXTENSIONS, [packagedExtension()]);
  return vscode;
}

/** The extension packaged for this machine. */
function packagedExtension(): string {
  const target = `${process.platform}-${process.arch}`;
  if (!isTarget(target))
    throw new Error(`There is no model runtime for ${target}: the extension cannot be tested here.`);
  return packageExtension(target, WORK);
}

export async function globalSetup(): Promise<void> {
  await prepare();
}
