import * as vscode from "vscode";
import type { EngineClient } from "./engine-client.ts";
import type { Folders } from "./index/folders.ts";
import { overallExtent, overallState } from "./index/view.ts";
import { problemInWords } from "./messages.ts";
import { splitPath } from "./paths.ts";
import { autostart } from "./settings.ts";
import { throttled } from "./single-flight.ts";

const EVERY_MS = 1_000;
const WARNING_MS = 10_000;
/** Far from the language and the cursor's place. */
const PRIORITY = 1;

/** The only commands that the tooltip may run. */
const ACTIONS = [
  "armt.ask",
  "armt.pause",
  "armt.resume",
  "armt.stop",
  "armt.showFiles",
  "armt.showLog",
  "armt.restart",
  "armt.index",
];

const PROVIDER_NAMES: Readonly<Record<string, string>> = {
  cpu: "CPU",
  webgpu: "GPU (WebGPU)",
  cuda: "GPU (CUDA)",
  dml: "GPU (DirectML)",
  coreml: "Core ML",
};

interface Shown {
  readonly text: string;
  readonly command: string;
  readonly title: string;
  readonly lines: readonly string[];
  readonly dim: string;
  readonly actions: readonly (readonly [icon: string, label: string, command: string])[];
  readonly spoken: string;
  readonly background?: "error" | "warning";
}

