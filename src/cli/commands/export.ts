import { resolve } from "node:path";
import type { Command } from "commander";
import { openEngine, type Runner } from "../context.ts";
import { type CommonFlags, required, withCommonFlags } from "../options.ts";
import { safeLine } from "../terminal.ts";

/** Registers `armt export FILE [folder]`. */
export function addExport(program: Command, run: Runner): void {
  withCommonFlags(
    program
      .command("export")
      .summary("save a folder's memory as one file")
      .description("Saves what was remembered of a folder as one file, to share or to keep (see import).")
      .argument("<file>", "a new file", required)
      .argument("[folder]", "the workspace", "."),
  ).action(
    run(async (context, file: string, folder: string, flags: CommonFlags) => {
      const target = resolve(file);
      await using engine = await openEngine(context, folder, flags, { readOnly: true });
      await engine.exportTo(target);
      context.result(flags, { file: target }, `Saved as ${safeLine(target)}. Use it elsewhere with armt import.`);
      return 0;
    }),
  );
}
