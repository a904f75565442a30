import assert from "node:assert/strict";
import { globSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { amqplib, commit, writeIn } from "../../vscode/workspaces.ts";
import { LIMIT } from "./questions.ts";
import { useSession } from "./session.ts";

const EARLIER = new Date("2024-01-01T00:00:00Z");
const BEFORE_THAT = new Date("2023-01-01T00:00:00Z");
const SECRET = "hunter2-of-the-first-run";

/** amqplib with a secret, all files last changed and last read long ago. */
function unread(): string {
  const folder = amqplib();
  writeIn(folder, ".env", `PASSWORD=${SECRET}\n`);
  writeIn(folder, "probe.bin", "x");
  for (const file of files(folder)) utimesSync(file, BEFORE_THAT, EARLIER);
  commit(folder);
  for (const file of files(folder)) utimesSync(file, BEFORE_THAT, EARLIER);
  return folder;
}

function files(folder: string): readonly string[] {
  return ["{lib,examples}/**/*.js", "*.{js,ts}", ".env", "probe.bin"].flatMap((pattern) =>
    globSync(pattern, { cwd: folder }).map((file) => join(folder, file)),
  );
}

/** The extension's state files in VS Code's storage. */
function states(userData: string): readonly string[] {
  return globSync("User/globalStorage/armt.armt/*.armt", { cwd: userData }).map((file) => join(userData, file));
}

function read(file: string): boolean {
  return statSync(file).atimeMs > BEFORE_THAT.getTime();
}

/** Whether this file system keeps when a file was read. */
function tellsReading(folder: string): boolean {
  const probe = join(folder, "probe.bin");
  readFileSync(probe);
  return read(probe);
}

describe("the first run", () => {
  // VS Code's git reads each file whose times it does not know, and ARMT alone is what is looked at here.
  const at = useSession(unread, { "git.enabled": false });

  it("reads nothing before the user agrees, and says what it would read", async (t) => {
    const { window, session } = at;
    await window.untilStatus(/^ARMT, waiting for your consent/);
    await window.showPanel();
    await window.panel.getByRole("heading", { name: "Ask about facts scattered over this code" }).waitFor();
    await window.panel.getByText(/^About 6\d files in amqplib$/).waitFor();
    assert.equal(await window.question.isVisible(), false);

    await window.openPalette();
    await window.quickRows.filter({ hasText: "Index amqplib" }).waitFor();
    await window.quickInput.fill(LIMIT.question);
    await window.quickRows.filter({ hasText: "Index amqplib" }).waitFor();
    await window.press("Escape");

    await window.panel.getByRole("button", { name: "Show list" }).click();
    await window.activeTab("Indexed Files").waitFor();
    const list = window.page.locator(".editor-instance .view-lines");
    await list.filter({ hasText: "Nothing was read yet. This list is made of names and sizes alone." }).waitFor();
    await list.filter({ hasText: ".env" }).waitFor();

    assert.deepEqual(states(session.server.userData), []);
    const opened = files(session.workspace).filter((file) => !file.endsWith("probe.bin") && read(file));
    assert.deepEqual(opened, []);
    if (!tellsReading(session.workspace)) t.diagnostic("This file system does not tell what was read.");
  });

  it("reads the workspace once the user has agreed, without its secrets", async () => {
    const { window, session } = at;
    await window.panel.getByRole("button", { name: "Index amqplib" }).click();
    await window.panel.getByRole("progressbar", { name: "Files read" }).waitFor();
    await window.untilStatus(/^ARMT, reading, \d+ percent/);
    await window.panel.getByText("You can ask already. Answers come from the part read so far.").waitFor();
    await window.untilStatus(/^ARMT, ready/);
    await window.panel.getByText(/^6\d files read\. A saved file is read again at once\.$/).waitFor();

    const [state, ...others] = states(session.server.userData);
    assert(state !== undefined && others.length === 0, "one file in VS Code's storage");
    assert.equal(readFileSync(state).includes(SECRET), false);
    if (tellsReading(session.workspace)) assert.equal(read(join(session.workspace, ".env")), false);
    assert.deepEqual(window.complaints, { requests: [], violations: [] });
  });

  it("shows questions that this workspace answers", async () => {
    const { window } = at;
    const section = window.panel.locator("section", { hasText: "Questions this workspace can answer" });
    const rows = section.locator(".row");
    await rows.nth(2).waitFor({ timeout: 240_000 });
    const question = (await rows.first().innerText()).trim();
    await rows.first().click();
    assert.equal(await window.question.inputValue(), question, "chosen, not sent");
    await window.question.press("Enter");
    await window.exchange.getByRole("heading", { name: question }).waitFor();
    await window.untilAnswered();
    await window.exchange.getByText(/^(?:Sure|Likely|Unsure)$/).waitFor();
    await window.exchange.locator(".chain a.loc, .places a.loc").first().waitFor();
  });
});
