import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bundleSuites } from "./bundle.ts";
import { type Line, readReport } from "./report.ts";
import { SUITES, type Suite, temporaryFolderOf } from "./workspaces.ts";

/** The extension that names the tests to VS Code. */
export const DRIVER = fileURLToPath(new URL("driver", import.meta.url));
/** For a suite as a whole, on a busy machine. */
export const SUITE_MS = 900_000;

/** A suite that is ready to be run. */
export interface PreparedSuite extends Suite {
  /** What the window opens. */
  readonly opens: string;
  /** The bundled module whose `run` the extension host calls. */
  readonly module: string;
  /** The tests write what happens to this file (`REPORT_VARIABLE`). */
  readonly report: string;
}

/**
 * Declares a test for each suite, with what is tested in the extension host below it. `open` opens the window and
 * resolves when the tests in it have ended, with what to tell if they ended before their time.
 */
export function declareSuites(open: (suite: PreparedSuite) => Promise<string>): void {
  // One by name: ARMT_TEST_SUITE=large npm run test:host
  const only = process.env["ARMT_TEST_SUITE"];
  const suites = SUITES.filter(({ name }) => only === undefined || name === only);
  let modules = "";
  let reports = "";
  before(async () => {
    modules = await bundleSuites(suites.map(({ name }) => name));
    reports = mkdtempSync(join(tmpdir(), "armt-reports-"));
  });
  after(() => rmSync(reports, { recursive: true, force: true }));
  for (const suite of suites) {
    test(suite.name, { timeout: SUITE_MS }, async (t) => {
      const report = join(reports, `${suite.name}.jsonl`);
      writeFileSync(report, "");
      const opens = suite.workspace();
      try {
        const ended = await open({ ...suite, opens, report, module: join(modules, `${suite.name}.cjs`) });
        await tell(t, readReport(report), ended);
      } finally {
        rmSync(temporaryFolderOf(opens), { recursive: true, force: true, maxRetries: 5 });
      }
    });
  }
}

/** Tells the tests of a report as tests. */
async function tell(t: TestContext, lines: readonly Line[], ended: string): Promise<void> {
  for (const line of lines) {
    if (line.kind === "measured") t.diagnostic(`${line.what}: ${line.value}`);
    if (line.kind === "passed") await t.test(`${line.test} (${Math.round(line.ms)} ms)`, () => {});
    if (line.kind === "skipped") await t.test(line.test, (inner) => inner.skip(line.reason));
    if (line.kind === "failed")
      await t.test(line.test, () => {
        throw new Error(line.message);
      });
  }
  const begun = lines.findLast(({ kind }) => kind === "begin");
  if (!lines.some(({ kind }) => kind === "end"))
    throw new Error(`The extension host ended during "${begun?.kind === "begin" ? begun.test : ""}". ${ended}`);
  if (begun === undefined) throw new Error(`No test ran. ${ended}`);
}
