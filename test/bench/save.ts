/**
 * How long after Ctrl+S a file's new content answers, in a real VS Code: `npm run bench:save [rounds]`.
 *
 * Each round changes one number of amqplib, saves it by Ctrl+S and asks for it in the panel with the next key. From the
 * time until the new number stands there, two times are taken: that of the same question when nothing was saved, and that
 * of streaming the file's changed segments, measured apart. What is left is what saving adds.
 */
import { readFileSync, rmSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import type { Locator } from "playwright-core";
import { encodeSegment, segmentHash } from "../../src/engine/indexing/encode.ts";
import { Model } from "../../src/engine/model/model.ts";
import { ROOT } from "../vscode/cache.ts";
import { launchChromium } from "../vscode/chromium.ts";
import { vsCodeFolder } from "../vscode/install.ts";
import { prepareExtension } from "../vscode/prepare.ts";
import { VsCodeServer } from "../vscode/server.ts";
import { eventually, Workbench } from "../vscode/workbench.ts";
import { amqplib } from "../vscode/workspaces.ts";
import { DEFAULT_MODEL } from "./header.ts";

const ROUNDS = 20;
const WARM_UP = 3;
const TARGET_MS = 300;

const QUESTION = "What is the value of DEFAULT_WRITE_HWM?";
const FILE = "connection.js";
const LINE = 24;
const COLUMN = 27;

interface Watched {
  /** What the panel must show, and in an exchange after this many. */
  expected: string;
  after: number;
  /** Milliseconds since 1970, as the page's clock tells them; 0: not yet. */
  asked: number;
  answered: number;
  shown: string;
}

const rounds = Number(process.argv[2] ?? ROUNDS);
const vscode = await vsCodeFolder();
const workspace = amqplib();
const server = await VsCodeServer.start({
  vscode,
  extensions: prepareExtension(vscode),
  settings: { "armt.autostart": "always" },
});
const browser = await launchChromium();
try {
  const window = await Workbench.open(browser, server.address(workspace));
  await window.untilStatus(/^ARMT, ready/);
  await window.showPanel();
  await window.openFile(FILE);
  await watch(window);
  print("load before", loads());
  const asked: number[] = [];
  const saved: number[] = [];
  let number = 1024;
  for (let round = -WARM_UP; round < rounds; round++) {
    await window.newChat();
    const alone = await ask(window, String(number));
    number += 37;
    await type(window, String(number));
    const withSave = await ask(window, String(number), async () => await window.press("Control+S"));
    if (round < 0) continue;
    asked.push(alone.answered - alone.asked);
    saved.push(withSave.answered - withSave.saved);
  }
  const alone = median(asked);
  const added = saved.map((ms) => ms - alone);
  print("load after", loads());
  print("rounds", `${rounds}, after ${WARM_UP} to warm up; each answered from the new content`);
  print("asked, nothing saved", spread(asked));
  print("Ctrl+S to the answer", spread(saved));
  print("added by the save", spread(added));
  await window.close();
  const { count, ms } = await streaming();
  const beyond = median(added) - ms;
  print("streaming", `${Math.round(ms)} ms, ${count} changed ${count === 1 ? "segment" : "segments"}`);
  print("beyond the streaming", `median ${Math.round(beyond)} ms; target < ${TARGET_MS} ms`);
  if (beyond >= TARGET_MS) process.exitCode = 1;
} finally {
  await browser.close();
  await server.stop();
  rmSync(dirname(workspace), { recursive: true, force: true });
}

/** Notes the times of keys and answers in the pages themselves: what drives them is slower than they are. */
async function watch(window: Workbench): Promise<void> {
  await window.page.evaluate(() => {
    addEventListener(
      "keydown",
      (event) => {
        if (event.ctrlKey && event.code === "KeyS")
          Object.assign(globalThis, { saved: performance.timeOrigin + performance.now() });
      },
      { capture: true },
    );
  });
  await thread(window).evaluate((element) => {
    const now = () => performance.timeOrigin + performance.now();
    const watched: Watched = { expected: "", after: 0, asked: 0, answered: 0, shown: "" };
    Object.assign(globalThis, { watched });
    document.addEventListener(
      "keydown",
      ({ key }) => {
        if (key === "Enter") watched.asked = now();
      },
      { capture: true },
    );
    new MutationObserver(() => {
      const articles = element.querySelectorAll("article");
      if (watched.answered !== 0 || articles.length <= watched.after) return;
      const span = articles[articles.length - 1]?.querySelector(".answer code.span");
      if (span === null || span === undefined) return;
      watched.answered = now();
      watched.shown = span.textContent ?? "";
    }).observe(element, { subtree: true, childList: true, characterData: true });
  });
}

function thread(window: Workbench): Locator {
  return window.panel.getByRole("main");
}

/** Puts a number where the old one stands; leaves the file unsaved. */
async function type(window: Workbench, text: string): Promise<void> {
  await focusEditor(window);
  await window.goTo(LINE, COLUMN);
  await window.press("Control+Shift+ArrowRight");
  await window.page.keyboard.type(text);
  await window.page.locator(".tab.active.dirty", { hasText: FILE }).waitFor();
}

async function focusEditor(window: Workbench): Promise<void> {
  await window.page.locator(".editor-instance .monaco-editor .view-lines").first().click();
  await window.page.locator(".editor-instance .monaco-editor.focused").first().waitFor();
}

/** Asks from the editor, after `before`; the answer must be `expected`. */
async function ask(
  window: Workbench,
  expected: string,
  before: () => Promise<void> = async () => {},
): Promise<{ readonly saved: number; readonly asked: number; readonly answered: number }> {
  await window.question.fill(QUESTION);
  const after = await window.exchanges.count();
  await thread(window).evaluate(
    (_, wanted) => {
      Object.assign(Reflect.get(globalThis, "watched") as Watched, { ...wanted, asked: 0, answered: 0, shown: "" });
    },
    { expected, after },
  );
  await focusEditor(window);
  await before();
  await window.question.press("Enter");
  const { asked, answered, shown } = await eventually(async () => {
    const watched = await thread(window).evaluate(() => Reflect.get(globalThis, "watched") as Watched);
    return watched.answered === 0 ? undefined : watched;
  });
  const saved = await window.page.evaluate(() => Number(Reflect.get(globalThis, "saved") ?? 0));
  if (shown !== expected) {
    const times = `asked ${Math.round(asked - saved)} ms and answered ${Math.round(answered - saved)} ms after Ctrl+S`;
    throw new Error(`The answer was ${shown}, not ${expected}: ${times}`);
  }
  return { saved, asked, answered };
}

/** How long the model takes for the segments that one such save changes. */
async function streaming(): Promise<{ readonly count: number; readonly ms: number }> {
  const model = await Model.load(DEFAULT_MODEL, "cpu");
  try {
    const text = readFileSync(join(ROOT, "node_modules", "amqplib", "lib", FILE), "utf8");
    const path = `lib/${FILE}`;
    const before = await model.segmenter.segment(path, text);
    const after = await model.segmenter.segment(path, text.replace("HWM = 1024", "HWM = 1061"));
    const known = new Set(before.segments.map(segmentHash));
    const changed = after.segments.filter((segment) => !known.has(segmentHash(segment)));
    const times: number[] = [];
    for (let round = -WARM_UP; round < rounds; round++) {
      const started = performance.now();
      for (const segment of changed) await encodeSegment(model.stepper, segment);
      if (round >= 0) times.push(performance.now() - started);
    }
    return { count: changed.length, ms: median(times) };
  } finally {
    await model.release();
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function spread(values: readonly number[]): string {
  const of = (ms: number) => `${Math.round(ms)} ms`;
  return `median ${of(median(values))}, ${of(Math.min(...values))} to ${of(Math.max(...values))}`;
}

function loads(): string {
  const [last = 0] = loadavg();
  return `${last.toFixed(1)} on ${cpus().length} processors`;
}

function print(name: string, value: string): void {
  process.stdout.write(`${`${name}:`.padEnd(24)}${value}\n`);
}
