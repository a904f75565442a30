import type { Command } from "commander";
import type { IndexReport } from "../../engine/types.ts";
import { indexWithProgress, openEngine, type Runner } from "../context.ts";
import { type CommonFlags, withCommonFlags } from "../options.ts";
import { bytes, count, duration, plural } from "../quantities.ts";
import { safeLine } from "../terminal.ts";

/** Registers `armt index [folder]`. */
export function addIndex(program: Command, run: Runner): void {
  withCommonFlags(
    program
      .command("index")
      .summary("read a folder into its memory")
      .description("Reads a folder into its memory, or brings the memory up to date: only what changed is read again.")
      .argument("[folder]", "the workspace", "."),
  ).action(
    run(async (context, folder: string, flags: CommonFlags) => {
      await using engine = await openEngine(context, folder, flags, { readOnly: false });
      const report = await indexWithProgress(context, engine);
      context.result(flags, report, describeReport(report));
      return 0;
    }),
  );
}

/** An index run in a few lines. */
export function describeReport(report: IndexReport): string {
  const memory = `${plural(report.segments, "segment")}, ${plural(report.writes, "write")} in ${plural(report.shards, "shard")}`;
  const lines = [`Indexed ${plural(report.files, "file")}: ${memory}.`, `This run: ${describeRun(report)}.`];
  const skipped = Object.entries(report.skipped).filter(([, files]) => files > 0);
  if (skipped.length > 0) {
    const reasons = skipped.map(([reason, files]) => `${count(files)} ${safeLine(reason)}`);
    lines.push(`Left out: ${reasons.join(", ")} (armt status lists them).`);
  }
  lines.push(`State: ${safeLine(report.state)} (${bytes(report.stateBytes)})`);
  return lines.join("\n");
}

function describeRun(report: IndexReport): string {
  const time = duration(report.ms);
  const removed = report.removedFiles > 0 ? `, ${plural(report.removedFiles, "file")} removed` : "";
  if (report.streamedSegments === 0) return `nothing new to read${removed}, ${time}`;
  const streamed = `${plural(report.streamedSegments, "segment")} of ${plural(report.streamedFiles, "file")} read`;
  const reused = report.reusedSegments > 0 ? `, ${count(report.reusedSegments)} kept` : "";
  const speed = `${count(report.tokensPerSecond)} tokens/s, peak memory ${count(report.peakMemoryMb)} MB`;
  return `${streamed}${reused}${removed}, ${time} (${speed})`;
}
