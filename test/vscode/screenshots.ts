/**
 * Makes the pictures in media/screenshots: the packaged extension in a real VS Code, on a copy of amqplib, dark and
 * light. `npm run screenshots`.
 */
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { kill } from "node:process";
import type { Locator } from "playwright-core";
import { ROOT, say } from "./cache.ts";
import { launchChromium } from "./chromium.ts";
import { vsCodeFolder } from "./install.ts";
import { prepareExtension } from "./prepare.ts";
import { VsCodeServer } from "./server.ts";
import { smallPng } from "./small-png.ts";
import { eventually, Workbench } from "./workbench.ts";
import { amqplib } from "./workspaces.ts";

const FOLDER = join(ROOT, "media", "screenshots");
const SIZE = { width: 1120, height: 700, scale: 2 } as const;
const PANEL_WIDTH = 400;
const LOW = 400;
/** GitHub and the marketplace show pictures faster below this. */
const MOST_BYTES = 250_000;

/** VS Code's own themes, which follow the system's, and the class that each gives the page. */
const THEMES = [
  ["dark", "vs-dark"],
  ["light", "vs"],
] as const;

/** Nothing that is not of the extension and would draw the eye. */
const SETTINGS = {
  "breadcrumbs.enabled": false,
  "chat.disableAIFeatures": true,
  "editor.hover.enabled": "off",
  "editor.lightbulb.enabled": "off",
  "editor.minimap.enabled": false,
  "editor.renderWhitespace": "none",
  "editor.stickyScroll.enabled": false,
  "git.enabled": false,
  "window.autoDetectColorScheme": true,
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
  "workbench.tips.enabled": false,
};

const QUESTION = "What is the default max frame size of a connection?";
const ANSWER = "64 * 1024 * 1024";
const NOT_HERE = "Which colour is the login button?";

const vscode = await vsCodeFolder();
const workspace = amqplib();
const server = await VsCodeServer.start({ vscode, extensions: prepareExtension(vscode), settings: SETTINGS });
const browser = await launchChromium();
try {
  mkdirSync(FOLDER, { recursive: true });
  const window = await Workbench.open(browser, server.address(workspace), SIZE);
  try {
    await pictures(window);
  } catch (error) {
    say(`Where it failed: ${await window.picture("screenshots")}`);
    throw error;
  }
} finally {
  await browser.close();
  await server.stop();
  rmSync(dirname(workspace), { recursive: true, force: true });
}

async function pictures(window: Workbench): Promise<void> {
  const sidebar = window.page.locator(".part.sidebar");
  const items = window.page.locator(".part.statusbar .right-items");
  await window.showPanel();
  await widen(window, sidebar);

  await window.panel.getByText(/files in amqplib$/).waitFor();
  await low(window, 560, () => take(window, "consent", [sidebar]));
  await window.panel.getByRole("button", { name: "Index amqplib" }).click();
  await window.untilStatus(/^ARMT, reading, [4-9]\d percent/);
  await held(() => low(window, LOW, () => take(window, "indexing", [sidebar])));
  await window.untilStatus(/^ARMT, ready/);

  await window.askAndWait(NOT_HERE);
  await window.exchange.getByText("Nearest places. They do not answer the question.").waitFor();
  await take(window, "not-found", [sidebar]);

  await window.newChat();
  await window.askAndWait(QUESTION);
  await window.span.filter({ hasText: ANSWER }).waitFor();
  await window.exchange.getByRole("link", { name: "connection.js:30" }).click();
  await window.untilLine(30);
  await take(window, "chat");

  await take(window, "status-bar", [hoverOf(window), items], () => window.status.hover());

  await window.runCommand("View: Close All Editors");
  await window.runCommand("View: Toggle Primary Side Bar Visibility");
  await window.openFile("index.d.ts");
  await window.openPalette();
  await window.quickInput.fill(QUESTION);
  await window.press("Enter");
  await window.quickRows.filter({ hasText: "Go on in the panel" }).waitFor();
  await window.quickRows.first().filter({ hasText: ANSWER }).waitFor();
  await move(window, window.quickRows.filter({ hasText: "connection.js:30" }).last());
  await window.activeTab("connection.js").waitFor();
  await window.untilLine(30);
  await take(window, "palette");
  await window.press("Escape");

  await window.showPanel();
  await window.newChat();
  const [engine] = server.processes("dist/node/engine.js");
  if (engine === undefined) throw new Error("No engine runs");
  kill(engine, "SIGSTOP");
  await window.ask(QUESTION);
  kill(engine, "SIGKILL");
  await window.exchange.getByRole("alert").waitFor();
  await low(window, LOW, () => take(window, "error", [sidebar]));

  await window.runCommand("View: Close All Editors");
  await window.runCommand("View: Toggle Primary Side Bar Visibility");
  await window.runCommand("Welcome: Open Walkthrough...");
  await window.quickInput.fill("Get started with ARMT");
  await window.quickRows.filter({ hasText: "Get started with ARMT" }).first().click();
  await window.page.locator(".getting-started-step.expanded").waitFor();
  await take(window, "walkthrough");
}

