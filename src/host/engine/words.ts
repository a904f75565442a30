import * as vscode from "vscode";

/**
 * What a user of the extension is told of an engine's error, where its own words speak of the command line; undefined
 * for the others. The log keeps the engine's words.
 */
export function wordsOf(code: string): string | undefined {
  switch (code) {
    case "provider-unavailable":
      return vscode.l10n.t(
        "What the model was to run on does not start here. Choose another: ARMT: Select Execution Provider.",
      );
    case "runtime-missing":
      return vscode.l10n.t(
        "The model's runtime does not start here. Install the package of ARMT that was made for {0}.",
        `${process.platform}-${process.arch}`,
      );
    case "graph-load":
    case "graph-run":
      return vscode.l10n.t("The model could not be run. Try the processor: ARMT: Select Execution Provider.");
    case "model-missing":
    case "model-config":
    case "model-damaged":
    case "tokenizer-unusable":
      return vscode.l10n.t(
        "The model cannot be used. Check the setting armt.modelPath, or install the extension again.",
      );
    case "model-version":
      return vscode.l10n.t(
        "The model was made for another version of ARMT. Update the extension, or check the setting armt.modelPath.",
      );
    case "state-newer":
      return vscode.l10n.t("The index was made by a newer version of ARMT and is left as it is. Update the extension.");
    case "state-corrupt":
      return vscode.l10n.t("The index is damaged. Build it again: ARMT: Rebuild Index.");
    case "state-not-writable":
    case "state-io":
      return vscode.l10n.t(
        "The index could not be written to VS Code's storage. Check the space and the rights there, then restart.",
      );
    default:
      return undefined;
  }
}
