import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import type { ExchangeView, PanelState } from "../../../src/protocol/panel.ts";
import { launchChromium } from "../../vscode/chromium.ts";
import { openPanel, type Panel } from "./host.ts";
import { answered, chained, running, STATES, waiting } from "./states.ts";

const withExchanges = (...exchanges: readonly ExchangeView[]): PanelState => ({ ...STATES.ready, exchanges });

/** Marks nodes in the page, to see later whether they are the same ones. */
async function tag(panel: Panel, selector: string): Promise<void> {
  await panel.page
    .locator(selector)
    .first()
    .evaluate((node) => Object.assign(node, { tagged: true }));
}
async function tagged(panel: Panel, selector: string): Promise<boolean> {
  return await panel.page
    .locator(selector)
    .first()
    .evaluate((node) => "tagged" in node);
}
const live = (panel: Panel) => panel.page.getByRole("status");

describe("snapshots", () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
  });
  const withPanel = (test: (panel: Panel) => Promise<void>, kept?: unknown) => async (): Promise<void> => {
    const panel = await openPanel(browser, { height: 480, kept });
    try {
      await test(panel);
      assert.deepEqual(panel.requests, []);
    } finally {
      await panel.close();
    }
  };

  it(
    "keep focus, selection and nodes of what stays",
    withPanel(async (panel) => {
      await panel.show(withExchanges(running));
      const link = panel.page.getByRole("link", { name: "connection.js:41, lib" });
      await link.focus();
      await tag(panel, ".snip");
      await panel.page.locator(".snip code").first().selectText();
      const text = await panel.page.evaluate(() => getSelection()?.toString());
      await link.focus();
      await panel.show(
        withExchanges({
          ...running,
          stages: [
            { kind: "recalled", count: 37 },
            { kind: "reading", count: 12, of: 12 },
          ],
        }),
      );
      await panel.show(withExchanges(chained));
      assert(await tagged(panel, ".snip"));
      assert(await link.evaluate((element) => element === document.activeElement));
      assert.equal(await panel.page.evaluate(() => getSelection()?.toString()), text);
    }),
  );

  it(
    "leave a draft and its caret alone",
    withPanel(async (panel) => {
      await panel.show(STATES.ready);
      const box = panel.page.getByRole("textbox", { name: "Question" });
      await panel.page.keyboard.type("half a question");
      await panel.page.keyboard.press("Home");
      await panel.show(withExchanges(running));
      await panel.show(withExchanges(chained));
      assert.equal(await box.inputValue(), "half a question");
      assert.equal(await box.evaluate((element: HTMLTextAreaElement) => element.selectionStart), 0);
    }),
  );

  it(
    "scroll along only from the end, else show the way to the new answer",
    withPanel(async (panel) => {
      const many = Array.from({ length: 12 }, (_, at) => ({ ...chained, id: `m${at}` }));
      await panel.show(withExchanges(...many));
      const thread = panel.page.locator("main");
      const below = panel.page.getByRole("button", { name: "New answer below" });
      await thread.evaluate((element) => element.scrollTo(0, 0));
      await panel.page.waitForTimeout(50);
      const next: ExchangeView = { ...running, id: "next" };
      await panel.show(withExchanges(...many, next));
      await panel.show(withExchanges(...many, { ...answered, id: "next" }));
      assert.equal(await thread.evaluate((element) => element.scrollTop), 0);
      assert(await below.isVisible());
      await below.click();
      await panel.page.waitForTimeout(50);
      assert(await below.isHidden());
      await panel.show(withExchanges(...many, { ...answered, id: "next" }, { ...running, id: "last" }));
      assert(await panel.page.getByRole("heading", { name: running.question }).last().isVisible());
      assert(await thread.evaluate((element) => element.scrollTop > 0));
      assert(await below.isHidden());
    }),
  );

  it(
    "follow a question that was just sent from wherever the thread was",
    withPanel(async (panel) => {
      const many = Array.from({ length: 12 }, (_, at) => ({ ...chained, id: `m${at}` }));
      await panel.show(withExchanges(...many));
      await panel.page.locator("main").evaluate((element) => element.scrollTo(0, 0));
      await panel.page.waitForTimeout(50);
      await panel.page.getByRole("textbox", { name: "Question" }).fill("Next?");
      await panel.page.keyboard.press("Enter");
      await panel.show(withExchanges(...many, { ...running, id: "next" }));
      const last = panel.page.getByRole("article").last();
      assert(await last.evaluate((element) => element.getBoundingClientRect().top < innerHeight));
    }),
  );

  it(
    "come back after a reload with draft, chips and unfolded answers",
    withPanel(
      async (panel) => {
        await panel.show(withExchanges(answered, chained));
        assert.equal(await panel.page.getByRole("textbox", { name: "Question" }).inputValue(), "kept");
        assert(await panel.page.getByRole("button", { name: "Remove lib" }).isVisible());
        assert(await panel.page.getByRole("link", { name: "recovery.js:5, lib" }).isVisible());
        await panel.page.getByRole("button", { name: "Remove lib" }).click();
        await panel.page.keyboard.type("!");
        await panel.page.waitForTimeout(300);
        const kept = await panel.kept();
        assert.partialDeepStrictEqual(kept, { draft: "kept!", narrow: [], unfolded: ["e1"] });
      },
      { draft: "kept", narrow: ["lib/"], scroll: 0, atEnd: true, unfolded: ["e1"] },
    ),
  );

  it(
    "take over a draft that the host sends",
    withPanel(async (panel) => {
      await panel.show(STATES.ready);
      await panel.post({ type: "draft", text: "What does this do?", narrow: ["lib/mux.js"] });
      await panel.page.keyboard.press("Enter");
      assert.deepEqual((await panel.sent()).at(-1), {
        type: "ask",
        question: "What does this do?",
        narrow: ["lib/mux.js"],
        followUp: false,
      });
      await panel.page.keyboard.type("Where does it end?");
      await panel.post({ type: "draft", narrow: [] });
      await panel.page.keyboard.press("Enter");
      assert.deepEqual((await panel.sent()).at(-1), {
        type: "ask",
        question: "Where does it end?",
        narrow: [],
        followUp: false,
      });
    }),
  );

  it(
    "are told in whole sentences, at most one per second",
    withPanel(async (panel) => {
      await panel.show(withExchanges());
      const said: string[] = [];
      await panel.page.exposeFunction("heard", (text: string) => void said.push(text));
      await panel.page.evaluate(() => {
        const status = document.querySelector("[role=status]");
        const { heard } = window as unknown as { heard(text: string): void };
        if (status !== null)
          new MutationObserver(() => heard(status.textContent ?? "")).observe(status, { childList: true });
      });
      const [recalled] = running.stages;
      assert(recalled !== undefined);
      await panel.show(withExchanges({ ...running, stages: [recalled] }));
      await panel.show(withExchanges(running));
      await panel.show(withExchanges(chained));
      await panel.page.waitForTimeout(1500);
      assert.deepEqual(said, ["Recalled 37 places.", "Answer: 4096. Sure. 2 places: connection.js 41, defs.js 3557."]);
      await panel.show(withExchanges(chained, { ...running, id: "e9", stages: [] }));
      await panel.show(withExchanges(chained, { ...STATES.notfound.exchanges[0], id: "e9" }));
      await panel.page.waitForTimeout(1200);
      assert.equal(said.at(-1), "Not in this workspace. 3 nearest places.");
      await panel.show(withExchanges({ ...running, id: "e10" }, waiting("turn")));
      await panel.show(withExchanges({ ...answered, id: "e10" }, { ...running, id: waiting("turn").id, stages: [] }));
      await panel.page.waitForTimeout(1200);
      assert.equal(said.at(-1), "Answer: 30000. Sure. 1 place: recovery.js 5.", "though the next one runs");
      assert.equal(await live(panel).count(), 1);
    }),
  );

  it(
    "speak percentages at the quarters only",
    withPanel(async (panel) => {
      const at = (percent: number): PanelState => ({
        ...STATES.indexing,
        index: { ...STATES.indexing.index, percent },
      });
      await panel.show(at(20));
      await panel.show(at(24.9));
      assert.equal(await live(panel).textContent(), "");
      await panel.show(at(26));
      assert.equal(await live(panel).textContent(), "25 percent read.");
    }),
  );

  it(
    "move nothing where motion is unwelcome",
    withPanel(async (panel) => {
      const names = async (): Promise<string[]> =>
        await panel.page
          .locator(".pending, .doing")
          .evaluateAll((parts) =>
            parts.flatMap((part) => [
              getComputedStyle(part).animationName,
              getComputedStyle(part, "::before").animationName,
            ]),
          );
      await panel.show(withExchanges(running));
      assert((await names()).some((name) => name !== "none"));
      await panel.page.emulateMedia({ reducedMotion: "reduce" });
      assert((await names()).every((name) => name === "none"));
      await panel.page.emulateMedia({ reducedMotion: "no-preference" });
      await panel.page.evaluate(() => document.body.classList.add("vscode-reduce-motion"));
      assert((await names()).every((name) => name === "none"));
    }),
  );

  it(
    "tell what became of a quote: moved, rewritten, gone",
    withPanel(async (panel) => {
      const [place] = answered.citations;
      assert(place !== undefined);
      const shownWith = async (stale: NonNullable<typeof place.stale>): Promise<string> => {
        await panel.show(withExchanges({ ...answered, citations: [{ ...place, stale }] }));
        return (await panel.page.getByRole("article").innerText()).replace(/\s+/g, " ");
      };
      const moved = await shownWith({ kind: "moved", fromLine: 5, toLine: 9 });
      assert.match(
        moved,
        /Sure .*recovery\.js ?:9 .* 9 maxDelay: 30000, .*Moved from line 5 to 9\. The quote is unchanged\./,
      );
      const changed = await shownWith({ kind: "changed", since: "14:32", now: "  maxDelay: 60000," });
      assert.match(changed, /Edited after this answer .*edited .* 5 maxDelay: 60000, .*since 14:32.* Ask Again/);
      assert.equal(await panel.page.locator(".snip mark").count(), 0);
      assert.match(await shownWith({ kind: "deleted" }), /The file was deleted\. Ask Again/);
    }),
  );

  it(
    "confirm a copy",
    withPanel(async (panel) => {
      await panel.show(withExchanges(answered));
      await panel.page.getByRole("button", { name: "Copy answer", exact: true }).click();
      assert.deepEqual((await panel.sent()).at(-1), { type: "copy", exchange: "e1", what: "answer" });
      assert.equal(await live(panel).textContent(), "Copied.");
    }),
  );

  it("speak the language of the page's words, English where there are none", async () => {
    const words = { "Ask about this workspace": 'Frag "das" <hier>', "{0} files read.": "{0} Dateien gelesen." };
    const panel = await openPanel(browser, { language: "de", words });
    await panel.show({ ...STATES.ready, index: { state: "ready", files: 1204 } });
    const box = panel.page.locator("textarea");
    assert.equal(await box.getAttribute("placeholder"), words["Ask about this workspace"]);
    assert.equal(
      await panel.page.locator(".stack > p.dim").first().innerText(),
      "1.204 Dateien gelesen. A saved file is read again at once.",
    );
    assert.deepEqual(panel.requests, []);
    await panel.close();
  });

  it(
    "say that it still reads when nothing was reported for 10 s",
    withPanel(async (panel) => {
      await panel.page.clock.install();
      await panel.show(withExchanges(running));
      assert(await panel.page.getByText("Still reading").isHidden());
      await panel.page.clock.fastForward(10_500);
      assert(await panel.page.getByText("Still reading").isVisible());
    }),
  );
});
