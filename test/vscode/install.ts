import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, say } from "./cache.ts";

const run = promisify(execFile);

/** Holds a real VS Code 1.139: the workbench and the extension host, as npm packages. */
const VERSION = "4.139.1";
const INSIDE = join("node_modules", "code-server", "lib", "vscode");
const FLAGS = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

/** VS Code could not be installed; says why and what to do. */
export class VsCodeMissingError extends Error {
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `VS Code for the tests could not be installed from npm (code-server@${VERSION}, 800 MB, kept in ` +
        `${cacheFolder()} or where ARMT_TEST_CACHE says): ${reason}`,
      { cause },
    );
  }
}

/**
 * The folder of a real VS Code, from the cache or, the first time, from npm (about 30 s). Needs no compiler.
 * Throws `VsCodeMissingError`.
 */
export async function vsCodeFolder(): Promise<string> {
  const home = join(cacheFolder(), `vscode-${VERSION}`);
  const vscode = join(home, INSIDE);
  if (existsSync(join(home, ".ready"))) return vscode;
  say(`Installing VS Code for the tests (code-server ${VERSION}) into ${home} …`);
  mkdirSync(dirname(home), { recursive: true });
  // Made elsewhere and moved: nobody finds half of it, and of two installers the second finds the first one's.
  const made = mkdtempSync(join(cacheFolder(), "installing-"));
  try {
    writeFileSync(
      join(made, "package.json"),
      JSON.stringify({ name: "vscode-host", private: true, dependencies: { "code-server": VERSION } }),
    );
    // Its published lock file lacks a package, so `npm ci` refuses it.
    const inside = ["install", "--omit=dev", ...FLAGS];
    await npm(made, ["install", ...FLAGS]);
    await npm(join(made, INSIDE), inside);
    await npm(join(made, INSIDE, "extensions"), inside);
    writeFileSync(join(made, ".ready"), "");
    if (!existsSync(join(home, ".ready"))) {
      rmSync(home, { recursive: true, force: true });
      renameSync(made, home);
    }
    return vscode;
  } catch (error) {
    throw new VsCodeMissingError(error);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

async function npm(cwd: string, args: readonly string[]): Promise<void> {
  await run("npm", args, { cwd, shell: process.platform === "win32", maxBuffer: 64e6 });
}
