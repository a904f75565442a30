import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import type { FromPanel, PanelState } from "../../../src/protocol/panel.ts";
import { launchChromium } from "../../vscode/chromium.ts";
import { openPanel, type Panel } from "./host.ts";
import { answered, chained, PLACES, running, STATES } from "./states.ts";

describe("keyboard", () => {
  let browser: Browser;
  let panel: Panel;
  let box: Locator;
  before(async () => {
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    panel = await openPanel(browser);
    box = panel.page.getByRole("textbox", { name: "Question" });
  });
  afterEach(async () => {
    assert.deepEqual(panel.requests, []);
    await panel.close();
  });

  const press = async (...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await panel.page.keyboard.press(key);
  };
  const enter = async (state: PanelState): Promise<void> => {
    await panel.show(state);
    await panel.sent();
  };
  /** What was posted, without the look-ups of places. */
  const posted = async (): Promise<FromPanel[]> => (await panel.sent()).filter(({ type }) => type !== "places");
  /** Types "@ex" and gives the list its places. */
  const openList = async (): Promise<void> => {
    await panel.page.keyboard.type("Who sends @ex");
    const message = (await panel.sent()).findLast(({ type }) => type === "places");
    assert(message?.type === "places");
    await panel.post({ type: "places", request: message.request, places: PLACES });
  };
  const focused = async (): Promise<string> =>
    await panel.page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
    });

  it("says that it is ready and opens with focus in the box", async () => {
    assert.deepEqual(await panel.sent(), [{ type: "ready" }]);
    await enter(STATES.ready);
    assert.equal(await focused(), "Question");
  });

  it("leaves the second key of a chord to VS Code", async () => {
    await enter(STATES.ready);
    await panel.page.keyboard.type("Wh");
    await press("Control+K", "a");
    await panel.page.keyboard.type("y");
    await press("Control+K", "Enter");
    assert.equal(await box.inputValue(), "Why");
    assert.deepEqual(await posted(), []);
  });

  it("asks with Enter, breaks the line with Shift+Enter", async () => {
    await enter(STATES.ready);
    await panel.page.keyboard.type("Which port");
    await press("Shift+Enter");
    await panel.page.keyboard.type("is used?");
    assert.deepEqual(await posted(), []);
    await press("Enter");
    assert.deepEqual(await posted(), [{ type: "ask", question: "Which port\nis used?", narrow: [], followUp: false }]);
    assert.equal(await box.inputValue(), "");
    assert.equal(await focused(), "Question");
  });

  it("leads from the decision to index into the box", async () => {
    await enter(STATES.consent);
    assert.equal(await focused(), "Index amqplib");
    await press("Enter");
    assert.deepEqual(await posted(), [{ type: "command", command: "index" }]);
    await enter(STATES.loading);
    assert.equal(await focused(), "Question");
  });

  it("asks nothing when the box is empty or the engine is stopped, and says so", async () => {
    await enter(STATES.ready);
    await panel.page.keyboard.type("  ");
    await press("Enter");
    await enter(STATES.failed);
    await box.fill("And now?");
    await press("Enter");
    assert.equal(await box.inputValue(), "And now?");
    assert.equal(await panel.page.locator(".composer .hint").innerText(), "The engine is stopped");
    assert.deepEqual(await posted(), []);
  });

  it("hands a question over while the engine starts or another one runs, and shows what it waits for", async () => {
    for (const [state, next, words] of [
      [STATES.loading, STATES.starting, "Waiting for the engine"],
      [STATES.indexing, STATES.begun, "Reading the first files"],
      [STATES.progress, STATES.queued, "Waiting for the question before"],
    ] as const) {
      await enter(state);
      await box.fill("And now?");
      await press("Enter");
      assert.deepEqual(await posted(), [{ type: "ask", question: "And now?", narrow: [], followUp: false }]);
      assert.equal(await box.inputValue(), "");
      await enter(next);
      assert.equal(await panel.page.getByRole("article").last().locator(".doing li").innerText(), words);
      await press("Escape");
      assert.deepEqual(await posted(), [{ type: "stop" }]);
    }
    const folded = panel.page.getByRole("button", { expanded: false });
    assert.deepEqual(await folded.allInnerTexts(), [answered.question], "the one that runs stays open");
  });

  it("stops a running question with Esc and leaves the text alone", async () => {
    await enter(STATES.progress);
    await panel.page.keyboard.type("next");
    await press("Escape");
    assert.deepEqual(await posted(), [{ type: "stop" }]);
    assert.equal(await box.inputValue(), "next");
    await enter(STATES.answer);
    await press("Escape");
    assert.deepEqual(await posted(), []);
    assert.equal(await box.inputValue(), "next");
  });

  it("keeps focus in the box when Stop was pressed and goes", async () => {
    await enter(STATES.progress);
    await panel.page.getByRole("button", { name: "Stop (Esc)" }).click();
    assert.deepEqual(await posted(), [{ type: "stop" }]);
    await enter(STATES.stopped);
    assert.equal(await focused(), "Question");
  });

  it("brings earlier questions back with the arrows, only into an empty box", async () => {
    const [first, second, third] = STATES.ready.asked;
    await enter(STATES.ready);
    const seen: string[] = [];
    for (const key of ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown", "ArrowDown"]) {
      await press(key);
      seen.push(await box.inputValue());
    }
    assert.deepEqual(seen, [third, second, first, first, second, third, ""]);
    await panel.page.keyboard.type("mine");
    await press("ArrowUp");
    assert.equal(await box.inputValue(), "mine");
  });

  it("narrows with @: choose, take, ask, remove", async () => {
    await enter(STATES.ready);
    await openList();
    const options = panel.page.getByRole("option");
    assert.equal(await options.count(), PLACES.length);
    assert.equal(await box.getAttribute("aria-activedescendant"), "place-0");
    await press("ArrowUp");
    assert.equal(await options.last().getAttribute("aria-selected"), "true");
    await press("ArrowDown", "Tab");
    assert.equal(await options.count(), 0);
    assert.equal(await box.inputValue(), "Who sends ");
    await panel.page.keyboard.type("first?");
    await press("Enter");
    assert.deepEqual(await posted(), [
      { type: "ask", question: "Who sends first?", narrow: ["examples/"], followUp: false },
    ]);
    await press("Backspace", "Enter");
    await panel.page.keyboard.type("Who?");
    await press("Enter");
    assert.deepEqual(await posted(), [{ type: "ask", question: "Who?", narrow: [], followUp: false }]);
  });

  it("closes the list with Esc, and only the list", async () => {
    await enter(STATES.progress);
    await openList();
    await press("Escape");
    assert.equal(await panel.page.getByRole("option").count(), 0);
    assert.equal(await box.getAttribute("aria-activedescendant"), null);
    assert.deepEqual(await posted(), []);
    await press("Escape");
    assert.deepEqual(await posted(), [{ type: "stop" }]);
  });

  it("lets a late list of places go", async () => {
    await enter(STATES.ready);
    await panel.page.keyboard.type("@e");
    const [early] = await panel.sent();
    assert(early?.type === "places");
    await panel.page.keyboard.type("x");
    await panel.post({ type: "places", request: early.request, places: PLACES });
    assert.equal(await panel.page.getByRole("option").count(), 0);
  });

  it("makes a new question of a follow-up whose chip is removed", async () => {
    await enter(STATES.followup);
    await panel.page.keyboard.type("Where?");
    await press("Enter");
    assert.deepEqual(await posted(), [{ type: "ask", question: "Where?", narrow: [], followUp: true }]);
    await press("Backspace");
    await panel.page.keyboard.type("Where?");
    await press("Enter");
    assert.deepEqual(await posted(), [{ type: "ask", question: "Where?", narrow: [], followUp: false }]);
  });

  it("fills the box with an example and does not send it; arrows rove", async () => {
    await enter(STATES.ready);
    const rows = panel.page.locator("main .row");
    await rows.first().focus();
    await press("End", "ArrowDown", "ArrowUp", "Home", "ArrowDown");
    assert.equal(await focused(), STATES.ready.examples[1]);
    assert.deepEqual(await rows.evaluateAll((all) => all.map((row) => row.getAttribute("tabindex"))), [
      "-1",
      "0",
      "-1",
      "-1",
    ]);
    await press("Enter");
    assert.equal(await box.inputValue(), STATES.ready.examples[1]);
    assert.equal(await focused(), "Question");
    assert.deepEqual(await posted(), []);
  });

  it("moves between questions with Alt and the arrows, down to the box", async () => {
    await enter({ ...STATES.answer, exchanges: [answered, chained] });
    await press("Alt+ArrowUp");
    assert.equal(await focused(), chained.question);
    await press("Alt+ArrowUp");
    assert.equal(await focused(), answered.question);
    await press("Alt+ArrowUp");
    assert.equal(await focused(), answered.question);
    await press("Alt+ArrowDown", "Alt+ArrowDown");
    assert.equal(await focused(), "Question");
  });

  it("folds the earlier question and unfolds it with Enter", async () => {
    await enter({ ...STATES.answer, exchanges: [answered, chained] });
    const fold = panel.page.getByRole("button", { name: answered.question });
    assert.equal(await fold.getAttribute("aria-expanded"), "false");
    await fold.focus();
    await press("Enter");
    assert.equal(await fold.getAttribute("aria-expanded"), "true");
    assert(await panel.page.getByRole("link", { name: "recovery.js:5, lib" }).isVisible());
  });

  it("opens a place with Enter, to the side with Ctrl+Enter", async () => {
    await enter(STATES.chain);
    await panel.page.getByRole("link", { name: "defs.js:3557, lib" }).focus();
    await press("Enter", "Control+Enter");
    const open = { type: "open", exchange: "e2", citation: "lib/defs.js:3557" };
    assert.deepEqual(await posted(), [
      { ...open, beside: false },
      { ...open, beside: true },
    ]);
  });

  it("leads through strip, thread and box in the order of reading", async () => {
    await enter({ ...STATES.partial });
    await panel.page.getByRole("button", { name: "Pause" }).focus();
    const order: string[] = [];
    for (let at = 0; at < 13; at++) {
      order.push(await focused());
      await press("Tab");
    }
    assert.deepEqual(order, [
      "Pause",
      "Stop",
      "Copy answer",
      "Copy answer with its evidence",
      "Ask again",
      "Ask again when all is read",
      "recovery.js:5, lib",
      "Copy quote and place",
      "Open to the side",
      "24 recalled, 9 read",
      "Question",
      "Narrow to a file or folder (@)",
      "Ask",
    ]);
  });

  it("shows the history: roves over its days, deletes, filters, closes", async () => {
    await enter(STATES.history);
    assert.equal(await focused(), "Filter history");
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown");
    assert.match(await focused(), /compresses/);
    await press("Delete");
    assert.deepEqual(await posted(), [{ type: "deleteChat", chat: "c4" }]);
    assert.match(await focused(), /heartbeats/);
    await panel.show({ ...STATES.history, chats: STATES.history.chats.filter(({ id }) => id !== "c4") });
    assert.match(await focused(), /heartbeats/);
    await press("Enter");
    assert.deepEqual(await posted(), [{ type: "openChat", chat: "c5" }]);
    await panel.page.getByRole("textbox", { name: "Filter history" }).fill("port");
    assert.equal(await panel.page.locator("main .history .row").count(), 1);
    await press("Escape");
    assert.equal(await panel.page.locator("main .history .row").count(), 6);
    await press("Escape");
    assert.deepEqual(await posted(), [{ type: "history", open: false }]);
  });

  it("deletes the whole history only when asked twice", async () => {
    await enter(STATES.history);
    await panel.page.getByRole("button", { name: "Delete all questions" }).click();
    assert.equal(await focused(), "Keep");
    await press("Escape");
    assert.deepEqual(await posted(), []);
    await panel.page.getByRole("button", { name: "Delete all questions" }).click();
    await panel.page.getByRole("button", { name: "Delete All", exact: true }).click();
    assert.deepEqual(await posted(), [{ type: "clearChats" }]);
  });

  it("keeps focus on Pause when it becomes Resume", async () => {
    await enter(STATES.indexing);
    await panel.page.getByRole("button", { name: "Pause" }).focus();
    await press("Enter");
    await enter(STATES.paused);
    assert.equal(await focused(), "Resume");
    await press("Enter");
    assert.deepEqual(await posted(), [{ type: "command", command: "resume" }]);
  });

  it("asks again, now or when all is read", async () => {
    await enter(STATES.partial);
    await panel.page.getByRole("button", { name: "Ask again when all is read" }).click();
    await panel.page.getByRole("button", { name: "Ask again", exact: true }).click();
    assert.deepEqual(await posted(), [
      { type: "again", exchange: "e1", whenRead: true },
      { type: "again", exchange: "e1" },
    ]);
    await enter({ ...STATES.partial, index: STATES.ready.index });
    assert(await panel.page.getByText("All read now.").isVisible());
    await enter({ ...STATES.answer, exchanges: [answered, running] });
    assert.equal(await panel.page.locator('[aria-label="Ask again"][aria-disabled="true"]').count(), 2);
  });
});
