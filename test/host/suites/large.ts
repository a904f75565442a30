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
/** The first part of the index: files are listed, read, and reported one after the other. The rest is more of it. */
const WATCHED_MS = 20_000;
/** For the watcher to tell of thousands of files. */
const CHECKOUT_MS = 6_000;

const execute = promisify(execFile);

function holds(what: string, { clock, host, ours, stacks }: Blocked): void {
  measured(`${what}: event loop blocked at most, ms`, `${ours} (with VS Code's own ${host}, by the clock ${clock})`);
  assert.ok(ours <= LIMIT_MS, `${what} blocked the event loop for ${ours} ms:\n${stacks.join("\n")}`);
}

export async function run(): Promise<void> {
  await runTests(() =>
    describe("a large repository", () => {
      it("never blocks the event loop while it is listed and read", async () => {
        const armt = await api();
        const watched = await watchEventLoop();
        await vscode.commands.executeCommand("armt.index");
        await until("it reads", () => armt.folders[0]?.state === "indexing" && armt.folders[0].files > 0);
        await delay(WATCHED_MS);
        const [{ state = "", files = 0, of = 0 } = {}] = armt.folders;
        measured("files read meanwhile", `${files} of ${of}`);
        assert.equal(state, "indexing", "it is large enough");
        assert.ok(of > 1_500, `${of} files`);
        holds("indexing", await watched());
      });

      it("never blocks it while a question is answered meanwhile, and the files are listed", async () => {
        const armt = await api();
        const watched = await watchEventLoop();
        await armt.ask("What is the default request timeout?");
        await vscode.commands.executeCommand("armt.showFiles");
        holds("asking and listing", await watched());
      });

      it("never blocks it while thousands of files change at once", async () => {
        const watched = await watchEventLoop();
        const git = (...args: readonly string[]) => execute("git", ["-C", folder().fsPath, ...args]);
        await git("checkout", "--quiet", "--force", "changed");
        await delay(CHECKOUT_MS);
        await git("checkout", "--quiet", "--force", "main");
        await delay(CHECKOUT_MS);
        holds("a checkout", await watched());
      });
    }),
  );
}
