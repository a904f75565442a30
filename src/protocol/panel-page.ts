/** The page's meta element with its words in another language, as JSON. */
export const PANEL_WORDS = "armt-words";

/** Addresses of what the panel's page loads, as the webview sees them. */
export interface PanelPage {
  /** What a webview may load from: `webview.cspSource`. */
  readonly source: string;
  /** Fresh for each page. */
  readonly nonce: string;
  /** dist/webview.js */
  readonly script: string;
  /** dist/codicon.css, then media/panel.css. */
  readonly styles: readonly string[];
  /** Of the words: "en", "de". */
  readonly language: string;
  /** English words and what stands for them (`vscode.l10n.bundle`); none: English. */
  readonly words?: Readonly<Record<string, string>> | undefined;
}

function attribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

/**
 * The page of the panel: empty but for its script, under a policy that lets it load its own script, styles and icon font
 * and nothing else: no inline code, no request, no frame, no form.
 */
export function panelPage({ source, nonce, script, styles, language, words }: PanelPage): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const links = styles.map((style) => `<link rel="stylesheet" href="${attribute(style)}">`).join("\n");
  return `<!doctype html>
<html lang="${attribute(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width">
${words === undefined ? "" : `<meta name="${PANEL_WORDS}" content="${attribute(JSON.stringify(words))}">\n`}<title>ARMT</title>
${links}
</head>
<body>
<script nonce="${attribute(nonce)}" src="${attribute(script)}"></script>
</body>
</html>`;
}
