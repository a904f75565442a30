import assert from "node:assert/strict";
import { kill } from "node:process";
import { describe, it } from "node:test";
import { eventually } from "../../vscode/workbench.ts";
import { amqplib } from "../../vscode/workspaces.ts";
import { LIMIT } from "./questions.ts";
import { useSession } from "./session.ts";

describe("the engine, killed", () => {
  const at = useSession(amqplib);

  /** The engine process; another one than `not`. */
  const engine = (not?: number): Promise<number> =>
    eventually(async () => at.session.engines.find((pid) => pid !== not));

  it("while indexing, goes on where it was and tells nothing that the user need not know", async () => {
    const { window } = at;
    await window.showPanel();
    await window.panel.getByRole("button", { name: "Index amqplib" }).click();
    await window.untilStatus(/^ARMT, reading, [1-9]\d? percent/);
    const first = await engine();
    kill(first, "SIGKILL");
    const second = await engine(first);
    await window.untilStatus(/^ARMT, ready/);
    await window.panel.getByText(/^6\d files read\. A saved file is read again at once\.$/).waitFor();
    assert.deepEqual(at.session.engines, [second]);
    assert.equal(await window.page.locator(".notification-toast").count(), 0);
    await window.askAndWait(LIMIT.question);
    assert.equal(await window.span.innerText(), LIMIT.answer);
  });

  it("while answering, tells so, and answers when asked again", async () => {
    const { window } = at;
    await window.newChat();
    const before = await engine();
    // Held, so that it does not answer before it is killed.
    kill(before, "SIGSTOP");
    await window.ask(LIMIT.question);
    await window.panel.getByRole("button", { name: "Stop (Esc)" }).waitFor();
    kill(before, "SIGKILL");
    const note = window.exchange.getByRole("alert");
    await note.getByText("The engine stopped while reading and was started again.").waitFor();
    await note.getByText(/^It ended with code 137\. The index is whole: 6\d files\.$/).waitFor();
    await engine(before);
    await note.getByRole("button", { name: "Ask Again" }).click();
    await window.span.filter({ hasText: LIMIT.answer }).waitFor();
  });

  it("three times, says that it has stopped, keeps the answers and starts on the user's word", async () => {
    const { window } = at;
    kill(await engine(), "SIGKILL");
    const strip = window.panel.getByRole("region", { name: "Index" });
    await strip.getByText("The engine stopped three times").waitFor();
    await strip.getByText("Last cause: It ended with code 137. Earlier answers stay.").waitFor();
    await window.untilStatus(/^ARMT, stopped/);
    assert.match(await window.status.innerText(), /ARMT stopped$/);
    assert.match((await window.status.getAttribute("class")) ?? "", /error/);
    assert.equal(await window.question.getAttribute("placeholder"), "The engine is stopped");
    assert.equal(await window.span.innerText(), LIMIT.answer);

    await window.openPalette();
    await window.quickRows.filter({ hasText: "Restart" }).filter({ hasText: "It ended with code 137." }).waitFor();
    await window.press("Escape");

    await strip.getByRole("button", { name: "Restart", exact: true }).click();
    await window.untilStatus(/^ARMT, ready/);
    await window.askAndWait(LIMIT.question);
    assert.equal(await window.span.innerText(), LIMIT.answer);
    assert.deepEqual(window.complaints, { requests: [], violations: [] });
  });
});
