import Mocha from "mocha";
import { report } from "../report.ts";

/** On a busy machine; the slowest test indexes a package. */
const TIMEOUT_MS = 300_000;

let running = "";

/** Runs the tests that `define` describes; what VS Code calls as `run` of a test module. Rejects if one fails. */
export async function runTests(define: () => void): Promise<void> {
  const mocha = new Mocha({ ui: "bdd", timeout: TIMEOUT_MS, reporter: Mocha.reporters.Base });
  mocha.suite.emit("pre-require", globalThis, "", mocha);
  define();
  const failures = await new Promise<number>((resolve) => {
    mocha
      .run(resolve)
      .on("test", ({ title }) => {
        running = title;
        report({ kind: "begin", test: title });
      })
      .on("pass", ({ title, duration = 0 }) => report({ kind: "passed", test: title, ms: duration }))
      .on("fail", ({ title }, error: unknown) => report({ kind: "failed", test: title, message: messageOf(error) }))
      .on("pending", ({ title }) => report({ kind: "skipped", test: title, reason: "" }));
  });
  report({ kind: "end" });
  if (failures > 0) throw new Error(`${failures} tests failed`);
}

/** Keeps a figure of the test under way. */
export function measured(what: string, value: number | string): void {
  report({ kind: "measured", test: running, what, value });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
