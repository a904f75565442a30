/**
 * Pictures of the panel's states for the eye: node test/e2e/panel/shots.ts FOLDER [theme,…] [width,…] [state,…]
 */
import { mkdirSync } from "node:fs";
import { launchChromium } from "../../vscode/chromium.ts";
import { openPanel, type ThemeName } from "./host.ts";
import { PLACES, STATES, type StateName } from "./states.ts";
import { THEMES } from "./themes.ts";

const [folder = "shots", themes = "dark", widths = "340", states = Object.keys(STATES).join(",")] =
  process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await launchChromium();
const isTheme = (name: string): name is ThemeName => name in THEMES;
const isState = (name: string): name is StateName => name in STATES;
for (const theme of themes.split(",").filter(isTheme))
  for (const width of widths.split(","))
    for (const name of states.split(",").filter(isState)) {
      const panel = await openPanel(browser, {
        theme,
        width: Number(width),
        height: 580,
        classes: ["vscode-reduce-motion"],
      });
      await panel.show(STATES[name]);
      if (name === "narrow") {
        await panel.page.getByRole("textbox", { name: "Question" }).fill("Who sends @ex");
        const request = (await panel.sent()).findLast(({ type }) => type === "places");
        if (request?.type === "places") await panel.post({ type: "places", request: request.request, places: PLACES });
      }
      if (name === "chain") await panel.page.locator("summary").click();
      await panel.page.screenshot({ path: `${folder}/${theme}-${width}-${name}.png` });
      await panel.close();
    }
await browser.close();
