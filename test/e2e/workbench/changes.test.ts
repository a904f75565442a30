import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually } from "../../vscode/workbench.ts";
import { amqplib, commit, git, writeIn } from "../../vscode/workspaces.ts";
import { LIMIT, QUICK } from "./questions.ts";
import { untilRead, useSession } from "./session.ts";

const BROKER = "What is the name of the spare broker?";

/** amqplib with two branches that differ in one fact. */
function branched(): string {
  const folder = amqplib();
  writeIn(folder, "lib/spare.js", "module.exports = { spareBrokerName: 'copper-kettle' };\n");
  commit(folder);
  git(folder, "checkout", "--quiet", "-b", "other");
  writeIn(folder, "lib/spare.js", "module.exports = { spareBrokerName: 'paper-lantern' };\n");
  git(folder, "commit", "--quiet", "--all", "--message=Another name");
  git(folder, "checkout", "--quiet", "main");
  return folder;
}

describe("changes", () => {
  const at = useSession(branched, QUICK, untilRead);

  it("answers from what was saved a moment ago, and marks the answer that no longer holds", async () => {
    const { window, session } = at;
    await window.askAndWait(LIMIT.question);
    assert.equal(await window.span.innerText(), LIMIT.answer);

    await window.openFile(LIMIT.name);
    await window.goTo(LIMIT.line, LIMIT.column);
    await window.press("Control+Shift+ArrowRight");
    await window.page.keyboard.type("4321");
    await window.save(LIMIT.name);
    const saved = readFileSync(join(session.workspace, "lib", LIMIT.name), "utf8");
    assert(saved.includes(LIMIT.text.replace(LIMIT.answer, "4321")));

    await window.exchange.getByText("Edited after this answer").waitFor();
    await window.exchange.getByText(/Reads like this since .+\. The quote is gone\./).waitFor();
    await window.exchange.getByRole("button", { name: "Ask Again" }).click();
    await window.span.filter({ hasText: "4321" }).waitFor();
    await window.untilAnswered();
    assert.equal(await window.exchange.getByText("Edited after this answer").isVisible(), false);
  });

  it("finds a quote that has moved", async () => {
    const { window } = at;
    await window.openFile(LIMIT.name);
    await window.goTo(1);
    await window.page.keyboard.type("// One line more.\n");
    await window.save(LIMIT.name);
    const moved = `Moved from line ${LIMIT.line} to ${LIMIT.line + 1}. The quote is unchanged.`;
    await window.exchange.getByText(moved).waitFor();
    await window.exchange.getByRole("link", { name: `${LIMIT.name}:${LIMIT.line + 1}` }).click();
    await window.untilLine(LIMIT.line + 1);
  });

  it("answers from a file that was not there, and no more when it is gone", async () => {
    const { window, session } = at;
    const question = "What is the name of the ferry?";
    const file = join("lib", "ferry.js");
    // Only VS Code's watcher tells of it: in its own time.
    const untilKnown = (known: boolean): Promise<true> =>
      eventually(async () => {
        await window.newChat();
        await window.askAndWait(question);
        return (await window.span.allInnerTexts()).includes("gentle-heron") === known ? true : undefined;
      });
    writeIn(session.workspace, file, "module.exports = { ferryName: 'gentle-heron' };\n");
    await untilKnown(true);
    assert.equal(await window.exchange.getByRole("link", { name: "ferry.js:1, lib" }).count(), 1);
    rmSync(join(session.workspace, file));
    await window.exchange.getByText("The file was deleted.").waitFor();
    await untilKnown(false);
  });

  it("follows git to another branch", async () => {
    const { window, session } = at;
    await window.newChat();
    await window.askAndWait(BROKER);
    await window.span.filter({ hasText: "copper-kettle" }).waitFor();
    git(session.workspace, "checkout", "--quiet", "--force", "other");
    await window.exchange.getByText("Edited after this answer").waitFor();
    await window.exchange.getByRole("button", { name: "Ask Again" }).click();
    await window.span.filter({ hasText: "paper-lantern" }).waitFor();
  });

  it("keeps index, chat and earlier questions over a reload of the window", async () => {
    const { window } = at;
    await window.reload();
    await window.untilStatus(/^ARMT, ready/);
    await window.showPanel();
    await window.span.filter({ hasText: "paper-lantern" }).waitFor();

    await window.runCommand("ARMT: Earlier Questions");
    const earlier = window.panel.getByRole("button", { name: LIMIT.question });
    await earlier.filter({ hasText: "4321" }).click();
    await window.span.filter({ hasText: "4321" }).waitFor();
    await window.newChat();
    await window.question.press("ArrowUp");
    assert.equal(await window.question.inputValue(), BROKER);
    await window.press("Enter");
    await window.span.filter({ hasText: "paper-lantern" }).waitFor();
    assert.deepEqual(window.complaints, { requests: [], violations: [] });
  });
});
