/**
 * The words that translators work from: those of the host (`vscode.l10n.t`) and of the panel (`l10n.t`) as
 * media/l10n/bundle.l10n.json. `npm run words` writes it, `--check` fails where it is not up to date.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { getL10nJson } from "@vscode/l10n-dev";
import { ROOT } from "./contents.ts";

const bundle = join(ROOT, "media", "l10n", "bundle.l10n.json");

const sources = globSync("src/{extension.ts,host/**/*.ts,webview/**/*.ts}", { cwd: ROOT }).sort();
const found = await getL10nJson(
  sources.map((path) => ({ extension: ".ts", contents: readFileSync(join(ROOT, path), "utf8") })),
);
const sorted = Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
const text = `${JSON.stringify(sorted, undefined, 2)}\n`;

if (!process.argv.includes("--check")) {
  mkdirSync(dirname(bundle), { recursive: true });
  writeFileSync(bundle, text);
} else if (readFileSync(bundle, "utf8") !== text) {
  process.stderr.write("media/l10n/bundle.l10n.json is not up to date with the words in src: npm run words\n");
  process.exitCode = 1;
}
