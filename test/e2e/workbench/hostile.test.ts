import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FrameLocator, Page } from "playwright-core";
import type { Workbench } from "../../vscode/workbench.ts";
import { commit, emptyWorkspace, writeIn } from "../../vscode/workspaces.ts";
import { QUICK } from "./questions.ts";
import { untilRead, useSession } from "./session.ts";

const COMMAND = "command:workbench.action.files.newUntitledFile";
const HTML = `<img src='https://evil.test/a.png' onerror='window.pwned=1'><script>window.pwned=2</script>`;
const MORE = `<svg onload=window.pwned=3></svg><a href='${COMMAND}'>x</a><style>*{display:none}</style>]]>--></textarea>`;
const MARKDOWN = `[open](${COMMAND}) ![](https://evil.test/b.png) **bold** $(trash) https://evil.test/c`;
/** A terminal's escape sequences, a bell, a right-to-left override, an invisible space, a tag character. */
const CONTROLS = "\u001b[2J\u001b]8;;https://evil.test/d\u0007 \u202egnp.live\u202c \u200b\u{e0041}";
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be shown as they are.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u;
const SHOWN = "⟨U+202E⟩gnp.live⟨U+202C⟩";
/** As long as a line can be: a larger file is left out. */
const MEGABYTE = 1_000_000;

const WORDS = "What is the name of the marble lantern?";
const NAMED = "What is the colour of the velvet anchor?";
const LONG = "What is the weight of the granite feather?";

/** A repository whose names and contents are all meant to do harm. */
function hostile(): string {
  const folder = emptyWorkspace(`$(trash) <img src=x onerror=window.pwned=9> [x](${COMMAND.replaceAll(":", "%3A")})`);
  const evil = `${HTML} ${MORE} ${MARKDOWN} ${CONTROLS}`;
  writeIn(
    folder,
    "src/lantern.js",
    `// ${evil}\nexports.marbleLanternName = "${HTML} ${MARKDOWN} ${CONTROLS}";\n/* ${evil} ]]> */\n`,
  );
  writeIn(
    folder,
    `src/<img src=x onerror=window.pwned=4>/$(trash) [a](${COMMAND}) \u202egnp.js`,
    'exports.velvetAnchorColour = "crimson";\n',
  );
  writeIn(folder, "src/\u001b[2J\u0007<script>window.pwned=5<\u2215script>.md", `# ${evil}\n\n${evil}\n`);
  const padding = `${"x".repeat(MEGABYTE / 2 - 100)} <b>]]>`;
  writeIn(folder, "docs/feather.md", `${padding} The weight of the granite feather is 4711 grams. ${padding}\n`);
  writeIn(folder, "README.md", `# ${evil}\n`);
  writeIn(folder, ".gitattributes", "* text=auto\n");
  commit(folder);
  return folder;
}

/** What came of text in a page that is meant to show it as text. */
function traces(page: Page | FrameLocator): Promise<{ pwned: boolean; strange: string[]; shown: string[] }> {
  return page.locator("body").evaluate((body: HTMLElement) => {
    const shown = [body.innerText];
    for (const element of body.querySelectorAll("*"))
      for (const { name, value } of element.attributes)
        if (name !== "id" && !name.endsWith("by") && !name.startsWith("data-")) shown.push(value);
    return {
      pwned: "pwned" in globalThis,
      strange: [
        ...body.querySelectorAll(`[onerror], [onload], img[src*="evil"], a[href*="newUntitledFile"], a[href*="evil"]`),
      ].map(({ outerHTML }) => outerHTML.slice(0, 200)),
      shown: shown.map((text) => text.slice(0, 20_000)),
    };
  });
}

/** Nothing in the panel was taken for anything but text. */
async function assertText(window: Workbench): Promise<void> {
  const inPanel = await traces(window.panel);
  assert.equal(inPanel.pwned, false);
  assert.deepEqual(inPanel.strange, []);
  for (const text of inPanel.shown) assert.doesNotMatch(text, HIDDEN);
  await assertHarmless(window);
}

