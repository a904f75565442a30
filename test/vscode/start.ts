/**
 * `npm start [folder]`: VS Code with the extension as it is in this checkout, on a sample workspace or on `folder`. The
 * desktop VS Code where "code" is on the path, else VS Code's server with its address in the terminal.
 */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { ROOT, say, WORK } from "./cache.ts";
import { vsCodeFolder } from "./install.ts";
import { prepareExtension } from "./prepare.ts";
import { VsCodeServer } from "./server.ts";
import { commit } from "./workspaces.ts";

const PORT = 8123;

/** The folder that was named, or a copy of amqplib, a client of message brokers, made once. */
function workspace(named: string | undefined): string {
  if (named !== undefined) {
    const folder = resolve(named);
    if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new Error(`${folder} is no folder.`);
    return folder;
  }
  const folder = join(WORK, "sample", "amqplib");
  if (!existsSync(folder)) {
    mkdirSync(join(folder, ".."), { recursive: true });
    cpSync(join(ROOT, "node_modules", "amqplib"), folder, { recursive: true, dereference: true });
    commit(folder);
  }
  return folder;
}

/** The command line of a desktop VS Code, if it is on the path. */
function desktop(): string | undefined {
  const names = process.platform === "win32" ? ["code.cmd", "code-insiders.cmd"] : ["code", "code-insiders"];
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

function openDesktop(code: string, folder: string): void {
  say("Building the extension …");
  execFileSync(process.execPath, [join(ROOT, "src", "build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  say(`Opening ${folder} in VS Code, with the extension of this checkout.`);
  const shell = process.platform === "win32";
  const args = [`--extensionDevelopmentPath=${ROOT}`, "--new-window", folder];
  const quoted = [code, ...args].map((word) => (shell ? `"${word}"` : word));
  execFileSync(quoted[0] ?? code, quoted.slice(1), { shell, stdio: "inherit" });
}

async function serve(folder: string, trust: boolean): Promise<void> {
  const vscode = await vsCodeFolder();
  const extensions = prepareExtension(vscode);
  const options = { vscode, extensions, trust };
  // The same address each time, if it is free: the browser keeps what was open there.
  const server = await VsCodeServer.start({ ...options, port: PORT }).catch(() => VsCodeServer.start(options));
  const address = server.address(folder);
  process.stdout.write(`VS Code with ARMT runs here until you press Ctrl+C:\n\n  ${address}\n\n`);
  openBrowser(address);
  await new Promise((end) => {
    // Told more than once where a terminal and a parent tell: only the end of the server ends this.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
    process.once("disconnect", end);
  });
  await server.stop();
  // A channel to the parent that is listened to keeps a process alive.
  if (process.connected) process.disconnect();
}

/** Opens the address in the user's browser, where there is one to be opened. */
function openBrowser(address: string): void {
  const command = process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open";
  if (
    process.platform === "linux" &&
    process.env["DISPLAY"] === undefined &&
    process.env["WAYLAND_DISPLAY"] === undefined
  )
    return;
  // The address stands in the terminal as well.
  spawn(command, [address], { stdio: "ignore", detached: true })
    .once("error", () => {})
    .unref();
}

const folder = workspace(process.argv[2]);
const code = desktop();
if (code === undefined) await serve(folder, process.argv[2] !== undefined);
else openDesktop(code, folder);
