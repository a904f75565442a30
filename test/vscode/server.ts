import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { processTable } from "./process-table.ts";

const START_MS = 120_000;
const STOP_MS = 5_000;

/** A workbench that shows nothing but itself, and saves when it is told to, as the desktop does. */
export const SETTINGS = {
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.enableExperiments": false,
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": "off",
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "files.simpleDialog.enable": true,
  "files.autoSave": "off",
  "git.openRepositoryInParentFolders": "never",
};

/** Names to the extension host the folder with VS Code's storage. */
export const DATA_VARIABLE = "ARMT_TEST_DATA";

export interface ServerOptions {
  /** Folder of VS Code (`vsCodeFolder`). */
  readonly vscode: string;
  /** Folder of installed extensions; default: an empty one. */
  readonly extensions?: string;
  /** The user's settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Lets a page name the tests to run in the extension host. */
  readonly tests?: boolean;
  /** Asks whether a folder is trusted; default: each is. */
  readonly trust?: boolean;
  readonly port?: number;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No free port");
  return address.port;
}

/** A running VS Code server with a user's folder of its own; `stop` ends all its processes and forgets the user. */
export class VsCodeServer {
  /** host:port */
  readonly authority: string;
  readonly #child: ChildProcess;
  readonly #home: string;

  private constructor(child: ChildProcess, home: string, authority: string) {
    this.#child = child;
    this.#home = home;
    this.authority = authority;
  }

  static async start(options: ServerOptions): Promise<VsCodeServer> {
    const home = mkdtempSync(join(tmpdir(), "armt-vscode-"));
    const settings = { ...SETTINGS, ...options.settings };
    // VS Code takes settings of the machine (`"scope": "machine"`) from the second place alone.
    writeSettings(join(home, "data", "User"), settings);
    writeSettings(join(home, "data", "Machine"), settings);
    const port = options.port ?? (await freePort());
    const log = openSync(join(home, "server.log"), "w");
    const child = spawn(
      process.execPath,
      [
        join(options.vscode, "out", "server-main.js"),
        ...["--host", "127.0.0.1", "--port", String(port), "--without-connection-token"],
        ...folders(home, options.extensions),
        ...["--telemetry-level", "off"],
        ...(options.trust ? [] : ["--disable-workspace-trust"]),
        ...(options.tests ? ["--enable-smoke-test-driver"] : []),
      ],
      // A process group of its own, which is ended as a whole: VS Code starts helpers.
      {
        stdio: ["ignore", log, log],
        env: environment(home, { [DATA_VARIABLE]: join(home, "data"), ...options.env }),
        detached: true,
      },
    );
    closeSync(log);
    const server = new VsCodeServer(child, home, `127.0.0.1:${port}`);
    try {
      await server.#listening();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Installs packaged extensions into a folder, as a user does by "Install from VSIX". */
  static install(vscode: string, extensions: string, vsix: readonly string[]): void {
    const home = mkdtempSync(join(tmpdir(), "armt-install-"));
    try {
      const args = [...folders(home, extensions), ...vsix.flatMap((file) => ["--install-extension", file])];
      execFileSync(process.execPath, [join(vscode, "out", "server-main.js"), ...args], {
        env: environment(home),
        stdio: ["ignore", "pipe", "pipe"],
      });
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  }

  /** What the server and its extension hosts printed. */
  get log(): string {
    return join(this.#home, "server.log");
  }

  /** The folder with VS Code's log files, storage and settings. */
  get userData(): string {
    return join(this.#home, "data");
  }

  /** The address of a window on `folder`; `payload` names tests and the like. */
  address(folder: string, payload: readonly (readonly [string, string])[] = []): string {
    const query = new URLSearchParams(folder.endsWith(".code-workspace") ? { workspace: folder } : { folder });
    if (payload.length > 0) query.set("payload", JSON.stringify(payload));
    return `http://${this.authority}/?${query}`;
  }

  /** Process ids under this server whose command line has `part` in it. */
  processes(part: string): number[] {
    const rows = processTable();
    const under = new Set([this.#child.pid]);
    for (let size = 0; size !== under.size; ) {
      size = under.size;
      for (const { pid, parent } of rows) if (under.has(parent)) under.add(pid);
    }
    return rows.filter(({ pid, args }) => under.has(pid) && args.includes(part)).map(({ pid }) => pid);
  }

  async stop(): Promise<void> {
    const { pid } = this.#child;
    if (pid !== undefined && this.#runs()) {
      const gone = new Promise((resolve) => this.#child.once("exit", resolve));
      process.kill(-pid, "SIGTERM");
      await Promise.race([gone, delay(STOP_MS, undefined, { ref: false })]);
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // All have ended.
      }
    }
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }

  #runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #listening(): Promise<void> {
    const end = performance.now() + START_MS;
    while (performance.now() < end && this.#runs()) {
      const answer = await fetch(`http://${this.authority}/version`).catch(() => undefined);
      if (answer?.ok) return;
      await delay(100);
    }
    throw new Error(`VS Code's server did not start; it printed to ${this.log}`);
  }
}

function folders(home: string, extensions = join(home, "extensions")): string[] {
  return [
    ...["--server-data-dir", join(home, "server"), "--user-data-dir", join(home, "data")],
    ...["--extensions-dir", extensions, "--accept-server-license-terms"],
  ];
}

function writeSettings(folder: string, settings: Readonly<Record<string, unknown>>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings, null, 2));
}

/** No gallery to ask, and state folders of its own. */
function environment(home: string, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, EXTENSIONS_GALLERY: '{"serviceUrl":""}', XDG_STATE_HOME: join(home, "state"), ...more };
}
