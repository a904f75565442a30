import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import type { FromPanel, PanelState, ToPanel } from "../../../src/protocol/panel.ts";
import { panelPage } from "../../../src/protocol/panel-page.ts";
import { THEMES, themeStyles } from "./themes.ts";

/** The host's side of the panel in a plain page: the real page, script and styles under the real policy. */

declare global {
  interface Window {
    /** What the panel posted, and what broke the page's policy. */
    sent: FromPanel[];
    kept: unknown;
    violations: string[];
  }
}

const ORIGIN = "http://panel.test";
const root = new URL("../../../", import.meta.url);
const FILES: Readonly<Record<string, readonly [path: string, type: string]>> = {
  "/webview.js": ["dist/webview.js", "text/javascript"],
  "/codicon.css": ["dist/codicon.css", "text/css"],
  "/codicon.ttf": ["dist/codicon.ttf", "font/ttf"],
  "/panel.css": ["media/panel.css", "text/css"],
};

export type ThemeName = keyof typeof THEMES;

export interface PanelOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly classes?: readonly string[];
  /** What the panel finds as its kept state. */
  readonly kept?: unknown;
  readonly language?: string;
  readonly words?: Readonly<Record<string, string>>;
}

export interface Panel {
  readonly page: Page;
  /** Addresses that were asked for and are not part of the panel. */
  readonly requests: readonly string[];
  post(message: ToPanel): Promise<void>;
  show(state: PanelState): Promise<void>;
  /** What the panel posted since the last call. */
  sent(): Promise<FromPanel[]>;
  violations(): Promise<string[]>;
  kept(): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens an empty panel that has said that it is ready. */
export async function openPanel(browser: Browser, options: PanelOptions = {}): Promise<Panel> {
  const { theme = "dark", width = 340, height = 640, classes = [], kept, language = "en", words } = options;
  const context = await browser.newContext({ viewport: { width, height }, locale: "en-GB", baseURL: ORIGIN });
  const page = await context.newPage();
  const requests: string[] = [];
  const styles = themeStyles(THEMES[theme]);
  const html = panelPage({
    source: ORIGIN,
    nonce: "bm9uY2U",
    script: `${ORIGIN}/webview.js`,
    styles: ["/theme.css", "/codicon.css", "/panel.css"].map((path) => ORIGIN + path),
    language,
    words,
  });
  await context.route("**/*", async (route) => {
    const url = new URL(route.request().url());
    const file = FILES[url.pathname];
    if (url.origin !== ORIGIN) requests.push(url.href);
    if (url.origin !== ORIGIN) await route.abort();
    else if (url.pathname === "/")
      await route.fulfill({
        body: html,
        contentType: "text/html",
        // Beside the page's own policy: any text that would become HTML or script throws.
        headers: { "content-security-policy": "require-trusted-types-for 'script'; trusted-types 'none'" },
      });
    else if (url.pathname === "/theme.css") await route.fulfill({ body: styles, contentType: "text/css" });
    else if (url.pathname === "/favicon.ico") await route.fulfill({ status: 204 });
    else if (file === undefined) {
      requests.push(url.href);
      await route.abort();
    } else await route.fulfill({ body: readFileSync(fileURLToPath(new URL(file[0], root))), contentType: file[1] });
  });
  page.on("pageerror", (error) => requests.push(`error: ${error.message}`));
  await page.addInitScript(
    ({ bodyClasses, initial }) => {
      window.sent = [];
      window.violations = [];
      window.kept = initial;
      document.addEventListener("securitypolicyviolation", (event) =>
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`),
      );
      Object.assign(window, {
        acquireVsCodeApi: () => ({
          postMessage: (message: FromPanel) => window.sent.push(message),
          getState: () => window.kept,
          setState: (state: unknown) => {
            window.kept = structuredClone(state);
          },
        }),
      });
      document.addEventListener("DOMContentLoaded", () => document.body.classList.add(...bodyClasses));
    },
    { bodyClasses: [...THEMES[theme].classes, ...classes], initial: kept },
  );
  await page.goto("/");
  const panel: Panel = {
    page,
    requests,
    async post(message) {
      await page.evaluate((data) => {
        window.dispatchEvent(new MessageEvent("message", { data }));
      }, message);
    },
    async show(state) {
      await panel.post({ type: "state", state });
      await page.evaluate(() => document.fonts.ready.then(() => undefined));
    },
    async sent() {
      return await page.evaluate(() => window.sent.splice(0));
    },
    async violations() {
      return await page.evaluate(() => window.violations);
    },
    async kept() {
      return await page.evaluate(() => window.kept);
    },
    async close() {
      await context.close();
    },
  };
  return panel;
}
