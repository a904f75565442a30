import { createHash } from "node:crypto";
import * as vscode from "vscode";
import type { EngineClient } from "../engine-client.ts";
import { describe } from "../logging.ts";
import { pathInside, splitPath } from "../paths.ts";
import { autostart, SECTION } from "../settings.ts";
import { FolderIndex, type Wish } from "./folder-index.ts";

const WISHES = "armt.wishes";

/** One for each folder, whichever windows and workspaces it is open in: a workspace's own storage is a window's. */
function stateFile(storage: vscode.Uri, folder: vscode.Uri): vscode.Uri {
  const name = createHash("sha256").update(folder.toString()).digest("hex").slice(0, 16);
  return vscode.Uri.joinPath(storage, `${name}.armt`);
}

/**
 * The workspace's folders and their indexes. Which of them may be read is kept with the workspace; a folder comes and
 * goes with the workspace, its state file and the user's agreement stay.
 */
export class Folders implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #engine: EngineClient;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[] = [];
  readonly #indexes = new Map<string, FolderIndex>();

  constructor(context: vscode.ExtensionContext, engine: EngineClient, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#engine = engine;
    this.#log = log;
    this.#subscriptions.push(
      this.#changed,
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#sync()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#sync()),
      vscode.workspace.onDidChangeConfiguration((event) => this.#reconfigure(event)),
      engine.onReopened(({ folder, status }) => this.#at(folder)?.resumed(status)),
      engine.onLost(({ folder, error }) => this.#at(folder)?.lost(error)),
      engine.onWriter(({ folder, status }) => this.#at(folder)?.resumed(status)),
      engine.onState((state) => {
        if (state.state === "stopped") for (const index of this.all) index.crashed(state.cause);
        this.#changed.fire();
      }),
    );
  }

  readonly onChange = this.#changed.event;

  /** In the order of the workspace. */
  get all(): readonly FolderIndex[] {
    return [...this.#indexes.values()];
  }

  /** Those that the user has agreed to. */
  get wanted(): readonly FolderIndex[] {
    return this.all.filter(({ wish }) => wish !== "off");
  }

  get askable(): readonly FolderIndex[] {
    return this.all.filter(({ askable }) => askable);
  }

  /** The workspace's name, for titles: that of the only folder, of the workspace file, or of all folders. */
  get name(): string {
    const { workspaceFile, workspaceFolders = [] } = vscode.workspace;
    const names = workspaceFolders.map(({ name }) => name);
    if (workspaceFile?.scheme !== "file" || names.length === 1) return names.join(", ");
    return splitPath(workspaceFile.path).name.replace(/\.code-workspace$/, "");
  }

  /** Paths are told with the folder's name in front. */
  get several(): boolean {
    return this.#indexes.size > 1;
  }

  /** The folder of a file, and the file's path in it; the innermost one where folders lie in each other. */
  find(uri: vscode.Uri): { readonly index: FolderIndex; readonly path: string } | undefined {
    let found: { index: FolderIndex; path: string } | undefined;
    for (const index of this.all) {
      const path = pathInside(index.folder.uri, uri);
      if (path !== undefined && (found === undefined || path.length < found.path.length)) found = { index, path };
    }
    return found;
  }

  /** Takes up the folders of the workspace, and goes on with those that may be read. */
  restore(): void {
    this.#sync();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const index of this.all) void index.dispose();
  }

  #at(path: string): FolderIndex | undefined {
    return this.all.find((index) => index.path === path);
  }

  #sync(): void {
    const present = vscode.workspace.isTrusted
      ? (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file")
      : [];
    const keys = new Set(present.map(({ uri }) => uri.toString()));
    for (const [key, index] of this.#indexes) {
      if (keys.has(key)) continue;
      this.#indexes.delete(key);
      void index.dispose();
    }
    for (const folder of present) this.#add(folder);
    this.#changed.fire();
  }

  #add(folder: vscode.WorkspaceFolder): void {
    const key = folder.uri.toString();
    if (this.#indexes.has(key)) return;
    const index = new FolderIndex({
      folder,
      engine: this.#engine,
      log: this.#log,
      state: stateFile(this.#context.globalStorageUri, folder.uri),
      wish: this.#wishes()[key] ?? "off",
      keep: (wish) => this.#keep(key, wish),
    });
    this.#indexes.set(key, index);
    index.onChange(() => this.#changed.fire());
    if (index.wish === "off" && autostart() === "always" && this.#wishes()[key] === undefined) index.start();
    else index.restore();
  }

  #wishes(): Readonly<Record<string, Wish>> {
    return this.#context.workspaceState.get<Readonly<Record<string, Wish>>>(WISHES, {});
  }

  #keep(key: string, wish: Wish): void {
    this.#context.workspaceState
      .update(WISHES, { ...this.#wishes(), [key]: wish })
      .then(undefined, (error: unknown) => {
        this.#log.error(`The choice for ${key} could not be kept: ${describe(error)}`);
      });
  }

  #reconfigure(event: vscode.ConfigurationChangeEvent): void {
    const model =
      event.affectsConfiguration(`${SECTION}.provider`) || event.affectsConfiguration(`${SECTION}.modelPath`);
    for (const index of this.all) {
      const { uri } = index.folder;
      const discovery = ["include", "exclude", "maxFileSize"].some((key) =>
        event.affectsConfiguration(`${SECTION}.${key}`, uri),
      );
      if (!model && !discovery && !event.affectsConfiguration("files.exclude", uri)) continue;
      index.reopen().catch((error: unknown) => this.#log.error(describe(error)));
    }
    if (event.affectsConfiguration(SECTION)) this.#changed.fire();
  }
}
