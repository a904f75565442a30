import * as vscode from "vscode";
import type { EngineClient } from "./engine-client.ts";
import type { Folders } from "./index/folders.ts";
import { overallState } from "./index/view.ts";

type Key =
  | "canIndex"
  | "canPause"
  | "canResume"
  | "canStop"
  | "canRebuild"
  | "canClear"
  | "indexed"
  | "engineStarted"
  | "citationOpened"
  | "narrowed"
  | "askedAgain";

/** What commands, menus and the walkthrough depend on, set only where it changes. */
export class ContextKeys implements vscode.Disposable {
  readonly #values = new Map<Key, boolean>();
  readonly #folders: Folders;
  readonly #engine: EngineClient;
  readonly #subscription: vscode.Disposable;

  constructor(folders: Folders, engine: EngineClient) {
    this.#folders = folders;
    this.#engine = engine;
    this.#subscription = folders.onChange(() => this.#update());
    this.#update();
  }

  set(key: Key, value: boolean): void {
    if (this.#values.get(key) === value) return;
    this.#values.set(key, value);
    void vscode.commands.executeCommand("setContext", `armt.${key}`, value);
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  #update(): void {
    const { all, wanted } = this.#folders;
    const states = new Set(wanted.map(({ state }) => state.state));
    this.set("canIndex", all.some(({ wish }) => wish === "off") || states.has("ready") || states.has("failed"));
    this.set("canPause", states.has("indexing") || states.has("opening"));
    this.set("canResume", states.has("paused"));
    this.set("canStop", wanted.length > 0);
    this.set("canRebuild", wanted.length > 0 && overallState(wanted) !== "refused");
    this.set(
      "canClear",
      all.some(({ kept }) => kept),
    );
    this.set(
      "indexed",
      wanted.some(({ whole }) => whole),
    );
    this.set("engineStarted", this.#engine.state.state !== "idle" && this.#engine.state.state !== "disposed");
  }
}
