/** The suites in the extension host of VS Code's server, with a page in Chromium for the window. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { WORK } from "../vscode/cache.ts";
import { launchChromium } from "../vscode/chromium.ts";
import { vsCodeFolder } from "../vscode/install.ts";
import { EXTENSIONS } from "../vscode/prepare.ts";
import { VsCodeServer } from "../vscode/server.ts";
import { DRIVER, declareSuites, type PreparedSuite, SUITE_MS } from "./declare.ts";
import { REPORT_VARIABLE } from "./report.ts";

const LOG_TAIL = 2_000;

let vscode = "";
let browser: Browser | undefined;

before(async () => {
  vscode = await vsCodeFolder();
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
});

declareSuites(async (suite) => {
  const server = await VsCodeServer.start({
    vscode,
    extensions: EXTENSIONS,
    tests: true,
    trust: suite.untrusted === true,
    ...(suite.settings === undefined ? {} : { settings: suite.settings }),
    env: { [REPORT_VARIABLE]: suite.report },
  });
  try {
    return await runWindow(server, suite);
  } finally {
    await server.stop();
  }
});

/** Opens a window that runs the suite; resolves when VS Code says that it has ended. */
async function runWindow(server: VsCodeServer, suite: PreparedSuite): Promise<string> {
  if (browser === undefined) throw new Error("No browser");
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, locale: "en-US" });
  try {
    const page = await context.newPage();
    const printed: string[] = [];
    const ended = Promise.withResolvers<void>();
    page.on("crash", () => ended.reject(new Error("The page crashed")));
    await page.exposeFunction("codeAutomationLog", (_: string, args: readonly unknown[]) => {
      printed.push(args.map(String).join(" "));
    });
    await page.exposeFunction("codeAutomationExit", () => ended.resolve());
    const at = (path: string) => `vscode-remote://${server.authority}${path}`;
    await page.goto(
      server.address(suite.opens, [
        ["extensionDevelopmentPath", at(DRIVER)],
        ["extensionTestsPath", at(suite.module)],
        ["skipWelcome", "true"],
      ]),
    );
    const late = delay(SUITE_MS - 60_000, "late", { ref: false });
    if ((await Promise.race([ended.promise, late])) === "late") printed.push(`Late; see ${await picture(page, suite)}`);
    return [...printed, readFileSync(server.log, "utf8").slice(-LOG_TAIL)].join("\n");
  } finally {
    await context.close();
  }
}

async function picture(page: Page, { name }: PreparedSuite): Promise<string> {
  const path = join(WORK, "failures", `${name}.png`);
  mkdirSync(join(WORK, "failures"), { recursive: true });
  await page.screenshot({ path });
  return path;
}
