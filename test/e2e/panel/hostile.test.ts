import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import type { CitationView, ExchangeView, PanelState } from "../../../src/protocol/panel.ts";
import { launchChromium } from "../../vscode/chromium.ts";
import { openPanel } from "./host.ts";
import { answered, STATES } from "./states.ts";

const HTML = `<img src="http://evil.test/a.png" onerror="window.pwned=1"><script>window.pwned=2</script>`;
const MORE = `<svg onload=window.pwned=3><iframe src="javascript:window.pwned=4"></iframe><style>*{display:none}</style>]]>`;
const LINK = "[open](command:workbench.action.quit) <a href='command:workbench.action.quit'>x</a> http://evil.test/";
/** A terminal's escape sequence, a bell, a right-to-left override, an invisible space, a tag character. */
const CONTROLS = "\u001b[2J\u0007 \u202eevil\u202c \u200b \u{e0041}";
const ALL = `${HTML} ${MORE} ${LINK} ${CONTROLS}`;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u;

const long = `${"x".repeat(700_000)}needle${"<b>".repeat(100_000)}`;
const evil: CitationView = {
  id: ALL,
  name: `${HTML}${CONTROLS}.js`,
  folder: `src/${LINK}`,
  line: 1,
  lineTo: 2,
  lines: [
    { line: 1, text: ALL, quoted: true, marks: [{ from: 2, to: 40, kind: "answer" }] },
    { line: 2, text: long, quoted: true, marks: [{ from: 700_000, to: 700_006, kind: "answer" }] },
    { line: 3, text: long, quoted: false, marks: [] },
  ],
  via: ALL,
  answer: true,
};
const exchange = (id: string, more: Partial<ExchangeView>): ExchangeView => ({
  ...answered,
  id: `${id} ${ALL}`,
  question: `${id} ${ALL}`,
  narrow: [`${ALL}/`],
  about: ALL,
  citations: [evil],
  also: [evil],
  ...more,
});
const span = { ...answered.result, text: ALL } as ExchangeView["result"];
const state: PanelState = {
  workspace: ALL,
  index: { state: "failed", cause: ALL, heading: ALL },
  notices: [ALL],
  exchanges: [
    exchange("failed", { result: { status: "failed", cause: ALL, next: ALL } }),
    exchange("running", { result: { status: "reading", file: ALL } }),
    exchange("list", { result: { ...span, kind: "list" } as ExchangeView["result"] }),
    exchange("stale", {
      result: span,
      citations: [{ ...evil, stale: { kind: "changed", since: ALL, now: `${ALL}\n${long}` } }],
    }),
    exchange("span", { result: span }),
  ],
  examples: [ALL],
  asked: [ALL],
  about: ALL,
  hints: true,
};

describe("hostile text", () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
  });

  it("stays text: nothing runs, nothing is requested, no element comes of it", async () => {
    const panel = await openPanel(browser, { width: 240 });
    const { page } = panel;
    const allowed = await page.evaluate(() => [...document.querySelectorAll("script, style, link, meta")].length);
    const views: PanelState[] = [
      { ...state, index: { state: "consent", files: 1 }, exchanges: [] },
      { ...state, index: { state: "refused", message: ALL }, exchanges: [] },
      { ...state, index: { state: "ready", files: 1 }, exchanges: [] },
      {
        ...state,
        chats: [{ id: ALL, title: ALL, answer: ALL, created: Date.now(), edited: true, narrow: [ALL] }],
      },
      state,
    ];
    for (const view of views) {
      await panel.show(view);
      const folded = page.locator('.fold-button[aria-expanded="false"]:visible');
      while ((await folded.count()) > 0) await folded.first().click();
      if (view.chats === undefined && view.index.state === "ready") {
        await page.getByRole("textbox", { name: "Question" }).fill("@<b>");
        const message = (await panel.sent()).findLast(({ type }) => type === "places");
        assert(message?.type === "places");
        const places = [{ path: `${ALL}/`, kind: "folder" as const, files: 3 }];
        await panel.post({ type: "places", request: message.request, places });
        await page.keyboard.press("Enter");
      }
      const found = await page.evaluate(() => {
        const shown = [document.body.innerText];
        for (const element of document.querySelectorAll("*"))
          for (const { name, value } of element.attributes)
            if (name !== "id" && !name.endsWith("by")) shown.push(value);
        return {
          strange: [
            ...document.querySelectorAll(
              "img, iframe, object, embed, video, b b, a:not(.loc), form:not(.composer), [style], [onload], [onerror]",
            ),
          ].map(({ outerHTML }) => outerHTML.slice(0, 100)),
          loaded: document.querySelectorAll("script, style, link, meta").length,
          pwned: "pwned" in window,
          wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
          shown,
        };
      });
      assert.deepEqual(found.strange, []);
      assert.equal(found.loaded, allowed);
      assert.equal(found.pwned, false);
      assert.equal(found.wide, false);
      for (const text of found.shown) assert.doesNotMatch(text.slice(0, 5000), HIDDEN);
    }
    const body = await page.evaluate(() => document.body.innerText);
    assert(body.includes(HTML) && body.includes("⟨U+202E⟩evil⟨U+202C⟩") && body.includes("⟨U+001B⟩[2J⟨U+0007⟩"));
    assert.deepEqual(panel.requests, []);
    assert.deepEqual(await panel.violations(), []);
    await panel.close();
  });

  it("cuts a line of a megabyte around its mark", async () => {
    const panel = await openPanel(browser);
    await panel.show({ ...STATES.answer, exchanges: [exchange("long", { result: span })] });
    const marked = panel.page.locator(".snip mark", { hasText: "needle" });
    assert(await marked.isVisible());
    const lengths = await panel.page
      .locator(".snip code")
      .evaluateAll((codes) => codes.map(({ textContent }) => textContent?.length ?? 0));
    assert(Math.max(...lengths) < 1000);
    await panel.close();
  });
});
