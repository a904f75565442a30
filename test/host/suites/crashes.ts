import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import { api, until, untilAnswer, untilState } from "./extension.ts";
import { measured, runTests } from "./mocha.ts";
import { engineProcesses, killEngine } from "./processes.ts";

const QUESTION = "What is the value of UNITS_TO_MS?";
const ANSWER = /\b1000\b/;

export async function run(): Promise<void> {
  await runTests(() =>
    describe("crashes of the engine", () => {
      it("goes on with the index when it is killed while it indexes", async () => {
        const armt = await api();
        await until("it reads", () => armt.folders[0]?.state === "indexing" && armt.folders[0].files >= 2);
        await killEngine();
        const begun = performance.now();
        await until("it reads again", () => engineProcesses().length === 1 && armt.folders[0]?.state === "indexing");
        measured("killed while indexing to indexing again, ms", Math.round(performance.now() - begun));
        await untilState("ready");
        await untilAnswer(QUESTION, ({ text }) => ANSWER.test(text ?? ""));
      });

      it("says so when it is killed while it answers, and answers the next question", async () => {
        const armt = await api();
        const asked = armt.ask(QUESTION);
        const failed = assert.rejects(asked, /It ended with code \d+\./);
        await killEngine();
        await failed;
        const begun = performance.now();
        assert.match((await armt.ask(QUESTION)).text ?? "", ANSWER);
        measured("killed while answering to the next answer, ms", Math.round(performance.now() - begun));
        assert.equal(engineProcesses().length, 1);
      });

      it("stops after the third crash, with the cause, also while it indexes", async () => {
        const armt = await api();
        await untilState("ready");
        await vscode.commands.executeCommand("armt.rebuild");
        await until("it reads", () => armt.folders[0]?.state === "indexing");
        await killEngine();
        await untilState("failed");
        assert.match(armt.folders[0]?.problem ?? "", /It ended with code 137\./);
        await assert.rejects(armt.ask(QUESTION), /It ended with code 137\./);
        assert.deepEqual(engineProcesses(), []);
      });

      it("goes on when the user restarts it", async () => {
        await vscode.commands.executeCommand("armt.restart");
        await untilState("ready");
        assert.match((await (await api()).ask(QUESTION)).text ?? "", ANSWER);
      });
    }),
  );
}
