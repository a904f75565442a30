import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { amqplib } from "../../vscode/workspaces.ts";
import { LIMIT, QUICK } from "./questions.ts";
import { untilRead, useSession } from "./session.ts";

const SHARED = "Another window reads this workspace. This one uses its index.";

describe("two windows on one workspace", () => {
  const at = useSession(amqplib, QUICK, untilRead);

  it("share one index: the second says so, and answers, from what the first saves too", async () => {
    const { window, session } = at;
    const second = await session.open();
    await second.untilStatus(/^ARMT, ready/);
    await second.showPanel();
    await second.panel.getByText(SHARED).waitFor();
    assert.equal(await window.panel.getByText(SHARED).isVisible(), false);
    assert.equal(session.engines.length, 2);
    await second.askAndWait(LIMIT.question);
    assert.equal(await second.span.innerText(), LIMIT.answer);

    await window.openFile(LIMIT.name);
    await window.goTo(LIMIT.line, LIMIT.column);
    await window.press("Control+Shift+ArrowRight");
    await window.page.keyboard.type("5432");
    await window.save(LIMIT.name);
    await window.showPanel();
    await window.askAndWait(LIMIT.question);
    assert.equal(await window.span.innerText(), "5432");
    await second.exchange.getByRole("button", { name: "Ask Again" }).click();
    await second.span.filter({ hasText: "5432" }).waitFor();
  });

  it("hand the writing over when the first is closed", async () => {
    const { session } = at;
    const last = await session.open();
    await last.untilStatus(/^ARMT, ready/);
    await last.showPanel();
    await last.panel.getByText(SHARED).waitFor();
    await session.closeOthers(last);
    await last.panel.getByText(SHARED).waitFor({ state: "hidden" });
    await last.openFile(LIMIT.name);
    await last.goTo(LIMIT.line, LIMIT.column);
    await last.press("Control+Shift+ArrowRight");
    await last.page.keyboard.type("6543");
    await last.save(LIMIT.name);
    await last.showPanel();
    await last.askAndWait(LIMIT.question);
    assert.equal(await last.span.innerText(), "6543");
  });
});
