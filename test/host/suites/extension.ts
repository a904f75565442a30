import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import * as vscode from "vscode";
import type { ArmtAnswer, ArmtApi } from "../../../src/host/api.ts";

const ID = "armt.armt";
/** For what takes as long as the machine is busy. */
const PATIENCE_MS = 240_000;

/** The packaged extension that is installed beside the tests. */
export function extension(): vscode.Extension<ArmtApi> {
  const found = vscode.extensions.getExtension<ArmtApi>(ID);
  assert.ok(found, `${ID} is installed`);
  return found;
}

export async function api(): Promise<ArmtApi> {
  return await extension().activate();
}

/** Waits until `look` returns something else than undefined or false. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | PromiseLike<T | undefined | false>,
): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await delay(100);
  }
  throw new Error(`Not within ${PATIENCE_MS / 1000} s: ${what}`);
}

/** Waits until all folders are in `state`; not where one has failed. */
export async function untilState(state: ArmtApi["folders"][number]["state"]): Promise<void> {
  const armt = await api();
  const states = () => armt.folders.map((folder) => `${folder.state} ${folder.problem ?? ""}`).join();
  try {
    await until(`folders are ${state}`, () => {
      if (state !== "failed" && armt.folders.some((folder) => folder.state === "failed")) throw new Error("It failed");
      return armt.folders.every((folder) => folder.state === state);
    });
  } catch (error) {
    throw new Error(`${messageOf(error)}. They are ${states()}`);
  }
}

/** Asks until the answer fits: for changes that reach the extension when the watcher tells it. */
export async function untilAnswer(question: string, fits: (answer: ArmtAnswer) => boolean): Promise<ArmtAnswer> {
  const armt = await api();
  let last: ArmtAnswer | undefined;
  try {
    return await until(`an answer to "${question}" that fits`, async () => {
      last = await armt.ask(question);
      return fits(last) ? last : undefined;
    });
  } catch (error) {
    throw new Error(`${messageOf(error)}. The last answer was ${JSON.stringify(last)}`);
  }
}

/** The only folder of the workspace, or the one of this name. */
export function folder(name?: string): vscode.Uri {
  const found = vscode.workspace.workspaceFolders?.find((each) => name === undefined || each.name === name);
  assert.ok(found, `workspace folder ${name ?? ""}`);
  return found.uri;
}

export function fileIn(path: string, root = folder()): vscode.Uri {
  return vscode.Uri.joinPath(root, path);
}

/** Types `text` in place of the whole file, in an editor, and saves it. */
export async function typeAndSave(uri: vscode.Uri, text: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document);
  // VS Code refuses an edit while it takes in what has changed on disk.
  await until("an edit", () =>
    editor.edit((edit) => edit.replace(new vscode.Range(0, 0, document.lineCount, 0), text)),
  );
  assert.ok(await document.save(), "saved");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
