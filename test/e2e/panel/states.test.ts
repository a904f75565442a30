import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import type { AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../vscode/chromium.ts";
import { openPanel, type Panel, type ThemeName } from "./host.ts";
import { PLACES, STATES, type StateName } from "./states.ts";
import { THEMES } from "./themes.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [240, 340, 600];
const themes = Object.keys(THEMES) as ThemeName[];
const states = Object.keys(STATES) as StateName[];

/** Brings the panel to a state of the design, the list of places included. */
async function enter(panel: Panel, name: StateName): Promise<void> {
  await panel.show(STATES[name]);
  if (name !== "narrow") return;
  await panel.page.getByRole("textbox", { name: "Question" }).fill("Who sends @ex");
  const message = (await panel.sent()).findLast(({ type }) => type === "places");
  assert(message?.type === "places");
  assert.equal(message.query, "ex");
  await panel.post({ type: "places", request: message.request, places: PLACES });
}

/** What axe finds, in words. */
async function problems(panel: Panel): Promise<string[]> {
  const results = await panel.page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } };
    return await checker.run({ resultTypes: ["violations"] });
  });
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ""}`),
  );
}

/** Elements that stick out of the panel to the side. */
async function overflowing(panel: Panel): Promise<string[]> {
  return await panel.page.evaluate(() => {
    const wide: string[] = [];
    const width = document.documentElement.clientWidth;
    for (const part of [document.scrollingElement, document.body, document.querySelector("main")])
      if (part !== null && part.scrollWidth > part.clientWidth) wide.push(`${part.tagName} scrolls`);
    for (const element of document.querySelectorAll("button, a, summary, textarea, h2, h3, p")) {
      const { left, right } = element.getBoundingClientRect();
      if (left < -0.5 || right > width + 0.5) wide.push(element.outerHTML.slice(0, 120));
    }
    return wide;
  });
}

describe("states of the panel", () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
  });

  for (const theme of themes)
    for (const width of WIDTHS)
      it(`is accessible and fits: ${theme}, ${width} px`, async () => {
        // Motion would have axe measure colours half faded in.
        const panel = await openPanel(browser, { theme, width, classes: ["vscode-reduce-motion"] });
        await panel.page.evaluate(axe);
        const found: string[] = [];
        for (const name of states) {
          await enter(panel, name);
          found.push(...(await problems(panel)).map((problem) => `${name}: ${problem}`));
          found.push(...(await overflowing(panel)).map((element) => `${name}: too wide: ${element}`));
        }
        assert.deepEqual(found, []);
        assert.deepEqual(await panel.violations(), []);
        assert.deepEqual(panel.requests, []);
        await panel.close();
      });
});
