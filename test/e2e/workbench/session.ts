import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { after, afterEach, before } from "node:test";
import type { Browser } from "playwright-core";
import { say } from "../../vscode/cache.ts";
import { launchChromium } from "../../vscode/chromium.ts";
import { vsCodeFolder } from "../../vscode/install.ts";
import { EXTENSIONS } from "../../vscode/prepare.ts";
import { VsCodeServer } from "../../vscode/server.ts";
import { type WindowOptions, Workbench } from "../../vscode/workbench.ts";

/** A VS Code with a workspace, of a test file's own. */
export class Session {
  readonly workspace: string;
  readonly server: VsCodeServer;
  readonly #browser: Browser;
  readonly #beside: string | undefined;
  readonly #windows = new Set<Workbench>();

  private constructor(workspace: string, server: VsCodeServer, browser: Browser, beside: string | undefined) {
    this.workspace = workspace;
    this.server = server;
    this.#browser = browser;
    this.#beside = beside;
  }

  /** `beside`: the folder of an extension that runs beside ARMT. */
  static async start(
    workspace: string,
    settings: Readonly<Record<string, unknown>> = {},
    beside?: string,
  ): Promise<Session> {
    const server = await VsCodeServer.start({
      vscode: await vsCodeFolder(),
      extensions: EXTENSIONS,
      settings,
      // Else VS Code takes no extension by its folder.
      tests: beside !== undefined,
    });
    return new Session(workspace, server, await launchChromium(), beside);
  }

  /** A window of another user's profile on the workspace. */
  async open(options: WindowOptions = {}): Promise<Workbench> {
    const at = `vscode-remote://${this.server.authority}${this.#beside}`;
    const payload = this.#beside === undefined ? [] : [["extensionDevelopmentPath", at] as const];
    const workbench = await Workbench.open(this.#browser, this.server.address(this.workspace, payload), options);
    this.#windows.add(workbench);
    return workbench;
  }

  /** Closes all windows but one. */
  async closeOthers(kept: Workbench): Promise<void> {
    for (const window of [...this.#windows]) {
      if (window === kept) continue;
      this.#windows.delete(window);
      await window.close();
    }
  }

  /** The engine processes: one for each window that has used it. */
  get engines(): readonly number[] {
    return this.server.processes("dist/node/engine.js");
  }

  /** Pictures of all windows. */
  async pictures(name: string): Promise<void> {
    let n = 0;
    for (const window of this.#windows) say(`Picture: ${await window.picture(`${name} ${++n}`)}`);
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.server.stop();
    rmSync(dirname(this.workspace), { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What the tests of a suite share. */
export interface Shared {
  readonly session: Session;
  readonly window: Workbench;
}

/**
 * Starts a session before the tests of a suite, gets it `ready`, and ends it after them. What fails leaves pictures.
 */
export function useSession(
  workspace: () => string,
  settings: Readonly<Record<string, unknown>> = {},
  ready: (window: Workbench) => Promise<void> = async () => {},
  beside?: string,
): Shared {
  let session: Session | undefined;
  let window: Workbench | undefined;
  before(async () => {
    session = await Session.start(workspace(), settings, beside);
    try {
      window = await session.open();
      await ready(window);
    } catch (error) {
      await session.pictures("before the tests");
      throw error;
    }
  });
  afterEach(async (context) => {
    // Missing in the types.
    const passed = "passed" in context && context.passed === true;
    if (!passed) await session?.pictures(context.name);
  });
  after(async () => {
    await session?.stop();
  });
  const need = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("The session has not started");
    return value;
  };
  return {
    get session() {
      return need(session);
    },
    get window() {
      return need(window);
    },
  };
}

/** Waits until the workspace is read, and shows the panel. */
export async function untilRead(window: Workbench): Promise<void> {
  await window.untilStatus(/^ARMT, ready/);
  await window.showPanel();
}
