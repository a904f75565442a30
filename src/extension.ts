import * as vscode from "vscode";
import { registerParticipant } from "./host/agents/participant.ts";
import { registerTool } from "./host/agents/tool.ts";
import { type ArmtApi, createApi } from "./host/api.ts";
import { Conversation } from "./host/chat/conversation.ts";
import { Examples } from "./host/chat/examples.ts";
import { Places } from "./host/chat/narrow.ts";
import { ChatStore } from "./host/chat/store.ts";
import { registerCommands } from "./host/commands.ts";
import { ContextKeys } from "./host/context-keys.ts";
import { EngineClient } from "./host/engine-client.ts";
import { Feed } from "./host/feed.ts";
import { FilesDocument } from "./host/files-document.ts";
import { Consent } from "./host/index/consent.ts";
import { Folders } from "./host/index/folders.ts";
import { overallState } from "./host/index/view.ts";
import { createLog, describe, engineLog, messageOf } from "./host/logging.ts";
import { Palette } from "./host/palette.ts";
import { PanelController } from "./host/panel-controller.ts";
import { StatusBar } from "./host/status-bar.ts";

let engine: EngineClient | undefined;

/** Starts the extension. VS Code shows nothing when that fails, so the cause is shown here. */
export function activate(context: vscode.ExtensionContext): ArmtApi | undefined {
  const log = createLog();
  context.subscriptions.push(log);
  try {
    return compose(context, log);
  } catch (error) {
    log.error(describe(error));
    const showLog = vscode.l10n.t("Show Log");
    vscode.window
      .showErrorMessage(vscode.l10n.t("ARMT could not start: {0}", messageOf(error)), showLog)
      .then((chosen) => {
        if (chosen === showLog) log.show();
      });
    return undefined;
  }
}

export async function deactivate(): Promise<void> {
  await engine?.dispose();
}

/** Makes the parts and joins them. */
function compose(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): ArmtApi {
  const { extensionUri, subscriptions, workspaceState } = context;
  const module = vscode.Uri.joinPath(extensionUri, "dist", "node", "engine.js").fsPath;
  const client = new EngineClient({ module, log: engineLog(log) });
  engine = client;
  const folders = new Folders(context, client, log);
  const feed = new Feed(folders, log);
  const chats = new ChatStore(client, folders);
  const conversation = new Conversation({
    engine: client,
    folders,
    chats,
    memento: workspaceState,
    log,
    saves: feed,
  });
  const places = new Places(client, folders);
  const examples = new Examples(client, folders, workspaceState, log, () => conversation.busy);
  const keys = new ContextKeys(folders, client);
  const consent = new Consent(client, folders, log);
  const panel = new PanelController(extensionUri, { folders, conversation, consent, places, examples, keys, log });
  const showPanel = (options: { readonly quietly: boolean }) => panel.view.reveal(options);
  const palette = new Palette({ folders, conversation, chats, places, examples, keys, log, showPanel });
  const files = new FilesDocument(client, folders);
  subscriptions.push(
    folders,
    feed,
    conversation,
    examples,
    keys,
    consent,
    panel,
    palette,
    files,
    new StatusBar(folders, client),
    registerCommands({ engine: client, folders, conversation, palette, panel, files, log }),
    registerTool({ folders, conversation }),
    registerParticipant(extensionUri, { folders, conversation }),
    feed.onChange((uris) => {
      places.forget();
      conversation.filesChanged(uris);
    }),
    folders.onChange(onIndexChange({ folders, conversation, places, examples, log })),
    vscode.window.registerTreeDataProvider("armt.welcome", { getChildren: () => [], getTreeItem: () => ({}) }),
  );
  folders.restore();
  return createApi(folders, conversation);
}

/** What follows when the index has come to another state. */
function onIndexChange(parts: {
  readonly folders: Folders;
  readonly conversation: Conversation;
  readonly places: Places;
  readonly examples: Examples;
  readonly log: vscode.LogOutputChannel;
}): () => void {
  const { folders, conversation, places, examples, log } = parts;
  let before = "";
  return () => {
    const states = folders.all.map(({ state, whole }) => `${state.state} ${whole}`).join();
    if (states === before) return;
    before = states;
    places.forget();
    conversation.restore().catch((error: unknown) => log.warn(describe(error)));
    if (overallState(folders.wanted) !== "ready") return;
    conversation.allRead();
    examples.look();
  };
}