/** The state of the index at a glance. */
export class StatusBar implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #folders: Folders;
  readonly #engine: EngineClient;
  readonly #update = throttled(EVERY_MS, () => this.#show());
  readonly #subscriptions: { dispose(): unknown }[];
  #state = "";
  #cpuOnly = false;
  #warnUntil = 0;

  constructor(folders: Folders, engine: EngineClient) {
    this.#folders = folders;
    this.#engine = engine;
    this.#item = vscode.window.createStatusBarItem("armt.status", vscode.StatusBarAlignment.Right, PRIORITY);
    this.#item.name = "ARMT";
    this.#subscriptions = [
      this.#item,
      folders.onChange(() => this.#onChange()),
      engine.onProvider(() => this.#onChange()),
    ];
    this.#show();
  }

  dispose(): void {
    this.#update.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** Another state shows at once, numbers once a second. */
  #onChange(): void {
    if (this.#engine.cpuOnly && !this.#cpuOnly && this.#engine.state.state !== "stopped") {
      this.#warnUntil = Date.now() + WARNING_MS;
      setTimeout(() => this.#show(), WARNING_MS + 100);
    }
    this.#cpuOnly = this.#engine.cpuOnly;
    const state = overallState(this.#folders.wanted);
    if (state === this.#state) this.#update.call();
    else this.#show();
  }

  #show(): void {
    const { all, wanted } = this.#folders;
    const state = overallState(wanted);
    this.#state = state;
    if (all.length === 0 || (state === "off" && autostart() === "never")) {
      this.#item.hide();
      return;
    }
    const shown = this.#describe(state);
    this.#item.text = shown.text;
    this.#item.command = shown.command;
    this.#item.tooltip = tooltip(shown);
    this.#item.accessibilityInformation = { label: shown.spoken };
    this.#item.backgroundColor =
      shown.background === undefined ? undefined : new vscode.ThemeColor(`statusBarItem.${shown.background}Background`);
    this.#item.show();
  }

  #describe(state: ReturnType<typeof overallState>): Shown {
    const { wanted, name } = this.#folders;
    const { files, of, percent } = overallExtent(wanted);
    const share = Math.floor(percent);
    const count = new Intl.NumberFormat();
    const ask = ["comment-discussion", vscode.l10n.t("Ask"), "armt.ask"] as const;
    const stop = ["debug-stop", vscode.l10n.t("Stop"), "armt.stop"] as const;
    const log = ["output", vscode.l10n.t("Log"), "armt.showLog"] as const;
    switch (state) {
      case "opening":
      case "indexing": {
        const left = Math.max(0, ...wanted.map(({ remainingMs }) => remainingMs ?? 0));
        const counted = vscode.l10n.t("{0} of {1} files", count.format(files), count.format(of));
        const opening = state === "opening";
        return {
          text: opening ? "$(sync~spin) ARMT" : `$(sync~spin) ARMT ${share}\u00a0%`,
          command: "armt.panel.focus",
          title: vscode.l10n.t("ARMT is reading {0}", name),
          lines:
            opening || of === 0
              ? []
              : [left > 0 ? vscode.l10n.t("{0}, about {1} left", counted, duration(left)) : counted],
          dim: vscode.l10n.t("You can ask already. Answers come from the part read so far."),
          actions: [ask, ["debug-pause", vscode.l10n.t("Pause"), "armt.pause"], stop],
          spoken: vscode.l10n.t("ARMT, reading, {0} percent", share),
        };
      }
      case "paused":
        return {
          text: `$(debug-pause) ARMT ${share}\u00a0%`,
          command: "armt.resume",
          title: vscode.l10n.t("ARMT is paused"),
          lines: [vscode.l10n.t("{0} of {1} files read", count.format(files), count.format(of))],
          dim: vscode.l10n.t("Answers come from these. Saved files wait until you resume."),
          actions: [ask, ["debug-continue", vscode.l10n.t("Resume"), "armt.resume"], stop],
          spoken: vscode.l10n.t("ARMT, paused at {0} percent", share),
        };
      case "ready":
        return this.#ready(files, [ask, ["files", vscode.l10n.t("Files"), "armt.showFiles"], log]);
      case "failed":
        return this.#failed([["debug-restart", vscode.l10n.t("Restart"), "armt.restart"], log]);
      case "refused":
        return {
          text: "$(armt-logo) ARMT",
          command: "armt.panel.focus",
          title: vscode.l10n.t("ARMT does not index a home folder or a whole disk. Open a project folder."),
          lines: [],
          dim: "",
          actions: [],
          spoken: vscode.l10n.t("ARMT, nothing to read"),
        };
      case "off":
        return {
          text: "$(armt-logo) ARMT",
          command: "armt.panel.focus",
          title: vscode.l10n.t("ARMT has not read {0}", name),
          lines: [vscode.l10n.t("Nothing is read before you agree.")],
          dim: vscode.l10n.t("All of it stays on this machine."),
          actions: [["play", vscode.l10n.t("Index"), "armt.index"]],
          spoken: vscode.l10n.t("ARMT, waiting for your consent"),
        };
    }
  }

  #ready(files: number, actions: Shown["actions"]): Shown {
    const { wanted, name } = this.#folders;
    const read = vscode.l10n.t("{0}: {1} files read", name, new Intl.NumberFormat().format(files));
    const last = wanted.map(({ lastRead }) => lastRead).filter((each) => each !== undefined);
    const newest = last.sort((a, b) => b.at - a.at)[0];
    const fresh =
      newest === undefined
        ? read
        : vscode.l10n.t("{0}, {1} {2}", read, splitPath(newest.path).name, ago(Date.now() - newest.at));
    const provider = this.#engine.provider;
    const runs = provider === null ? [] : [vscode.l10n.t("Runs on the {0}.", PROVIDER_NAMES[provider] ?? provider)];
    const bytes = wanted.reduce((sum, { status }) => sum + (status?.stats.bytes.total ?? 0), 0);
    const warning = Date.now() < this.#warnUntil;
    return {
      text: "$(armt-logo) ARMT",
      command: warning ? "armt.showLog" : "armt.ask",
      title: warning ? vscode.l10n.t("ARMT was started again and runs on the CPU") : vscode.l10n.t("ARMT is ready"),
      lines: [fresh, ...runs],
      dim: vscode.l10n.t("Index {0} MB. All of it on this machine.", (bytes / 1e6).toFixed(1)),
      actions,
      spoken: vscode.l10n.t("ARMT, ready"),
      ...(warning ? { background: "warning" } : {}),
    };
  }

  #failed(actions: Shown["actions"]): Shown {
    const state = this.#folders.wanted.map((index) => index.state).find((each) => each.state === "failed");
    const problem = state?.state === "failed" ? state.problem : undefined;
    const crashed = problem?.kind === "crashed" && problem.cause.kind !== "start";
    const cause = problem === undefined ? "" : problemInWords(problem);
    return {
      text: `$(error) ${vscode.l10n.t("ARMT stopped")}`,
      command: "armt.panel.focus",
      title: crashed ? vscode.l10n.t("The engine stopped three times") : vscode.l10n.t("ARMT has stopped"),
      lines: [vscode.l10n.t("Last cause: {0}", cause)],
      dim: vscode.l10n.t("The index is kept. Earlier answers stay."),
      actions,
      spoken: vscode.l10n.t("ARMT, stopped"),
      background: "error",
    };
  }
}

function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return vscode.l10n.t("just now");
  return minutes < 60 ? vscode.l10n.t("{0} min ago", minutes) : vscode.l10n.t("{0} h ago", Math.floor(minutes / 60));
}

/** Names of files and folders come from the workspace: they are appended as text, never as Markdown. */
function tooltip({ title, lines, dim, actions }: Shown): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString("", true);
  markdown.isTrusted = { enabledCommands: ACTIONS };
  markdown.appendMarkdown("**").appendText(title).appendMarkdown("**");
  for (const line of [...lines, dim]) if (line !== "") markdown.appendMarkdown("\n\n").appendText(line);
  if (actions.length > 0) {
    const links = actions.map(([icon, label, command]) => `[$(${icon}) ${label}](command:${command})`);
    markdown.appendMarkdown(`\n\n---\n\n${links.join("&nbsp;&nbsp;&nbsp;")}`);
  }
  return markdown;
}
