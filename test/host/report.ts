import { appendFileSync, readFileSync } from "node:fs";

/** What happens in the extension host, a line of JSON each: whole up to where the host ended, in whatever way. */
export type Line =
  | { readonly kind: "begin"; readonly test: string }
  | { readonly kind: "passed"; readonly test: string; readonly ms: number }
  | { readonly kind: "failed"; readonly test: string; readonly message: string }
  | { readonly kind: "skipped"; readonly test: string; readonly reason: string }
  | { readonly kind: "measured"; readonly test: string; readonly what: string; readonly value: number | string }
  | { readonly kind: "end" };

/** Names the report's file to the extension host. */
export const REPORT_VARIABLE = "ARMT_TEST_REPORT";

/** Adds a line from inside the extension host. */
export function report(line: Line): void {
  const file = process.env[REPORT_VARIABLE];
  if (file === undefined) throw new Error(`${REPORT_VARIABLE} names no file`);
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

export function readReport(file: string): Line[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line): Line[] => (line === "" ? [] : [JSON.parse(line)]));
}
