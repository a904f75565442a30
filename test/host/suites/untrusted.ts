import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import { api, extension } from "./extension.ts";
import { runTests } from "./mocha.ts";
import { engineProcesses } from "./processes.ts";

export async function run(): Promise<void> {
  await runTests(() =>
    describe("a workspace that is not trusted", () => {
      it("is not trusted, and the extension runs all the same", async () => {
        assert.equal(vscode.workspace.isTrusted, false);
        await extension().activate();
        assert.ok(extension().isActive);
      });

      it("is not read, also where the user has said always", async () => {
        const armt = await api();
        assert.deepEqual(armt.folders, []);
        await vscode.commands.executeCommand("armt.index");
        assert.deepEqual(armt.folders, []);
        await assert.rejects(armt.ask("What is the lease timeout in seconds?"), /Nothing is read/);
        assert.deepEqual(engineProcesses(), []);
      });
    }),
  );
}
