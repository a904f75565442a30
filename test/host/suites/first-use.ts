import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "mocha";
import * as vscode from "vscode";
import { readingsAreNoted, wasRead, watchReading } from "./access.ts";
import { api, extension, fileIn, folder, until, untilAnswer, untilState } from "./extension.ts";
import { measured, runTests } from "./mocha.ts";
import { engineProcesses } from "./processes.ts";

/** Of the processor: its time by the clock is the machine's affair. */
const ACTIVATION_MS = 500;
const SOURCE = "lib/connection.js";
const QUESTION = "What is the value of UNITS_TO_MS?";
const ANSWER = /\b1000\b/;
const PLACE = "lib/heartbeat.js";
const SECRET = "hunter2-of-the-broker";

interface Contribution {
  readonly command: string;
  readonly category?: string;
}

function contributedCommands(): readonly Contribution[] {
  const manifest: { readonly contributes: { readonly commands: readonly Contribution[] } } = extension().packageJSON;
  return manifest.contributes.commands;
}

function inFolder(path: string): string {
  return join(folder().fsPath, path);
}

/** State files of this window's workspace. */
function stateFiles(): string[] {
  const data = process.env["ARMT_TEST_DATA"];
  return data === undefined ? [] : globSync("**/armt.armt/*.armt", { cwd: data });
}

/** Of all states that VS Code's storage has. */
function filesKept(): number {
  return stateFiles().reduce((sum, path) => {
    const db = new DatabaseSync(join(process.env["ARMT_TEST_DATA"] ?? "", path), { readOnly: true });
    try {
      return sum + Number(db.prepare("SELECT count(*) AS files FROM files").get()?.["files"]);
    } finally {
      db.close();
    }
  }, 0);
}

/** Chooses what the warning offers first. */
async function clearIndex(): Promise<void> {
  let cleared = false;
  const clearing = Promise.resolve(vscode.commands.executeCommand("armt.clear")).finally(() => {
    cleared = true;
  });
  await until("it is cleared", async () => {
    await vscode.commands.executeCommand("notification.acceptPrimaryAction");
    return cleared;
  });
  await clearing;
}

async function acceptQuickPick(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
}