/** Nothing in the window has run or was asked for. */
async function assertHarmless(window: Workbench): Promise<void> {
  const inWindow = await traces(window.page);
  assert.equal(inWindow.pwned, false);
  assert.deepEqual(inWindow.strange, []);
  assert.equal(await window.page.locator(".tab", { hasText: /^\s*Untitled-\d/ }).count(), 0, "no command has run");
  assert.deepEqual(window.complaints, { requests: [], violations: [] });
}

describe("hostile content of a workspace", () => {
  const at = useSession(hostile, QUICK, untilRead);

  it("in code is shown as text in the panel, in the palette and in the status bar", async () => {
    const { window } = at;
    await window.askAndWait(WORDS);
    const article = window.exchange;
    await article
      .getByRole("link", { name: /^lantern\.js:/ })
      .first()
      .waitFor();
    await article.locator(".snip", { hasText: SHOWN }).first().waitFor();
    assert((await article.innerText()).includes("<img src='https://evil.test/a.png' onerror='window.pwned=1'>"));
    await assertText(window);

    await window.openPalette();
    await window.quickInput.fill(WORDS);
    await window.press("Enter");
    await window.quickRows.filter({ hasText: "Go on in the panel" }).waitFor();
    const rows = await window.quickRows.allInnerTexts();
    for (const row of rows) assert.doesNotMatch(row, HIDDEN);
    assert(rows.some((row) => row.includes("lantern.js:")));
    assert.equal(await window.quickRows.locator(".codicon-trash").count(), 0);
    await assertHarmless(window);
    await window.press("Escape");

    await window.status.hover();
    await window.page.locator(".workbench-hover", { hasText: "ARMT is ready" }).waitFor();
    assert.equal(await window.page.locator(".workbench-hover .codicon-trash").count(), 0);
    await assertHarmless(window);
  });

  it("in names of files is shown as text, and opens the file", async () => {
    const { window } = at;
    await window.newChat();
    await window.askAndWait(NAMED);
    await window.span.filter({ hasText: "crimson" }).waitFor();
    await assertText(window);
    const link = window.exchange.getByRole("link", { name: /gnp\.js:1/ }).first();
    assert((await link.getAttribute("title"))?.includes("⟨U+202E⟩gnp.js:1"));
    await link.click();
    await window.untilLine(1);
    await window.page.locator(".editor-instance .view-lines", { hasText: "velvetAnchorColour" }).waitFor();

    await window.question.fill("@gnp");
    await window.panel.getByRole("option").first().waitFor();
    await assertText(window);
    await window.press("Enter");
    await window.askAndWait(NAMED);
    await window.span.filter({ hasText: "crimson" }).waitFor();
    await assertText(window);
  });

  it("in lines of a megabyte is cut around what matters", async () => {
    const { window } = at;
    await window.newChat();
    await window.askAndWait(LONG);
    await window.exchange.getByRole("link", { name: "feather.md:1, docs" }).first().waitFor();
    await window.span.filter({ hasText: "4711" }).waitFor();
    await assertText(window);
    const lengths = await window.panel
      .locator(".snip code")
      .evaluateAll((all) => all.map(({ textContent }) => textContent?.length ?? 0));
    assert(lengths.length > 0 && Math.max(...lengths) < 1_000);
  });

  it("is copied as Markdown that stays text", async () => {
    const { window } = at;
    await window.newChat();
    await window.askAndWait(WORDS);
    const copied = await window.copied(() =>
      window.exchange.getByRole("button", { name: "Copy answer with its evidence" }).click(),
    );
    const outside = copied.replaceAll(/(`+)[^`][\s\S]*?\1/g, "");
    assert(!outside.includes("evil.test") && !outside.includes("command:"), outside);
  });

  it("is listed as text, in the history and in the list of files", async () => {
    const { window } = at;
    await window.runCommand("ARMT: Earlier Questions");
    await window.panel.getByRole("button", { name: WORDS }).first().waitFor();
    await assertText(window);
    await window.runCommand("ARMT: Show Indexed Files");
    await window.activeTab("Indexed Files").waitFor();
    await window.page.locator(".editor-instance .view-lines", { hasText: "files read" }).waitFor();
    await assertHarmless(window);
  });
});
