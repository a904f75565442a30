import type { Command } from "commander";
import type { StatusReport } from "../../engine/types.ts";
import { openEngine, type Runner } from "../context.ts";
import { type CommonFlags, withCommonFlags } from "../options.ts";
import { bytes, count, percent, plural } from "../quantities.ts";
import { safeLine } from "../terminal.ts";

/** Registers `armt status [folder]`. */
export function addStatus(program: Command, run: Runner): void {
  withCommonFlags(
    program
      .command("status")
      .summary("show what is indexed, and what was left out and why")
      .description("Shows what is indexed of a folder, how large its memory is, and which files were left out and why.")
      .argument("[folder]", "the workspace", "."),
  ).action(
    run(async (context, folder: string, flags: CommonFlags) => {
      await using engine = await openEngine(context, folder, flags, { readOnly: true });
      const report = await engine.status();
      context.result(flags, report, describeStatus(report));
      return 0;
    }),
  );
}

/** Left-out files named on the terminal; `--json` has more. */
const NAMED = 20;

function describeStatus({ stats, model, skipped, ...report }: StatusReport): string {
  const parts = Object.entries(stats.bytes).filter(([part]) => part !== "total");
  const rows: readonly (readonly [string, string])[] = [
    ["workspace", report.workspace],
    ["state", `${report.state} (${bytes(stats.bytes.total)})`],
    ["", parts.map(([part, size]) => `${part} ${bytes(size)}`).join(", ")],
    ["model", `${model.name} ${model.hash.slice(0, 12)}, provider ${report.provider}`],
    ["indexed", `${plural(stats.files, "file")}, ${percent(report.coverage)} of the bytes`],
    [
      "memory",
      `${plural(stats.segments, "segment")}, ${plural(stats.writes, "write")}, ${plural(stats.shards, "shard")}`,
    ],
    ["last run", report.lastIndexed ?? "never finished: run armt index"],
    ["git commit", report.head ?? "none"],
  ];
  const lines = rows.map(([name, value]) => `${name.padEnd(10)} ${safeLine(value)}`);
  const left = Object.values(skipped.counts).reduce((sum, files) => sum + files, 0);
  if (left === 0) return lines.join("\n");
  const reasons = Object.entries(skipped.counts).map(([reason, files]) => `${count(files)} ${safeLine(reason)}`);
  const named = skipped.examples.slice(0, NAMED).map(({ path, reason }) => `  ${safeLine(path)}: ${safeLine(reason)}`);
  const more = left > named.length ? [`  and ${count(left - named.length)} more`] : [];
  return [...lines, `left out   ${reasons.join(", ")}`, ...named, ...more].join("\n");
}
