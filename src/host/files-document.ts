import * as vscode from "vscode";
import { visibleText } from "../protocol/text.ts";
import type { EngineClient } from "./engine-client.ts";
import type { FolderIndex } from "./index/folder-index.ts";
import type { Folders } from "./index/folders.ts";
import { messageOf } from "./logging.ts";
import { discoverySettings } from "./settings.ts";

const SCHEME = "armt-files";
/** Lines of one list; the numbers in its heading count all. */
const MOST_LINES = 50_000;

/** The list of what is read, what is left out and why, as a document that nobody can edit. */
export class FilesDocument implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #engine: EngineClient;
  readonly #folders: Folders;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration: vscode.Disposable;

  constructor(engine: EngineClient, folders: Folders) {
    this.#engine = engine;
    this.#folders = folders;
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  readonly onDidChange = this.#changed.event;

  async show(): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${vscode.l10n.t("Indexed Files")}` });
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  async provideTextDocumentContent(): Promise<string> {
    const parts: string[] = [];
    for (const index of this.#folders.all) {
      try {
        parts.push(index.askable ? await this.#indexed(index) : await this.#preview(index));
      } catch (error) {
        parts.push(`${index.folder.name}\n\n${messageOf(error)}\n`);
      }
    }
    return parts.join("\n\n");
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }

  async #indexed(index: FolderIndex): Promise<string> {
    const { files, skipped } = await this.#engine.files(index.path);
    const { skipped: all, state } = await this.#engine.status(index.path);
    const segments = files.reduce((sum, file) => sum + file.segments, 0);
    const width = `${Math.max(0, ...files.map((file) => file.segments))}`.length;
    return [
      index.folder.uri.fsPath,
      vscode.l10n.t("Memory: {0}", state),
      "",
      vscode.l10n.t("{0} files read, {1} segments", files.length, segments),
      "",
      ...cut(files.map((file) => `${`${file.segments}`.padStart(width)}  ${visibleText(file.path)}`)),
      ...leftOut(all.counts, skipped),
    ].join("\n");
  }

  async #preview(index: FolderIndex): Promise<string> {
    const preview = await this.#engine.preview({ folder: index.path, ...discoverySettings(index.folder) });
    return [
      index.folder.uri.fsPath,
      vscode.l10n.t("Nothing was read yet. This list is made of names and sizes alone."),
      "",
      vscode.l10n.t("About {0} files would be read, {1} MB", preview.files, (preview.bytes / 1e6).toFixed(1)),
      ...leftOut(preview.skipped, preview.examples),
    ].join("\n");
  }
}

function leftOut(
  counts: Readonly<Record<string, number>>,
  skipped: readonly { readonly path: string; readonly reason: string }[],
): string[] {
  const total = Object.values(counts).reduce((a, b) => a + b, 0);
  const lines = ["", vscode.l10n.t("{0} files left out", total)];
  for (const [reason, count] of Object.entries(counts).sort(([, a], [, b]) => b - a)) {
    lines.push("", `${inWords(reason)} (${count})`, "");
    lines.push(...cut(skipped.filter((each) => each.reason === reason).map(({ path }) => `  ${visibleText(path)}`)));
  }
  lines.push("", vscode.l10n.t("Files that git ignores are not listed."));
  return lines;
}

function cut(lines: readonly string[]): string[] {
  return lines.length <= MOST_LINES ? [...lines] : [...lines.slice(0, MOST_LINES), "…"];
}

function inWords(reason: string): string {
  switch (reason) {
    case "secret":
      return vscode.l10n.t("Secrets and keys");
    case "binary":
      return vscode.l10n.t("Binary files");
    case "minified":
      return vscode.l10n.t("Minified files");
    case "generated":
      return vscode.l10n.t("Generated files");
    case "too-large":
      return vscode.l10n.t("Larger than the limit");
    case "empty":
      return vscode.l10n.t("Empty files");
    case "excluded":
      return vscode.l10n.t("Excluded by .armtignore or the settings");
    case "link":
      return vscode.l10n.t("Links");
    case "outside":
      return vscode.l10n.t("Outside of the folder");
    case "unreadable":
      return vscode.l10n.t("Not readable");
    default:
      return reason;
  }
}
