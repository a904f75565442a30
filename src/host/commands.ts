import * as vscode from "vscode";
import { clipText } from "../protocol/text.ts";
import type { Conversation } from "./chat/conversation.ts";
import { prefixOf } from "./chat/narrow.ts";
import type { EngineClient } from "./engine-client.ts";
import type { FilesDocument } from "./files-document.ts";
import { chooseFolders } from "./index/choose-folders.ts";
import type { Folders } from "./index/folders.ts";
import { showError } from "./messages.ts";
import type { Palette } from "./palette.ts";
import type { PanelController } from "./panel-controller.ts";
import { splitPath } from "./paths.ts";
import { selectProvider } from "./select-provider.ts";
import { singleFlight } from "./single-flight.ts";

const CHIP_UNITS = 40;

export interface CommandParts {
  readonly engine: EngineClient;
  readonly folders: Folders;
  readonly conversation: Conversation;
  readonly palette: Palette;
  readonly panel: PanelController;
  readonly files: FilesDocument;
  readonly log: vscode.LogOutputChannel;
}

/** Registers the commands: each runs once at a time, and tells what failed. */
export function registerCommands(parts: CommandParts): vscode.Disposable {
  const { engine, folders, conversation, palette, panel, files, log } = parts;
  const command = (id: string, task: (...args: readonly unknown[]) => Promise<void> | void): vscode.Disposable => {
    const once = singleFlight(async (...args: readonly unknown[]) => {
      try {
        await task(...args);
      } catch (error) {
        // A message waits for the user; the command does not.
        void showError(log, error);
      }
    });
    return vscode.commands.registerCommand(`armt.${id}`, once);
  };
  const kept = () => folders.all.filter((index) => index.kept);
  const inState = (...states: readonly string[]) => folders.all.filter(({ state }) => states.includes(state.state));
  return vscode.Disposable.from(
    command("ask", (text) => palette.show(typeof text === "string" ? text : "")),
    command("index", () => {
      for (const index of folders.all) index.start();
    }),
    command("index.choose", () => chooseFolders(folders)),
    command("pause", async () => {
      await Promise.all(inState("indexing", "opening").map((index) => index.pause()));
    }),
    command("resume", () => {
      for (const index of inState("paused")) index.start();
    }),
    command("stop", async () => {
      await Promise.all(folders.wanted.map((index) => index.stop()));
    }),
    command("rebuild", async () => {
      await Promise.all(folders.wanted.map((index) => index.rebuild()));
    }),
    command("clear", async () => {
      if (await confirmClear(folders.name)) await Promise.all(kept().map((index) => index.clear()));
    }),
    command("showFiles", () => files.show()),
    command("showLog", () => log.show()),
    command("newChat", async () => {
      panel.newChat();
      // What the last chat was narrowed to ends with it.
      panel.view.post({ type: "draft", narrow: [] });
      await panel.view.reveal();
    }),
    command("history", async () => {
      await panel.showHistory(true);
      await panel.view.reveal();
    }),
    command("selectProvider", () => selectProvider(engine)),
    command("askSelection", () => askSelection(folders, conversation, panel)),
    command("askFolder", (uri) => askFolder(uri, folders, panel)),
    command("restart", () => restart(engine, folders, false)),
    command("restartOnCpu", () => restart(engine, folders, true)),
  );
}

async function restart(engine: EngineClient, folders: Folders, cpuOnly: boolean): Promise<void> {
  await engine.restart({ cpuOnly });
  // Those that were never opened did not come back by themselves.
  for (const index of folders.wanted) if (index.state.state === "failed") await index.reopen();
}

async function confirmClear(name: string): Promise<boolean> {
  const clear = vscode.l10n.t("Clear Index");
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t("Forget what was read of {0}? It is read again only when you ask for it.", name),
    clear,
    vscode.l10n.t("Keep"),
  );
  return chosen === clear;
}

/** The next question goes on from the selected place. */
async function askSelection(folders: Folders, conversation: Conversation, panel: PanelController): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const found = editor === undefined ? undefined : folders.find(editor.document.uri);
  if (editor === undefined || found === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t("ARMT answers about files of the workspace."));
    return;
  }
  const { selection, document } = editor;
  const word = document.getWordRangeAtPosition(selection.active);
  const range = selection.isEmpty ? word : selection;
  const text = range === undefined ? "" : document.getText(range).trim().replace(/\s+/g, " ");
  const line = selection.start.line + 1;
  const place = `${splitPath(found.path).name}:${line}`;
  conversation.goOnFrom({
    root: found.index.folder.uri.toString(),
    file: found.path,
    line,
    text: text === "" ? place : `${clipText(text, CHIP_UNITS)}, ${place}`,
  });
  await panel.showHistory(false);
  await panel.view.reveal();
}

/** The next question is narrowed to a folder. */
async function askFolder(uri: unknown, folders: Folders, panel: PanelController): Promise<void> {
  const chosen = uri instanceof vscode.Uri ? uri : folderOfEditor();
  const found = chosen === undefined ? undefined : folders.find(chosen);
  const path = found === undefined ? "" : prefixOf(folders, found.index) + (found.path === "" ? "" : `${found.path}/`);
  await panel.showHistory(false);
  await panel.view.reveal();
  panel.view.post({ type: "draft", narrow: path === "" ? [] : [path] });
}

function folderOfEditor(): vscode.Uri | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  return uri === undefined ? undefined : vscode.Uri.joinPath(uri, "..");
}
