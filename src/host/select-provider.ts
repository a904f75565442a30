import * as vscode from "vscode";
import type { EngineClient } from "./engine-client.ts";
import { modelSettings, SECTION } from "./settings.ts";

/** What onnxruntime has on each system beside the processor. */
const PRESENT: Readonly<Record<string, readonly string[]>> = {
  "linux-x64": ["cuda", "webgpu"],
  "darwin-arm64": ["coreml", "webgpu"],
  "win32-x64": ["dml", "webgpu"],
  "win32-arm64": ["dml", "webgpu"],
};

/** Lets the user choose what the model runs on; it is loaded anew with the next question. */
export async function selectProvider(engine: EngineClient): Promise<void> {
  const words: Readonly<Record<string, string>> = {
    auto: vscode.l10n.t("The fastest one that starts, measured once"),
    cpu: vscode.l10n.t("The processor"),
    webgpu: vscode.l10n.t("The graphics card, through WebGPU"),
    cuda: vscode.l10n.t("An NVIDIA graphics card, through CUDA"),
    dml: vscode.l10n.t("The graphics card, through DirectML"),
    coreml: vscode.l10n.t("Apple's neural engine, through Core ML"),
  };
  const { provider: wanted } = modelSettings();
  const here = ["auto", "cpu", ...(PRESENT[`${process.platform}-${process.arch}`] ?? [])];
  const picks = here.map((provider) => ({
    label: `${provider === wanted ? "$(check) " : ""}${provider}`,
    description: provider === engine.provider ? vscode.l10n.t("running now") : "",
    detail: words[provider] ?? "",
    provider,
  }));
  const title = vscode.l10n.t("Select Execution Provider");
  const chosen = await vscode.window.showQuickPick(picks, { title });
  if (chosen === undefined || chosen.provider === wanted) return;
  await vscode.workspace
    .getConfiguration(SECTION)
    .update("provider", chosen.provider === "auto" ? undefined : chosen.provider, vscode.ConfigurationTarget.Global);
}
