import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, BrowserContext, FrameLocator, Locator, Page } from "playwright-core";
import { WORK } from "./cache.ts";

/** How long anything may take on a busy machine. */
export const PATIENCE_MS = 60_000;
const INDEX_MS = 240_000;
const TRY_MS = 5_000;

/** Tries again until there is a result. */
export async function eventually<T>(attempt: () => Promise<T | undefined>, patience = PATIENCE_MS): Promise<T> {
  for (const end = performance.now() + patience; ; await delay(100)) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (performance.now() > end) throw new Error("It did not come about");
  }
}

/** When to try again what VS Code may have missed. */
const RETRY_MS = 3_000;

function nothing(): undefined {}

/** What a window did that it must not do. */
export interface Complaints {
  /** Addresses asked for that are neither the server's nor served by VS Code's own service worker. */
  readonly requests: string[];
  /** What the browser refused to load or to run. */
  readonly violations: string[];
}

export interface WindowOptions {
  readonly width?: number;
  readonly height?: number;
  /** Of the pictures: 2 on a fine screen. */
  readonly scale?: number;
}

/** One window of VS Code, and what tests do in it. */
export class Workbench {
  readonly page: Page;
  readonly complaints: Complaints = { requests: [], violations: [] };
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
  }

  /** Opens `address` in a browser profile of its own and waits until the workbench stands. */
  static async open(browser: Browser, address: string, options: WindowOptions = {}): Promise<Workbench> {
    const { width = 1400, height = 900, scale = 1 } = options;
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      locale: "en-US",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const workbench = new Workbench(context, page);
    workbench.#watch(new URL(address).host);
    await page.goto(address);
    await workbench.#stands();
    return workbench;
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  /** The window as after "Developer: Reload Window". */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.#stands();
  }

  /** Keeps a picture of the window where `npm test` leaves what failed. */
  async picture(name: string): Promise<string> {
    const folder = join(WORK, "failures");
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name.replace(/\W+/g, "-")}.png`);
    await this.page.screenshot({ path });
    return path;
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Does something that copies; the text that is in the clipboard then. */
  async copied(act: () => Promise<void>): Promise<string> {
    await this.page.evaluate(() => navigator.clipboard.writeText(""));
    await act();
    return await eventually(async () => {
      const text = await this.page.evaluate(() => navigator.clipboard.readText());
      return text === "" ? undefined : text;
    });
  }

  // Quick input and commands

  get quickInput(): Locator {
    return this.page.locator(".quick-input-widget:visible input.input").first();
  }

  get quickRows(): Locator {
    return this.page.locator(".quick-input-widget:visible .quick-input-list .monaco-list-row");
  }

  async runCommand(title: string): Promise<void> {
    await this.#choose("F1", `>${title}`, title);
  }

  /** Types into the list that `key` opens and takes the row with `row` in it. What steals the focus closes the list. */
  async #choose(key: string, typed: string, row: string): Promise<void> {
    await eventually(async () => {
      try {
        // One that is still closing would take the keys.
        await this.page.locator(".quick-input-widget:visible").waitFor({ state: "hidden", timeout: TRY_MS });
        await this.press(key);
        await this.quickInput.fill(typed, { timeout: TRY_MS });
        const chosen = this.quickRows.filter({ hasText: row }).first();
        await chosen.waitFor({ timeout: TRY_MS });
        await chosen.click({ timeout: TRY_MS });
        return true;
      } catch {
        await this.press("Escape");
        return undefined;
      }
    });
  }

  // Editors

  /** Opens a file by its name; the focus is in it. */
  async openFile(name: string): Promise<void> {
    await this.#choose("Control+P", name, name);
    await this.activeTab(name).waitFor();
    await this.page.locator(".editor-instance .monaco-editor .view-lines").first().click();
    await this.page.locator(".editor-instance .monaco-editor.focused").first().waitFor();
  }

  activeTab(name: string): Locator {
    return this.page.locator(".tab.active", { hasText: name });
  }

  /** Saves the file in the focused editor. */
  async save(name: string): Promise<void> {
    await this.press("Control+S");
    await this.page.locator(".tab.active:not(.dirty)", { hasText: name }).waitFor();
  }

  /** Waits until the cursor of the active editor stands in a line. */
  async untilLine(line: number): Promise<void> {
    await this.page.locator('[id="status.editor.selection"]', { hasText: `Ln ${line},` }).waitFor();
  }

  /** Puts the cursor to a place of the focused editor, columns from 1. */
  async goTo(line: number, column = 1): Promise<void> {
    await this.press("Control+G");
    await this.quickInput.fill(`:${line}:${column}`);
    await this.press("Enter");
    await this.page.locator('[id="status.editor.selection"]', { hasText: `Ln ${line}, Col ${column}` }).waitFor();
  }

  // ARMT

  /** The status bar item. */
  get status(): Locator {
    return this.page.locator('[id^="armt.armt"].statusbar-item');
  }

  /** Waits until the status bar item is spoken as `label`. */
  async untilStatus(label: RegExp, timeout = INDEX_MS): Promise<void> {
    await this.status.and(this.page.getByLabel(label)).waitFor({ timeout });
  }

  /** The panel's page; one panel is open at most. */
  get panel(): FrameLocator {
    return this.page.frameLocator("iframe.webview").frameLocator("iframe#active-frame");
  }

  async showPanel(): Promise<void> {
    // The extension has to be there before its commands are.
    await this.status.waitFor();
    await this.runCommand("ARMT: Focus on Ask View");
    await this.panel.getByRole("main").waitFor();
  }

  /** Begins a new chat; the focus is in the box. */
  async newChat(): Promise<void> {
    await this.runCommand("ARMT: New Chat");
    await this.panel.locator("textarea:focus").waitFor();
    await this.panel.getByText(/files read\. A saved file is read again at once\.$/).waitFor();
  }

  get question(): Locator {
    return this.panel.getByRole("textbox", { name: "Question" });
  }

  get exchanges(): Locator {
    return this.panel.getByRole("article");
  }

  /** The newest exchange of the chat. */
  get exchange(): Locator {
    return this.exchanges.last();
  }

  /** The answer's quote in the newest exchange. */
  get span(): Locator {
    return this.exchange.locator(".answer code.span");
  }

  /** Agrees to the reading of the workspace in the panel, and waits until it is read. */
  async index(): Promise<void> {
    await this.showPanel();
    await this.panel.getByRole("button", { name: /^Index / }).click();
    await this.untilStatus(/^ARMT, ready/);
  }

  /** Asks in the panel's box; `exchange` is then the new one. */
  async ask(question: string): Promise<void> {
    const before = await this.exchanges.count();
    await this.question.fill(question);
    await this.question.press("Enter");
    await this.exchanges.nth(before).getByRole("heading", { name: question }).waitFor();
  }

  /** Waits until the newest question is answered, not found, stopped or failed. */
  async untilAnswered(): Promise<void> {
    await this.panel.getByRole("button", { name: "Ask", exact: true }).waitFor();
  }

  /** Asks, and waits for the end. */
  async askAndWait(question: string): Promise<void> {
    await this.ask(question);
    await this.untilAnswered();
  }

  /** Opens the palette, as its key does. */
  async openPalette(): Promise<void> {
    await this.press("Control+K", "a");
    await this.page.locator(".quick-input-widget:visible .quick-input-title", { hasText: "Ask ARMT" }).waitFor();
    // The rows of the last time stay until the new ones come.
    await this.quickRows.filter({ hasText: "Go on in the panel" }).waitFor({ state: "detached" });
  }

  /** Takes what is chosen in the quick pick, by Enter: VS Code drops one that comes while it lays out new rows. */
  async accept(): Promise<void> {
    const gone = () => this.quickInput.waitFor({ state: "hidden", timeout: RETRY_MS }).then(() => true, nothing);
    await eventually(async () => {
      await this.press("Enter");
      return await gone();
    });
  }

  /** Clicks an item of the context menu that is open: VS Code ignores the first moments of a menu. */
  async chooseInMenu(name: string): Promise<void> {
    const item = this.page.getByRole("menuitem", { name });
    await item.waitFor();
    await eventually(async () => {
      await item.click({ timeout: RETRY_MS }).catch(nothing);
      return await item.waitFor({ state: "hidden", timeout: RETRY_MS }).then(() => true, nothing);
    });
  }

  async #stands(): Promise<void> {
    await this.page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout: PATIENCE_MS });
  }

  #watch(host: string): void {
    const { requests, violations } = this.complaints;
    this.#context.on("response", (response) => {
      const url = new URL(response.url());
      if (/^(http|ws)s?:$/.test(url.protocol) && url.host !== host && !response.fromServiceWorker())
        requests.push(url.href);
    });
    this.#context.on("requestfailed", (request) => {
      const url = new URL(request.url());
      if (/^(http|ws)s?:$/.test(url.protocol) && url.host !== host) requests.push(url.href);
    });
    this.#context.on("console", (message) => {
      if (/Content Security Policy|Refused to|Blocked (?:script|autofocus|form)/.test(message.text()))
        violations.push(message.text());
    });
  }
}
