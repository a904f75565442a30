import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../../src/pack/contents.ts";
import { installedReadme } from "../../../src/pack/pack.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

test("each word of the manifest is in package.nls.json, and none there is of no use", () => {
  const used = new Set([...read("package.json").matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key));
  const written: Readonly<Record<string, string>> = JSON.parse(read("package.nls.json"));
  assert.deepEqual([...used].sort(), Object.keys(written).sort());
  for (const [key, words] of Object.entries(written)) assert.notEqual(words.trim(), "", key);
});

test("words of host and panel are found by the extractor for translators: l10n.t, called by its whole name", () => {
  const files = globSync("src/{extension.ts,host/**/*.ts}", { cwd: ROOT });
  assert.ok(files.length > 20);
  const panel = read("src/webview/strings.ts").replaceAll(/l10n\.t\(\s*"/g, "");
  assert.doesNotMatch(panel, /l10n\.t/);
  for (const file of files) {
    const rest = read(file).replaceAll(/vscode\.l10n\.(?:t\(\s*(?:"|\n)|bundle)/g, "");
    assert.doesNotMatch(rest, /l10n/, `${file}: takes another form, or words that are no literal`);
  }
});

test("an installed extension's README links and shows only what is there", () => {
  const text =
    "# A\n\n![An answer](media/a.png)\n\nSee [the card](models/README.md), [web](https://a.test/b) and [b](#b).\n";
  assert.equal(installedReadme(text), "# A\n\nSee the card, [web](https://a.test/b) and [b](#b).\n");
  assert.doesNotMatch(installedReadme(read("README.md")), /\]\((?!https?:|#)/);
});