/** Moves the palette's selection down to a row. */
async function move(window: Workbench, row: Locator): Promise<void> {
  while (!(await row.evaluate((element) => element.classList.contains("focused")))) await window.press("ArrowDown");
}

/** Does something while the engine stands still. */
async function held(task: () => Promise<void>): Promise<void> {
  const engines = server.processes("dist/node/engine.js");
  for (const pid of engines) kill(pid, "SIGSTOP");
  try {
    await task();
  } finally {
    for (const pid of engines) kill(pid, "SIGCONT");
  }
}

/** Does something in a window of another height: what shows little needs little room. */
async function low(window: Workbench, height: number, task: () => Promise<void>): Promise<void> {
  await window.page.setViewportSize({ width: SIZE.width, height });
  await task();
  await window.page.setViewportSize(SIZE);
}

async function widen(window: Workbench, sidebar: Locator): Promise<void> {
  const box = await sidebar.boundingBox();
  if (box === null) throw new Error("There is no side bar");
  const at = { x: box.x + box.width + 1, y: box.y + box.height / 2 };
  await window.page.mouse.move(at.x, at.y);
  await window.page.mouse.down();
  await window.page.mouse.move(at.x + PANEL_WIDTH - box.width, at.y, { steps: 5 });
  await window.page.mouse.up();
}

/** What the status bar item tells. */
function hoverOf(window: Workbench): Locator {
  return window.page.locator(".workbench-hover", { hasText: "ARMT is ready" });
}

/** One picture in each theme: of the window, or of what lies around `parts`, which `show` brings about. */
async function take(
  window: Workbench,
  name: string,
  parts: readonly Locator[] = [],
  show: () => Promise<void> = async () => {},
): Promise<void> {
  for (const [theme, kind] of THEMES) {
    await window.page.emulateMedia({ colorScheme: theme });
    await window.page.locator(`.monaco-workbench.${kind}`).waitFor();
    await window.page.mouse.move(SIZE.width - 200, 20);
    await still(window);
    await show();
    const clip = await around(parts);
    const path = join(FOLDER, `${name}-${theme}.png`);
    writeFileSync(path, await smallPng(browser, await still(window, clip)));
    const { size } = statSync(path);
    say(`${name}-${theme}.png ${Math.round(size / 1000)} KB${size > MOST_BYTES ? ", too large" : ""}`);
  }
}

type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** What lies around some parts; everything where there are none. */
async function around(parts: readonly Locator[]): Promise<Box | undefined> {
  if (parts.length === 0) return undefined;
  const found = await Promise.all(parts.map((part) => part.boundingBox()));
  const boxes = found.filter((box) => box !== null);
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** A picture, taken again until nothing moves any more. */
async function still(window: Workbench, clip?: Box): Promise<Buffer> {
  // VS Code's own language service looks at the file.
  const others = window.page.locator('.statusbar-item:not([id^="armt.armt"])');
  const busy = others.locator(".codicon-modifier-spin, .codicon-loading");
  await eventually(async () => ((await busy.count()) === 0 ? true : undefined));
  let last: Buffer | undefined;
  return await eventually(async () => {
    const options = clip === undefined ? {} : { clip };
    const now = await window.page.screenshot({ animations: "disabled", caret: "hide", ...options });
    const same = last?.equals(now) === true;
    last = now;
    return same ? now : undefined;
  });
}
