import * as vscode from "vscode";

/** A save that has begun and does not end has failed. */
const SAVING_MS = 2_000;

interface Save {
  readonly ended: Promise<void>;
  end(): void;
}

/** The saves that have begun and not ended, by the file's address: what they write is not on disk yet. */
export class Saves {
  readonly #saves = new Map<string, Save>();
  readonly #begun = new vscode.EventEmitter<void>();

  readonly onBegun = this.#begun.event;

  begun(uri: vscode.Uri): void {
    const key = uri.toString();
    if (this.#saves.has(key)) return;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      clearTimeout(timer);
      this.#saves.delete(key);
      resolve();
    };
    const timer = setTimeout(end, SAVING_MS);
    this.#saves.set(key, { ended, end });
    this.#begun.fire();
  }

  ended(uri: vscode.Uri): void {
    this.#saves.get(uri.toString())?.end();
  }

  /** Resolves when those that have begun by now have ended. */
  async settled(): Promise<void> {
    await Promise.all([...this.#saves.values()].map(({ ended }) => ended));
  }

  dispose(): void {
    for (const save of this.#saves.values()) save.end();
    this.#begun.dispose();
  }
}
