import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import { type Blocked, watchEventLoop } from "./event-loop.ts";
import { api, folder, until } from "./extension.ts";
import { measured, runTests } from "./mocha.ts";

const LIMIT_MS = 50;
/** Longer than a large repository's listing takes; the rest of its index is more of the same. */
const WATCHED_MS = 30_000;

const execute = promisify(execFile);

function holds(what: string, blocked: Blocked): void {
  measured(`${what}: event loop blocked at most, ms`, blocked.own);
  measured(`${what}: by the clock, ms`, blocked.clock);
  assert.ok(blocked.own <= LIMIT_MS, `${what} blocked the event loop for ${blocked.own} ms`);
}

export async function run(): Promise<void> {
  await runTests(() =>
    describe("a large repository", () => {
      it("never blocks the event loop while it is listed and read", async () => {
        const armt = await api();
        const idle = watchEventLoop();
        await delay(3_000);
        measured("before: event loop blocked at most, ms", idle().own);
        const watched = watchEventLoop();
        await vscode.commands.executeCommand("armt.index");
        await until("it reads", () => armt.folders[0]?.state === "indexing" && armt.folders[0].files > 0);
        await delay(WATCHED_MS);
        const [{ state = "", files = 0, of = 0 } = {}] = armt.folders;
        measured("files read meanwhile", `${files} of ${of}`);
        assert.equal(state, "indexing", "it is large enough");
        assert.ok(of > 1_500, `${of} files`);
        holds("indexing", watched());
      });

      it("never blocks it while a question is answered meanwhile, and the files are listed", async () => {
        const armt = await api();
        const watched = watchEventLoop();
        await armt.ask("What is the default request timeout?");
        await vscode.commands.executeCommand("armt.showFiles");
        holds("asking and listing", watched());
      });

      it("never blocks it while thousands of files change at once", async () => {
        const watched = watchEventLoop();
        const git = (...args: readonly string[]) => execute("git", ["-C", folder().fsPath, ...args]);
        await git("checkout", "--quiet", "--force", "changed");
        await delay(10_000);
        await git("checkout", "--quiet", "--force", "main");
        await delay(10_000);
        holds("a checkout", watched());
      });
    }),
  );
}
