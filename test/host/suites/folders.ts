import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import type { ArmtAnswer } from "../../../src/host/api.ts";
import { api, fileIn, folder, typeAndSave, until, untilAnswer, untilState } from "./extension.ts";
import { runTests } from "./mocha.ts";

const PORT = "What is the port of the harbour server?";
const DEPTH = "What is the deepest allowed dive in metres?";

function placeOf({ citations }: ArmtAnswer): vscode.Uri | undefined {
  return citations.find(({ answer }) => answer)?.uri;
}

export async function run(): Promise<void> {
  await runTests(() =>
    describe("several folders", () => {
      it("indexes each into a state of its own", async () => {
        await untilState("ready");
        const armt = await api();
        assert.deepEqual(
          armt.folders.map(({ uri }) => uri.toString()),
          vscode.workspace.workspaceFolders?.map(({ uri }) => uri.toString()),
        );
        assert.equal(armt.folders.length, 2);
        const data = process.env["ARMT_TEST_DATA"];
        if (data !== undefined) assert.equal(globSync("**/armt.armt/*.armt", { cwd: data }).length, 2);
      });

      it("answers from whichever folder has it", async () => {
        const armt = await api();
        const port = await armt.ask(PORT);
        assert.match(port.text ?? "", /\b7331\b/);
        assert.equal(placeOf(port)?.toString(), fileIn("harbour.ts", folder("north")).toString());
        const depth = await armt.ask(DEPTH);
        assert.match(depth.text ?? "", /\b42\b/);
        assert.equal(placeOf(depth)?.toString(), fileIn("diving.ts", folder("south")).toString());
      });

      it("answers from the folder that a question is narrowed to", async () => {
        const { text, citations } = await (await api()).ask(PORT, { narrow: ["south/"] });
        assert.doesNotMatch(text ?? "", /7331/);
        const south = folder("south").toString();
        assert.ok(citations.every(({ uri }) => uri.toString().startsWith(`${south}/`)));
      });

      it("leaves out what one folder's settings exclude in that folder alone", async () => {
        const lists = (await api()).folders.map(({ files }) => files);
        // Each has a notes.md; the north's settings exclude it.
        assert.deepEqual(lists, [2, 2]);
      });

      it("knows what was saved in the second folder", async () => {
        const uri = fileIn("diving.ts", folder("south"));
        await typeAndSave(uri, "/** Nobody dives deeper than this. */\nexport const MAX_DIVE_METRES = 57;\n");
        assert.match((await (await api()).ask(DEPTH)).text ?? "", /\b57\b/);
      });

      it("takes in a folder that is added, and leaves one that is removed", async () => {
        const armt = await api();
        const east = vscode.Uri.joinPath(folder("north"), "..", "east");
        assert.ok(vscode.workspace.updateWorkspaceFolders(2, 0, { uri: east, name: "east" }));
        await until("three folders", () => armt.folders.length === 3);
        await untilState("ready");
        await untilAnswer("How many sails does the ferry have?", ({ text }) => /\b19\b/.test(text ?? ""));
        assert.ok(vscode.workspace.updateWorkspaceFolders(2, 1));
        await until("two folders", () => armt.folders.length === 2);
        await untilAnswer("How many sails does the ferry have?", ({ citations }) =>
          citations.every(({ uri }) => !uri.toString().startsWith(`${east}/`)),
        );
      });
    }),
  );
}
