import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { EngineClient, type EngineTimes } from "../../../src/host/engine-client.ts";
import type { OpenParams } from "../../../src/protocol/engine.ts";
import { PROVIDER } from "../provider.ts";

export const ENGINE = fileURLToPath(new URL("../../../src/engine/process.ts", import.meta.url));
export const GPU_CRASH = fileURLToPath(new URL("./gpu-crash.ts", import.meta.url));
const LIBRARY = fileURLToPath(new URL("../../../node_modules/amqplib/lib", import.meta.url));

/** A folder of one test; removed afterwards. */
export function sandbox(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "armt process "));
  test.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A workspace of files of a real package. */
export function workspaceOf(folder: string, name: string, files: readonly string[]): string {
  const workspace = join(folder, name);
  mkdirSync(workspace, { recursive: true });
  for (const file of files) cpSync(join(LIBRARY, file), join(workspace, file));
  return workspace;
}

/** A few small files. */
export const SMALL = ["error.js", "credentials.js", "heartbeat.js", "bitset.js"];
/** More of them: seconds of indexing. */
export const LARGE = [...SMALL, "connect.js", "connection.js", "channel.js", "frame.js", "mux.js", "recovery.js"];

export function params(folder: string, workspace: string, more: Partial<OpenParams> = {}): OpenParams {
  const state = join(folder, `${workspace.split(/[\\/]/).at(-1)}.sqlite`);
  return { folder: workspace, state, provider: PROVIDER, include: [], exclude: [], ...more };
}

/** A client of a real engine process, ended with the test. */
export function client(
  test: TestContext,
  folder: string,
  times: Partial<EngineTimes> = {},
  module = ENGINE,
): { readonly engine: EngineClient; readonly log: string[] } {
  const log: string[] = [];
  const engine = new EngineClient({
    module,
    log: (level, message) => log.push(`${level}: ${message}`),
    // What runs this test must not make a test of the engine too.
    env: { HOME: folder, XDG_STATE_HOME: join(folder, ".state"), NODE_TEST_CONTEXT: "" },
    times,
  });
  test.after(() => engine.dispose());
  return { engine, log };
}

/** Software Vulkan is slower by far than the CPU that it runs on. */
const PATIENCE_MS = PROVIDER === "cpu" ? 60_000 : 900_000;

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = PATIENCE_MS): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error("It did not come true in time.");
    await delay(10);
  }
}
