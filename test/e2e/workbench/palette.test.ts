import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Locator } from "playwright-core";
import { eventually } from "../../vscode/workbench.ts";
import { amqplib } from "../../vscode/workspaces.ts";
import { LIMIT, QUICK, UNKNOWN } from "./questions.ts";
import { untilRead, useSession } from "./session.ts";

describe("the palette", () => {
  const at = useSession(amqplib, QUICK, untilRead);
  /** The row that shows where the answer stands. */
  const place = (): Locator => at.window.quickRows.filter({ hasText: `${LIMIT.name}:${LIMIT.line}` }).last();

  /** In the first row of what is asked here, and in none of the rows of earlier questions. */
  const FOUND = `${LIMIT.folder}/${LIMIT.name}:${LIMIT.line}`;

  /** Asks, and waits for what the first row says then. */
  const ask = async (question: string, first: string): Promise<void> => {
    const { window } = at;
    await window.openPalette();
    await window.quickInput.fill(question);
    await window.press("Enter");
    await window.quickRows.first().filter({ hasText: first }).waitFor();
  };

  it("shows the answer first, then a row for each place, then the way into the panel", async () => {
    const { window } = at;
    await ask(LIMIT.question, FOUND);
    const rows = (await window.quickRows.allInnerTexts()).map((row) => row.replace(/\s+/g, " ").trim());
    assert.match(rows[0] ?? "", /^1024 ?(?:sure|likely|unsure), .*, \d+\.\d s ?lib\/connection\.js:24$/);
    assert(rows.slice(1).some((row) => row.startsWith(`${LIMIT.name}:${LIMIT.line}`) && row.includes(LIMIT.text)));
    assert.equal(rows.at(-1), "Go on in the panel");
  });

  it("shows a place in the editor while the user moves onto it, and keeps the focus", async () => {
    const { window } = at;
    while (!(await place().evaluate((row) => row.classList.contains("focused")))) await window.press("ArrowDown");
    await window.page.locator(".tab.active", { hasText: LIMIT.name }).waitFor();
    await window.untilLine(LIMIT.line);
    assert(await window.quickInput.evaluate((input) => input === document.activeElement));
  });

  it("restores the editor on Escape", async () => {
    const { window } = at;
    await window.press("Escape");
    await window.page.locator(".tab", { hasText: LIMIT.name }).waitFor({ state: "detached" });

    await window.openFile("README.md");
    await ask(LIMIT.question, FOUND);
    while (!(await place().evaluate((row) => row.classList.contains("focused")))) await window.press("ArrowDown");
    await window.activeTab(LIMIT.name).waitFor();
    await window.press("Escape");
    await window.activeTab("README.md").waitFor();
    await window.page.locator(".editor-instance .monaco-editor.focused").waitFor();
  });

  it("opens the line with Enter", async () => {
    const { window } = at;
    await ask(LIMIT.question, FOUND);
    await window.accept();
    await window.activeTab(LIMIT.name).waitFor();
    await window.untilLine(LIMIT.line);
    await window.quickInput.waitFor({ state: "hidden" });
    await window.page.locator(".editor-instance .monaco-editor.focused").waitFor();
  });

  it("brings back what was asked before", async () => {
    const { window } = at;
    await window.openPalette();
    await window.quickRows.filter({ hasText: LIMIT.question }).filter({ hasText: LIMIT.answer }).waitFor();
    await window.press("Escape");
  });

  it("narrows to a file after an @", async () => {
    const { window } = at;
    await window.openPalette();
    await window.quickInput.fill("@heartb");
    await window.quickRows.filter({ hasText: "lib/heartbeat.js" }).waitFor();
    await window.press("Enter");
    const path = "@lib/heartbeat.js ";
    await eventually(async () => ((await window.quickInput.inputValue()) === path ? true : undefined));
    await window.press("End");
    await window.page.keyboard.type(LIMIT.question);
    await window.press("Enter");
    await window.quickRows.filter({ hasText: "Go on in the panel" }).waitFor();
    const rows = await window.quickRows.allInnerTexts();
    const files = rows.flatMap((row) => /([\w.]+\.js):\d+/.exec(row)?.[1] ?? []);
    assert(files.length > 0 && files.every((file) => file === "heartbeat.js"), rows.join("\n"));
    await window.press("Escape");
  });

  it("says when it is not in the workspace", async () => {
    const { window } = at;
    await ask(UNKNOWN, "Not in this workspace");
    assert((await window.quickRows.count()) > 2, "the nearest places follow");
  });

  it("goes on in the panel by a button, with the question and its answer", async () => {
    const { window } = at;
    await window.press("Escape");
    await ask(LIMIT.question, FOUND);
    await window.page.locator(".quick-input-titlebar").getByRole("button", { name: "Go on in the panel" }).click();
    await window.exchange.getByRole("heading", { name: LIMIT.question }).waitFor();
    assert.equal(await window.span.innerText(), LIMIT.answer);
    assert.equal(await window.exchanges.count(), 1);
  });

  it("asks no other machine and breaks no policy", () => {
    assert.deepEqual(at.window.complaints, { requests: [], violations: [] });
  });
});
