/**
 * The suites in a desktop VS Code, which is downloaded into .vscode-test/ once. VSCODE_VERSION names another one than
 * the newest, VSCODE_PATH one that is installed. On Linux it needs a display ("xvfb-run -a npm run test:desktop").
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before } from "node:test";
import {
  downloadAndUnzipVSCode,
  resolveCliPathFromVSCodeExecutablePath,
  runTests,
  SilentReporter,
  TestRunFailedError,
} from "@vscode/test-electron";
import { packageExtension } from "../../src/pack/pack.ts";
import { say, WORK } from "../vscode/cache.ts";
import { thisTarget } from "../vscode/prepare.ts";
import { DATA_VARIABLE, SETTINGS } from "../vscode/server.ts";
import { DRIVER, declareSuites } from "./declare.ts";
import { REPORT_VARIABLE } from "./report.ts";

/** There is no desktop VS Code and none could be downloaded; says what to do. */
class DesktopMissingError extends Error {
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `A desktop VS Code could not be downloaded: ${reason}. Name one that is installed ` +
        "(VSCODE_PATH=/usr/share/code/code npm run test:desktop), or run the same suites without one: npm run test:host",
      { cause },
    );
  }
}

async function desktop(): Promise<string> {
  const named = process.env["VSCODE_PATH"];
  if (named !== undefined && named !== "") return named;
  say("Downloading a desktop VS Code for the tests, if it is not here yet …");
  try {
    const version = process.env["VSCODE_VERSION"];
    return await downloadAndUnzipVSCode({
      ...(version === undefined ? {} : { version }),
      reporter: new SilentReporter(),
    });
  } catch (error) {
    throw new DesktopMissingError(error);
  }
}

let vscodeExecutablePath = "";
const extensions = join(WORK, "desktop-extensions");

before(async () => {
  vscodeExecutablePath = await desktop();
  say("Packaging the extension and installing it into VS Code …");
  rmSync(extensions, { recursive: true, force: true });
  const vsix = packageExtension(thisTarget(), WORK);
  const user = mkdtempSync(join(tmpdir(), "armt-install-"));
  try {
    const cli = resolveCliPathFromVSCodeExecutablePath(vscodeExecutablePath);
    const args = ["--install-extension", vsix, "--extensions-dir", extensions, "--user-data-dir", user];
    // Windows starts a .cmd by its shell alone, which takes quoted words.
    const quoted = args.map((arg) => (process.platform === "win32" ? `"${arg}"` : arg));
    execFileSync(process.platform === "win32" ? `"${cli}"` : cli, quoted, {
      shell: process.platform === "win32",
      stdio: ["ignore", "ignore", "inherit"],
    });
  } finally {
    rmSync(user, { recursive: true, force: true });
  }
});

declareSuites(async ({ opens, module, report, settings, untrusted }) => {
  const data = mkdtempSync(join(tmpdir(), "armt-desktop-"));
  try {
    mkdirSync(join(data, "User"));
    writeFileSync(join(data, "User", "settings.json"), JSON.stringify({ ...SETTINGS, ...settings }, null, 2));
    await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: DRIVER,
      extensionTestsPath: module,
      extensionTestsEnv: { [REPORT_VARIABLE]: report, [DATA_VARIABLE]: data },
      launchArgs: [
        opens,
        ...["--extensions-dir", extensions, "--user-data-dir", data],
        ...(untrusted === true ? [] : ["--disable-workspace-trust"]),
        ...["--skip-welcome", "--skip-release-notes", "--disable-updates"],
      ],
    });
    return "";
  } catch (error) {
    // The report tells what failed.
    if (error instanceof TestRunFailedError) return error.message;
    throw error;
  } finally {
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  }
});
