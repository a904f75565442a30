import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import type { ArmtAnswer } from "../../../src/host/api.ts";
import { api, fileIn, folder, typeAndSave, until, untilAnswer, untilState } from "./extension.ts";
import { measured, runTests } from "./mocha.ts";

const LEASE = "What is the lease timeout in seconds?";
const leases = (seconds: number) =>
  `// How long a worker may hold a job.\nexport const LEASE_TIMEOUT_SECONDS = ${seconds};\n`;
const RETRIES = "What is the maximum number of upload retries?";
const uploads = (retries: number) =>
  `// An upload is given up after this.\nexport const MAX_UPLOAD_RETRIES = ${retries};\n`;

const says = (value: number) => (answer: ArmtAnswer) => new RegExp(`\\b${value}\\b`).test(answer.text ?? "");
const cites = (path: string) => (answer: ArmtAnswer) =>
  answer.citations.some((citation) => citation.answer && citation.uri.toString() === fileIn(path).toString());
const citesNothingOf = (path: string) => (answer: ArmtAnswer) =>
  answer.citations.every(({ uri }) => uri.toString() !== fileIn(path).toString());

/** Another program, which knows nothing of VS Code. */
function outside(script: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, ["-e", script, ...args], { env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" } });
}

function git(...args: readonly string[]): void {
  execFileSync("git", ["-C", folder().fsPath, ...args], { stdio: "pipe" });
}

export async function run(): Promise<void> {
  await runTests(() =>
    describe("changes", () => {
      it("indexes by itself where the user has said always", async () => {
        await untilState("ready");
        assert.ok(says(30)(await (await api()).ask(LEASE)));
      });

      it("knows what was saved, in the very next question", async () => {
        const armt = await api();
        for (const seconds of [4711, 815]) {
          await typeAndSave(fileIn("src/leases.ts"), leases(seconds));
          const begun = performance.now();
          const answer = await armt.ask(LEASE);
          measured(`saved to answered, ms`, Math.round(performance.now() - begun));
          assert.ok(says(seconds)(answer), JSON.stringify(answer));
        }
      });

      it("knows a file that was created and filled in VS Code", async () => {
        const edit = new vscode.WorkspaceEdit();
        edit.createFile(fileIn("src/uploads.ts"), { contents: Buffer.from(uploads(17)) });
        assert.ok(await vscode.workspace.applyEdit(edit));
        await untilAnswer(RETRIES, says(17));
      });

      it("knows where a renamed file is", async () => {
        const edit = new vscode.WorkspaceEdit();
        edit.renameFile(fileIn("src/uploads.ts"), fileIn("src/transfer/sending.ts"));
        assert.ok(await vscode.workspace.applyEdit(edit));
        const answer = await untilAnswer(RETRIES, cites("src/transfer/sending.ts"));
        assert.ok(says(17)(answer) && citesNothingOf("src/uploads.ts")(answer), JSON.stringify(answer));
      });

      it("knows where a renamed folder is", async () => {
        const edit = new vscode.WorkspaceEdit();
        edit.renameFile(fileIn("src/transfer"), fileIn("src/network"));
        assert.ok(await vscode.workspace.applyEdit(edit));
        const answer = await untilAnswer(RETRIES, cites("src/network/sending.ts"));
        assert.ok(says(17)(answer), JSON.stringify(answer));
      });

      it("forgets a file that was deleted", async () => {
        const edit = new vscode.WorkspaceEdit();
        edit.deleteFile(fileIn("src/network/sending.ts"));
        assert.ok(await vscode.workspace.applyEdit(edit));
        await untilAnswer(RETRIES, (answer) => !says(17)(answer) && citesNothingOf("src/network/sending.ts")(answer));
      });

      it("knows what another program writes and deletes", async () => {
        const path = fileIn("src/uploads.ts").fsPath;
        outside("require('fs').writeFileSync(process.argv[1], process.argv[2])", path, uploads(23));
        await untilAnswer(RETRIES, says(23));
        outside("require('fs').appendFileSync(process.argv[1], '')", path);
        outside("require('fs').writeFileSync(process.argv[1], process.argv[2])", path, uploads(29));
        await untilAnswer(RETRIES, says(29));
        outside("require('fs').rmSync(process.argv[1])", path);
        await untilAnswer(RETRIES, (answer) => !says(29)(answer) && citesNothingOf("src/uploads.ts")(answer));
      });

      it("knows the files of another commit after a checkout, there and back", async () => {
        git("checkout", "--quiet", "--force", "fast");
        await untilAnswer(LEASE, says(5));
        git("checkout", "--quiet", "--force", "main");
        await untilAnswer(LEASE, says(30));
      });

      it("takes a file's saves in their order", async () => {
        const uri = fileIn("src/leases.ts");
        for (let seconds = 901; seconds <= 905; seconds++) await typeAndSave(uri, leases(seconds));
        assert.ok(says(905)(await (await api()).ask(LEASE)));
        git("checkout", "--quiet", "--force", "main");
        await untilAnswer(LEASE, says(30));
      });

      it("follows the rules for ignored files as they are saved and deleted", async () => {
        const rules = fileIn(".armtignore");
        await vscode.workspace.fs.writeFile(rules, Buffer.from(""));
        await typeAndSave(rules, "leases.ts\n");
        await untilAnswer(LEASE, (answer) => !says(30)(answer) && citesNothingOf("src/leases.ts")(answer));
        outside("require('fs').rmSync(process.argv[1])", rules.fsPath);
        await untilAnswer(LEASE, says(30));
      });

      it("leaves out what the settings exclude, and takes it in again", async () => {
        const settings = () => vscode.workspace.getConfiguration("armt", folder());
        const { Workspace } = vscode.ConfigurationTarget;
        await settings().update("exclude", ["leases.ts"], Workspace);
        await untilAnswer(LEASE, (answer) => !says(30)(answer) && citesNothingOf("src/leases.ts")(answer));
        await settings().update("exclude", undefined, Workspace);
        await untilAnswer(LEASE, says(30));
      });

      it("reads of the folder what the settings include alone", async () => {
        const settings = () => vscode.workspace.getConfiguration("armt", folder());
        const { Workspace } = vscode.ConfigurationTarget;
        await settings().update("include", ["/docs/"], Workspace);
        await untilAnswer(LEASE, citesNothingOf("src/leases.ts"));
        await untilState("ready");
        assert.equal((await api()).folders[0]?.files, 1);
        await settings().update("include", undefined, Workspace);
        await untilAnswer(LEASE, says(30));
      });

      it("leaves out files above the size limit", async () => {
        const armt = await api();
        await untilState("ready");
        const before = armt.folders[0]?.files ?? 0;
        const settings = vscode.workspace.getConfiguration("armt", folder());
        await settings.update("maxFileSize", 1, vscode.ConfigurationTarget.Workspace);
        await until("one file less", () => armt.folders[0]?.files === before - 1);
        await untilAnswer(LEASE, says(30));
      });

      it("tells of a model that is not there, and goes on when it is", async () => {
        const armt = await api();
        const settings = () => vscode.workspace.getConfiguration("armt");
        await settings().update("modelPath", fileIn("no-model").fsPath, vscode.ConfigurationTarget.Global);
        await untilState("failed");
        assert.match(armt.folders[0]?.problem ?? "", /armt\.modelPath/);
        await assert.rejects(armt.ask(LEASE), /armt\.modelPath/);
        await settings().update("modelPath", undefined, vscode.ConfigurationTarget.Global);
        await untilState("ready");
        assert.ok(says(30)(await armt.ask(LEASE)));
      });

      it("takes up another provider", async () => {
        const { Global } = vscode.ConfigurationTarget;
        await vscode.workspace.getConfiguration("armt").update("provider", "cpu", Global);
        await untilAnswer(LEASE, says(30));
        await vscode.workspace.getConfiguration("armt").update("provider", undefined, Global);
        await untilAnswer(LEASE, says(30));
      });
    }),
  );
}
