import * as vscode from "vscode";
import { gitDirectory } from "./git.ts";
import type { FolderIndex } from "./index/folder-index.ts";
import type { Folders } from "./index/folders.ts";
import { describe } from "./logging.ts";
import { Saves } from "./saves.ts";
import { throttled } from "./single-flight.ts";

/** Changes from outside are taken together when it has been quiet for so long … */
const QUIET_MS = 300;
/** … or at the latest after this. */
const LATEST_MS = 2_000;
/** Whoever looks at changed files is told of all of them so often at most. */
const TELL_MS = 200;
/** With more changes than this the whole folder is looked at. */
const MOST_PATHS = 500;
/** A checkout writes its files after HEAD. */
const HEAD_MS = 1_000;
/** Editors write a file more than once. */
const RULES_MS = 200;
/** An event of the watcher for what was saved here that recently says nothing new. */
const ECHO_MS = 2_000;

const NEVER = /(?:^|\/)(?:\.git|node_modules|\.hg|\.svn)(?:\/|$)/;
const HEAD = /^\.git\/(?:HEAD|logs\/HEAD)$/;
/** They say which files belong to the workspace. */
const RULES = /(?:^|\/)\.(?:gitignore|armtignore)$|^\.git\/info\/exclude$/;

/** Tells the engine what changes in the workspace: saved files at once, everything else in batches, in order. */
export class Feed implements vscode.Disposable {
  readonly #folders: Folders;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<readonly vscode.Uri[]>();
  readonly #subscriptions: vscode.Disposable[];
  readonly #watched = new Map<FolderIndex, Watch>();
  /** A question that comes while a file is being written waits for it. */
  readonly #saves = new Saves();
  #noted: vscode.Uri[] = [];
  readonly #tell = throttled(TELL_MS, () => {
    const noted = this.#noted;
    this.#noted = [];
    this.#changed.fire(noted);
  });

  constructor(folders: Folders, log: vscode.LogOutputChannel) {
    this.#folders = folders;
    this.#log = log;
    this.#subscriptions = [
      this.#changed,
      folders.onChange(() => this.#sync()),
      vscode.workspace.onWillSaveTextDocument(({ document: { uri } }) => {
        if (this.#folders.find(uri) !== undefined) this.#saves.begun(uri);
      }),
      vscode.workspace.onDidSaveTextDocument(({ uri }) => {
        this.#saved(uri);
        this.#saves.ended(uri);
      }),
      vscode.workspace.onDidCreateFiles(({ files }) => this.#note(files)),
      vscode.workspace.onDidDeleteFiles(({ files }) => this.#note(files)),
      vscode.workspace.onDidRenameFiles(({ files }) => this.#note(files.flatMap((each) => [each.oldUri, each.newUri]))),
    ];
    this.#sync();
  }

  /** Files of the workspace that have changed on disk. */
  readonly onChange = this.#changed.event;

  /** A file of the workspace is being saved. */
  get onBegun(): vscode.Event<void> {
    return this.#saves.onBegun;
  }

  /** Hands over what is being saved and what waits to be taken together, and resolves when the engine has it. */
  async flush(): Promise<void> {
    await this.#saves.settled();
    await Promise.all([...this.#watched.values()].map((watch) => watch.flush()));
  }

  dispose(): void {
    this.#tell.dispose();
    this.#saves.dispose();
    for (const watch of this.#watched.values()) watch.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** Watches just the folders that may be read. */
  #sync(): void {
    const wanted = new Set(this.#folders.wanted);
    for (const [index, watch] of this.#watched) {
      if (wanted.has(index)) continue;
      watch.dispose();
      this.#watched.delete(index);
    }
    for (const index of wanted) {
      if (this.#watched.has(index)) continue;
      this.#watched.set(index, new Watch(index, this.#log, (uri) => this.#note([uri])));
    }
  }

  #saved(uri: vscode.Uri): void {
    const found = this.#folders.find(uri);
    if (found === undefined) return;
    const watch = this.#watched.get(found.index);
    if (RULES.test(found.path)) watch?.rulesChanged();
    else if (NEVER.test(found.path)) return;
    else watch?.saved(found.path);
    this.#changed.fire([uri]);
  }

  #note(uris: readonly vscode.Uri[]): void {
    for (const uri of uris) {
      const found = this.#folders.find(uri);
      const watch = found === undefined ? undefined : this.#watched.get(found.index);
      if (found === undefined || watch === undefined || found.path === "") continue;
      if (HEAD.test(found.path)) watch.headMoved();
      else if (RULES.test(found.path)) watch.rulesChanged();
      else if (!NEVER.test(found.path)) {
        watch.note(found.path);
        this.#noted.push(uri);
        this.#tell.call();
      }
    }
  }
}

/** One folder that is watched. */
class Watch implements vscode.Disposable {
  readonly #index: FolderIndex;
  readonly #log: vscode.LogOutputChannel;
  readonly #subscriptions: vscode.Disposable[];
  readonly #waiting = new Set<string>();
  readonly #savedAt = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  #look: NodeJS.Timeout | undefined;
  /** Batches go one after the other. */
  #last: Promise<void> = Promise.resolve();
  #disposed = false;

  constructor(index: FolderIndex, log: vscode.LogOutputChannel, onEvent: (uri: vscode.Uri) => void) {
    this.#index = index;
    this.#log = log;
    this.#subscriptions = this.#watch(new vscode.RelativePattern(index.folder, "**/*"), onEvent);
    this.#watchHead().catch((error: unknown) => log.debug(`HEAD of ${index.folder.name}: ${describe(error)}`));
  }

  /** Saved in this window: goes to the engine at once. */
  saved(path: string): void {
    this.#savedAt.set(path, performance.now());
    this.#waiting.delete(path);
    this.#send([path]);
  }

  note(path: string): void {
    const saved = this.#savedAt.get(path);
    if (saved !== undefined) {
      this.#savedAt.delete(path);
      if (performance.now() - saved < ECHO_MS) return;
    }
    // Called for each of thousands of files in one turn.
    const now = performance.now();
    if (this.#waiting.size === 0) {
      this.#since = now;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.flush(), QUIET_MS);
    } else if (now - this.#since < LATEST_MS - QUIET_MS) this.#timer?.refresh();
    this.#waiting.add(path);
  }

  /** Another commit is checked out: the whole folder is looked at. */
  headMoved(): void {
    this.#lookAtAll("HEAD has moved", HEAD_MS);
  }

  /** Other files belong to the workspace than before. */
  rulesChanged(): void {
    this.#lookAtAll("the rules for ignored files have changed", RULES_MS);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    const paths = [...this.#waiting];
    this.#waiting.clear();
    if (paths.length > MOST_PATHS) this.#index.reconcile();
    else if (paths.length > 0) this.#send(paths);
    await this.#last;
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#look);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #lookAtAll(reason: string, afterMs: number): void {
    clearTimeout(this.#look);
    this.#look = setTimeout(() => {
      this.#log.info(`${this.#index.folder.name}: ${reason}`);
      this.#index.reconcile();
    }, afterMs);
  }

  #send(paths: readonly string[]): void {
    this.#last = this.#last.then(() => this.#index.refresh(paths));
  }

  #watch(pattern: vscode.RelativePattern, onEvent: (uri: vscode.Uri) => void): vscode.Disposable[] {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    return [watcher, watcher.onDidChange(onEvent), watcher.onDidCreate(onEvent), watcher.onDidDelete(onEvent)];
  }

  /** A work tree or a folder inside a repository has its HEAD elsewhere. */
  async #watchHead(): Promise<void> {
    const directory = await gitDirectory(this.#index.folder.uri);
    if (directory === undefined || this.#disposed) return;
    const watcher = this.#watch(new vscode.RelativePattern(directory, "{HEAD,logs/HEAD}"), () => this.headMoved());
    this.#subscriptions.push(...watcher);
  }
}
