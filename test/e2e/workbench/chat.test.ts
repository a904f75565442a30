import assert from "node:assert/strict";
import { kill } from "node:process";
import { describe, it } from "node:test";
import { amqplib } from "../../vscode/workspaces.ts";
import { DELAY, LIMIT, QUICK, UNKNOWN } from "./questions.ts";
import { untilRead, useSession } from "./session.ts";

describe("the chat", () => {
  const at = useSession(amqplib, QUICK, untilRead);

  /** The files that the newest exchange cites, in their order, with their folders. */
  const cited = async (): Promise<readonly string[]> => {
    const links = at.window.exchange.locator(".chain a.loc, .places a.loc");
    const titles = await links.evaluateAll((all) => all.map((link) => link.getAttribute("title") ?? ""));
    return titles.map((title) => title.replace(/:[\d-]+$/, ""));
  };

  it("shows the stages as they happen, then the quoted answer with its evidence and how sure it is", async () => {
    const { window } = at;
    const main = window.panel.getByRole("main");
    await main.evaluate((element) => {
      const seen = new Set<string>();
      Object.assign(globalThis, { seen });
      new MutationObserver(() => {
        for (const stage of element.querySelectorAll(".doing .trail li")) seen.add(stage.textContent ?? "");
      }).observe(element, { subtree: true, childList: true });
    });
    await window.askAndWait(LIMIT.question);
    const seen = await main.evaluate(() => [...(Reflect.get(globalThis, "seen") as Set<string>)]);
    assert(seen.some((stage) => /^Recalled \d+ places$/.test(stage)));
    assert(seen.some((stage) => /^Reading \d+/.test(stage)));

    assert.equal(await window.span.innerText(), LIMIT.answer);
    await window.exchange.getByText(/^(?:Sure|Likely|Unsure)$/).waitFor();
    await window.exchange.getByText(/^\d+ (?:places?|hops)$/).waitFor();
    const citation = window.exchange.getByRole("listitem").filter({ hasText: LIMIT.name });
    await citation.getByRole("link", { name: `${LIMIT.name}:${LIMIT.line}, ${LIMIT.folder}` }).waitFor();
    assert.equal(await citation.locator("mark").innerText(), LIMIT.answer);
    await citation.locator(".snip", { hasText: LIMIT.text }).waitFor();
  });

  it("opens a citation at its line", async () => {
    const { window } = at;
    await window.exchange.getByRole("link", { name: `${LIMIT.name}:${LIMIT.line}` }).click();
    await window.activeTab(LIMIT.name).waitFor();
    await window.untilLine(LIMIT.line);
    const selected = window.page.locator('[id="status.editor.selection"]', {
      hasText: `(${LIMIT.answer.length} selected)`,
    });
    await selected.waitFor();
  });

  it("copies the answer, alone and as Markdown with links", async () => {
    const { window } = at;
    const copied = (button: string): Promise<string> =>
      window.copied(() => window.exchange.getByRole("button", { name: button, exact: true }).click());
    assert.equal(await copied("Copy answer"), LIMIT.answer);
    const markdown = await copied("Copy answer with its evidence");
    const question = LIMIT.question.replaceAll("_", "\\_");
    assert(markdown.startsWith(`**${question}**\n\n\`${LIMIT.answer}\`\n\n`), markdown);
    assert.match(markdown, /\[lib\/connection\.js:24\]\(lib\/connection\.js#L24\)\n\n```\n[^`]*1024/);
  });

  it("says when it is not in the workspace, with the nearest places", async () => {
    const { window } = at;
    await window.newChat();
    await window.askAndWait(UNKNOWN);
    await window.exchange.locator(".answer", { hasText: "Not in this workspace" }).waitFor();
    await window.exchange.getByText("Nearest places. They do not answer the question.").waitFor();
    assert((await cited()).length > 0);
    assert.equal(await window.exchange.locator("mark").count(), 0, "nothing is highlighted where nothing answers");
  });

  it("goes on from an answer, and folds the earlier one", async () => {
    const { window } = at;
    await window.newChat();
    await window.askAndWait(LIMIT.question);
    await window.panel
      .locator("form")
      .getByTitle(`about ${LIMIT.answer}, ${LIMIT.name}:${LIMIT.line}`, { exact: true })
      .waitFor();
    await window.askAndWait(DELAY.question);
    await window.exchange.getByTitle(`about ${LIMIT.answer}, ${LIMIT.name}:${LIMIT.line}`, { exact: true }).waitFor();
    const earlier = window.exchanges.first();
    const fold = earlier.getByRole("button", { name: LIMIT.question, expanded: false });
    await fold.click();
    await earlier.locator("code.span", { hasText: LIMIT.answer }).waitFor();
  });

  it("answers from the file that follows an @ alone", async () => {
    const { window } = at;
    await window.newChat();
    await window.question.pressSequentially("@recov");
    const option = window.panel.getByRole("option").filter({ hasText: "recovery.js" });
    await option.waitFor();
    assert.equal(await option.getAttribute("aria-selected"), "true");
    await window.press("Enter");
    await window.panel.getByRole("button", { name: "Remove lib/recovery.js" }).waitFor();
    assert.equal(await window.question.inputValue(), "");
    await window.askAndWait(DELAY.question);
    assert.equal(await window.span.innerText(), DELAY.answer);
    assert.deepEqual([...new Set(await cited())], ["lib/recovery.js"]);
  });

  it("answers about a folder of the explorer alone", async () => {
    const { window } = at;
    await window.newChat();
    await window.runCommand("View: Show Explorer");
    await window.page
      .locator(".explorer-folders-view")
      .getByRole("treeitem", { name: "examples" })
      .click({ button: "right" });
    await window.chooseInMenu("Ask about This Folder");
    await window.panel.getByRole("button", { name: "Remove examples" }).waitFor();
    await window.askAndWait(LIMIT.question);
    const files = await cited();
    assert(files.length > 0 && files.every((file) => file.startsWith("examples/")), files.join());
    assert.notEqual(await window.span.allInnerTexts(), [LIMIT.answer]);
  });

  it("asks about what is selected in an editor", async () => {
    const { window } = at;
    await window.newChat();
    await window.openFile(LIMIT.name);
    await window.goTo(LIMIT.line, 7);
    await window.press("Control+Shift+ArrowRight");
    await window.runCommand("ARMT: Ask about Selection");
    await window.panel
      .locator("form")
      .getByTitle(`about DEFAULT_WRITE_HWM, ${LIMIT.name}:${LIMIT.line}`, { exact: true })
      .waitFor();
    await window.askAndWait(LIMIT.question);
    await window.exchange.getByTitle(`about DEFAULT_WRITE_HWM, ${LIMIT.name}:${LIMIT.line}`, { exact: true }).waitFor();
    assert.equal(await window.span.innerText(), LIMIT.answer);
  });

  it("stops at once, though the engine hangs, and answers the next question", async () => {
    const { window, session } = at;
    await window.newChat();
    const [engine] = session.engines;
    assert(engine !== undefined);
    kill(engine, "SIGSTOP");
    try {
      await window.ask(LIMIT.question);
      await window.panel.getByRole("button", { name: "Stop (Esc)" }).waitFor();
      await window.question.press("Escape");
      await window.exchange.getByText("Stopped before any evidence was found.").waitFor();
      await window.untilAnswered();
    } finally {
      kill(engine, "SIGCONT");
    }
    await window.askAndWait(LIMIT.question);
    assert.equal(await window.span.innerText(), LIMIT.answer);
    assert.deepEqual(session.engines, [engine], "the engine was not restarted");
  });

  it("takes the next question while one runs, and answers one after the other", async () => {
    const { window, session } = at;
    await window.newChat();
    const [engine] = session.engines;
    assert(engine !== undefined);
    kill(engine, "SIGSTOP");
    try {
      await window.ask(LIMIT.question);
      await window.ask(DELAY.question);
      await window.exchange.getByText("Waiting for the question before").waitFor();
    } finally {
      kill(engine, "SIGCONT");
    }
    await window.span.filter({ hasText: DELAY.answer }).waitFor();
    const first = window.exchanges.first();
    await first.getByRole("button", { name: LIMIT.question, expanded: false }).click();
    await first.locator("code.span", { hasText: LIMIT.answer }).waitFor();
  });

  it("takes a question at once after a reload", async () => {
    const { window } = at;
    await window.newChat();
    await window.reload();
    await window.showPanel();
    await window.ask(LIMIT.question);
    await window.span.filter({ hasText: LIMIT.answer }).waitFor();
  });

  it("asks no other machine and breaks no policy", () => {
    assert.deepEqual(at.window.complaints, { requests: [], violations: [] });
  });
});
