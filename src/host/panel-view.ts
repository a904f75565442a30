import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { FromPanel, PanelState, ToPanel } from "../protocol/panel.ts";
import { panelPage } from "../protocol/panel-page.ts";
import { throttled } from "./single-flight.ts";

const EVERY_MS = 50;

export interface PanelSource {
  /** All that the panel shows. */
  state(): PanelState;
  /** What the user did in it. */
  received(message: FromPanel): void;
  /** It has come into view. */
  shown(): void;
}

/** The panel in the side bar: sends whole snapshots, and hands on what the user does. */
export class PanelView implements vscode.WebviewViewProvider, vscode.Disposable {
  static readonly id = "armt.panel";
  readonly #root: vscode.Uri;
  readonly #source: PanelSource;
  readonly #send = throttled(EVERY_MS, () => this.#post());
  #view: vscode.WebviewView | undefined;
  #ready = false;
  /** Sent when the page is there. */
  #waiting: ToPanel[] = [];

  constructor(extension: vscode.Uri, source: PanelSource) {
    this.#root = extension;
    this.#source = source;
  }

  get visible(): boolean {
    return this.#view?.visible ?? false;
  }

  /** Something that is shown has changed. */
  update(): void {
    if (this.#ready) this.#send.call();
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const { webview } = view;
    const dist = vscode.Uri.joinPath(this.#root, "dist");
    const media = vscode.Uri.joinPath(this.#root, "media");
    this.#view = view;
    this.#ready = false;
    webview.options = { enableScripts: true, enableForms: false, localResourceRoots: [dist, media] };
    const address = (uri: vscode.Uri): string => webview.asWebviewUri(uri).toString();
    webview.onDidReceiveMessage((message: FromPanel) => this.#receive(message));
    view.onDidChangeVisibility(() => {
      // The page is gone while it is hidden.
      if (!view.visible) this.#ready = false;
      else this.#source.shown();
    });
    view.onDidDispose(() => {
      this.#view = undefined;
      this.#ready = false;
    });
    webview.html = panelPage({
      source: webview.cspSource,
      nonce: randomBytes(16).toString("base64url"),
      script: address(vscode.Uri.joinPath(dist, "webview.js")),
      styles: [address(vscode.Uri.joinPath(dist, "codicon.css")), address(vscode.Uri.joinPath(media, "panel.css"))],
      language: vscode.l10n.bundle === undefined ? "en" : vscode.env.language,
      words: vscode.l10n.bundle,
    });
    this.#source.shown();
  }

  /** Shows the panel; with focus in it unless `quietly`. */
  async reveal({ quietly = false }: { readonly quietly?: boolean } = {}): Promise<void> {
    if (this.#view !== undefined && quietly) this.#view.show(true);
    else await vscode.commands.executeCommand(`${PanelView.id}.focus`, { preserveFocus: quietly });
    if (!quietly) this.post({ type: "focus" });
  }

  /** Sends a message now, or as soon as the page is there. */
  post(message: ToPanel): void {
    if (this.#ready) void this.#view?.webview.postMessage(message);
    else this.#waiting.push(message);
  }

  dispose(): void {
    this.#send.dispose();
  }

  #receive(message: FromPanel): void {
    if (message.type === "ready") {
      this.#ready = true;
      this.#post();
      for (const waiting of this.#waiting.splice(0)) this.post(waiting);
    } else this.#source.received(message);
  }

  #post(): void {
    if (this.#ready) this.post({ type: "state", state: this.#source.state() });
  }
}