export async function run(): Promise<void> {
  const noted = readingsAreNoted();
  if (noted) for (const path of [SOURCE, ".env"]) watchReading(inFolder(path));
  const active = extension().isActive;
  const started = performance.now();
  const before = process.cpuUsage();
  await extension().activate();
  const { user, system } = process.cpuUsage(before);
  const cost = { ms: Math.round(performance.now() - started), cpuMs: Math.round((user + system) / 1000) };

  await runTests(() =>
    describe("first use", () => {
      it("is active in a moment", function () {
        measured("activation", active ? "before the tests" : `${cost.ms} ms, ${cost.cpuMs} ms of the processor`);
        if (active) this.skip();
        assert.ok(cost.cpuMs <= ACTIVATION_MS, `${cost.cpuMs} ms of the processor`);
      });

      it("starts no process until it is needed", () => {
        assert.deepEqual(engineProcesses(), []);
      });

      it("registers each command, under one category", async () => {
        const registered = new Set(await vscode.commands.getCommands(true));
        const commands = contributedCommands();
        assert.ok(commands.length >= 12, `${commands.length} commands`);
        for (const { command, category } of commands) {
          assert.ok(registered.has(command), `${command} is registered`);
          assert.equal(category, "ARMT", command);
        }
      });

      it("reads nothing before the user agrees", async () => {
        const armt = await api();
        assert.deepEqual(
          armt.folders.map(({ state, files }) => ({ state, files })),
          [{ state: "off", files: 0 }],
        );
        assert.deepEqual(stateFiles(), []);
        await assert.rejects(armt.ask(QUESTION), /Nothing is read before you agree/);
      });

      it("shows what would be read by names and sizes alone", async function () {
        await vscode.commands.executeCommand("armt.showFiles");
        const editor = await until("the list", () => vscode.window.activeTextEditor);
        const text = editor.document.getText();
        assert.match(text, /Nothing was read yet/);
        assert.match(text, /About \d+ files would be read/);
        assert.match(text, /\.env/);
        await vscode.commands.executeCommand("workbench.action.closeAllEditors");
        if (!noted) this.skip();
        for (const path of [SOURCE, ".env"]) assert.ok(!wasRead(inFolder(path)), `${path} was not opened`);
      });

      it("indexes when the user agrees, into VS Code's storage", async () => {
        const begun = performance.now();
        await vscode.commands.executeCommand("armt.index");
        await untilState("ready");
        measured("first index, ms", Math.round(performance.now() - begun));
        const [first] = (await api()).folders;
        assert.ok(first !== undefined && first.files > 15 && first.files === first.of, JSON.stringify(first));
        if (process.env["ARMT_TEST_DATA"] !== undefined) assert.equal(stateFiles().length, 1);
        assert.ok(!existsSync(inFolder(".armt")), "nothing is put into the workspace");
        if (noted) assert.ok(wasRead(inFolder(SOURCE)), "the trace of reading works");
      });

      it("answers, with the place that proves it", async () => {
        const begun = performance.now();
        const answer = await (await api()).ask(QUESTION);
        measured("question, ms", Math.round(performance.now() - begun));
        assert.match(answer.text ?? "", ANSWER);
        assert.equal(answer.percent, 100);
        const cited = answer.citations.find((citation) => citation.answer);
        assert.equal(cited?.uri.toString(), fileIn(PLACE).toString());
        const document = await vscode.workspace.openTextDocument(cited.uri);
        assert.match(document.getText(cited.range), ANSWER);
      });

      it("offers itself to language models as #armt", () => {
        const tool = vscode.lm.tools.find(({ name }) => name === "armt_ask");
        assert.ok(tool, "armt_ask is a tool");
        assert.match(tool.description, /quoted verbatim/);
        assert.deepEqual(Object.keys(Object(tool.inputSchema).properties), ["question", "narrow"]);
      });

      it("tells language models what it was narrowed to, and what is not there", async () => {
        const none = new vscode.CancellationTokenSource();
        const told = async (input: object): Promise<string> => {
          const { content } = await vscode.lm.invokeTool(
            "armt_ask",
            { input, toolInvocationToken: undefined },
            none.token,
          );
          const [part] = content;
          assert.ok(part instanceof vscode.LanguageModelTextPart);
          return part.value;
        };
        const narrowed = await told({ question: QUESTION, narrow: [PLACE] });
        const places = [...narrowed.matchAll(/^([\w./-]+):\d+(?:-\d+)?$/gm)].map(([, file]) => file);
        assert.deepEqual([...new Set(places)], [PLACE]);
        for (const outside of ["../elsewhere.ts", "/etc/hostname"])
          await assert.rejects(told({ question: QUESTION, narrow: [outside] }), /is not in the workspace/);
        assert.match(await told({ question: "Which colour is the login button?" }), /^Not found in the workspace\./);
      });

      it("answers language models, with exact quotes", async () => {
        const input = { question: QUESTION };
        const options = { input, toolInvocationToken: undefined };
        const none = new vscode.CancellationTokenSource();
        const { content } = await vscode.lm.invokeTool("armt_ask", options, none.token);
        const [part] = content;
        assert.ok(part instanceof vscode.LanguageModelTextPart);
        assert.match(part.value, ANSWER);
        const [, from, to, quote] =
          /^lib\/heartbeat\.js:(\d+)(?:-(\d+))?\n```\n([\s\S]*?)\n```$/m.exec(part.value) ?? [];
        assert.ok(from !== undefined && quote !== undefined, part.value);
        const lines = readFileSync(inFolder(PLACE), "utf8").split("\n");
        assert.equal(quote, lines.slice(Number(from) - 1, Number(to ?? from)).join("\n"));
      });

      it("answers in the palette, and Enter opens the place", async () => {
        await vscode.commands.executeCommand("workbench.action.closeAllEditors");
        await vscode.commands.executeCommand("armt.ask", QUESTION);
        // Enter asks; while it is answered there is nothing to choose; then the answer stands first.
        const editor = await until("the place in an editor", async () => {
          await acceptQuickPick();
          return vscode.window.activeTextEditor;
        });
        assert.equal(editor.document.uri.toString(), fileIn(PLACE).toString());
        assert.match(editor.document.lineAt(editor.selection.start.line).text, ANSWER);
      });

      it("stops a question", async () => {
        const source = new vscode.CancellationTokenSource();
        const asked = (await api()).ask("Where is the heartbeat timeout raised as an error?", {}, source.token);
        source.cancel();
        await assert.rejects(asked, vscode.CancellationError);
        source.dispose();
      });

      it("never reads a file of secrets", async function () {
        const { text, citations } = await (await api()).ask("What is the password of the broker?");
        assert.ok(!(text ?? "").includes(SECRET), text);
        assert.ok(citations.every(({ uri, quote }) => !uri.path.endsWith(".env") && !quote.includes(SECRET)));
        await vscode.commands.executeCommand("armt.showFiles");
        const list = await until("the list of indexed files", () =>
          vscode.window.visibleTextEditors.find(({ document }) => /files read/.test(document.getText())),
        );
        assert.match(list.document.getText(), /Secrets and keys \(1\)\s+\.env/);
        if (!noted) this.skip();
        assert.ok(!wasRead(inFolder(".env")), ".env was never opened");
      });

      it("pauses, resumes, and withdraws by Stop", async () => {
        const armt = await api();
        await vscode.commands.executeCommand("armt.rebuild");
        await until("it reads again", () => armt.folders[0]?.state === "indexing");
        await vscode.commands.executeCommand("armt.pause");
        assert.equal(armt.folders[0]?.state, "paused");
        assert.match((await armt.ask(QUESTION)).text ?? "", ANSWER);
        await vscode.commands.executeCommand("armt.resume");
        await untilState("ready");
        await vscode.commands.executeCommand("armt.stop");
        assert.equal(armt.folders[0]?.state, "off");
        await assert.rejects(armt.ask(QUESTION), /Nothing is read before you agree/);
        await vscode.commands.executeCommand("armt.index");
        await untilState("ready");
        await untilAnswer(QUESTION, ({ text }) => ANSWER.test(text ?? ""));
      });

      it("is asked when it was paused while it was being opened", async () => {
        await vscode.commands.executeCommand("armt.stop");
        await vscode.commands.executeCommand("armt.index");
        assert.equal((await api()).folders[0]?.state, "opening");
        await vscode.commands.executeCommand("armt.pause");
        await untilState("paused");
        assert.match((await (await api()).ask(QUESTION)).text ?? "", ANSWER);
      });

      it("keeps index and consent where another window writes", async function () {
        if (process.env["ARMT_TEST_DATA"] === undefined) this.skip();
        await vscode.commands.executeCommand("armt.stop");
        const [path = ""] = stateFiles();
        const other = new DatabaseSync(join(process.env["ARMT_TEST_DATA"] ?? "", `${path}.lock`));
        try {
          other.exec("BEGIN IMMEDIATE");
          await vscode.commands.executeCommand("armt.index");
          await untilState("ready");
          await clearIndex();
          await vscode.commands.executeCommand("armt.rebuild");
          assert.match((await (await api()).ask(QUESTION)).text ?? "", ANSWER);
        } finally {
          other.close();
        }
      });

      it("forgets by Clear, also what Stop has kept", async function () {
        if (process.env["ARMT_TEST_DATA"] === undefined) this.skip();
        await vscode.commands.executeCommand("armt.stop");
        assert.ok(filesKept() > 15, "Stop keeps what was read");
        await clearIndex();
        assert.equal((await api()).folders[0]?.state, "off");
        assert.equal(filesKept(), 0);
      });
    }),
  );
}
