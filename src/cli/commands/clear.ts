import type { Command } from "commander";
import { openEngine, type Runner } from "../context.ts";
import { type CommonFlags, withCommonFlags } from "../options.ts";

/** Registers `armt clear [folder]`. */
export function addClear(program: Command, run: Runner): void {
  withCommonFlags(
    program
      .command("clear")
      .summary("forget a folder")
      .description("Deletes what was remembered of a folder. The folder itself is not touched.")
      .argument("[folder]", "the workspace", "."),
  ).action(
    run(async (context, folder: string, flags: CommonFlags) => {
      await using engine = await openEngine(context, folder, flags, { readOnly: false });
      await engine.clear();
      context.result(flags, { cleared: true }, "Forgotten. Run armt index to read the folder again.");
      return 0;
    }),
  );
}
