import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, FrameLocator, Locator, Page } from "playwright-core";
import { WORK } from "./cache.ts";

/** How long anything may take on a busy machine. */
export const PATIENCE_MS = 60_000;
const INDEX_MS = 240_000;

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

  // Quick input and commands

  get quickInput(): Locator {
    return this.page.locator(".quick-input-widget:visible input.input").first();
  }

  get quickRows(): Locator {
    return this.page.locator(".quick-input-widget:visible .quick-input-list .monaco-list-row");
  }

  async runCommand(title: string): Promise<void> {
    await this.press("F1");
    await this.quickInput.fill(`>${title}`);
    await this.quickRows.filter({ hasText: title }).first().waitFor();
    await this.press("Enter");
  }

  // Editors

  async openFile(name: string): Promise<void> {
    await this.press("Control+P");
    await this.quickInput.fill(name);
    await this.quickRows.filter({ hasText: name }).first().waitFor();
    await this.press("Enter");
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

  /** Line and column of the cursor, as the status bar shows them. */
  async cursor(): Promise<{ readonly line: number; readonly column: number }> {
    const text = await this.page.locator('[id="status.editor.selection"]').innerText();
    const [, line, column] = /Ln (\d+), Col (\d+)/.exec(text) ?? [];
    return { line: Number(line), column: Number(column) };
  }

  // ARMT

  /** The status bar item. */
  get status(): Locator {
    return this.page.locator('[id^="armt.armt"].statusbar-item');
  }

  async untilStatus(label: RegExp, timeout = INDEX_MS): Promise<void> {
    await this.status
      .and(this.page.getByLabel(label))
      .or(this.status.filter({ has: this.page.getByLabel(label) }))
      .first()
      .waitFor({ timeout });
  }

  /** The panel's page; one panel is open at most. */
  get panel(): FrameLocator {
    return this.page.frameLocator("iframe.webview").frameLocator("iframe#active-frame");
  }

  async showPanel(): Promise<void> {
    await this.runCommand("View: Show ARMT");
    await this.panel
      .getByRole("textbox", { name: "Question" })
      .or(this.panel.locator(".welcome, .strip"))
      .first()
      .waitFor();
  }

  get question(): Locator {
    return this.panel.getByRole("textbox", { name: "Question" });
  }

  /** The newest exchange of the chat. */
  get exchange(): Locator {
    return this.panel.getByRole("article").last();
  }

  /** Agrees to the reading of the workspace in the panel, and waits until it is read. */
  async index(): Promise<void> {
    await this.showPanel();
    await this.panel.getByRole("button", { name: /^Index / }).click();
    await this.untilStatus(/^ARMT, ready/);
  }

  /** Asks in the panel's box; `exchange` is then the new one. */
  async ask(question: string): Promise<void> {
    await this.question.fill(question);
    await this.question.press("Enter");
    await this.exchange.getByRole("heading", { name: question }).waitFor();
  }

  /** Waits until the newest question is answered, not found, stopped or failed. */
  async untilAnswered(): Promise<void> {
    await this.panel.getByRole("button", { name: "Ask (Enter)" }).waitFor();
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
