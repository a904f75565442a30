import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, CommanderError } from "commander";
import { openEngine, type Runner } from "../context.ts";
import { type CommonFlags, required, withCommonFlags } from "../options.ts";

/** Registers `armt import FILE [folder]`. */
export function addImport(program: Command, run: Runner): void {
  withCommonFlags(
    program
      .command("import")
      .summary("take over a memory saved by export")
      .description(
        "Takes over what export saved, in place of the folder's own memory. Files that differ are read anew.",
      )
      .argument("<file>", "a file that export saved", required)
      .argument("[folder]", "the workspace", "."),
  ).action(
    run(async (context, file: string, folder: string, flags: CommonFlags) => {
      const source = resolve(file);
      if (statSync(source, { throwIfNoEntry: false })?.isFile() !== true) {
        throw new CommanderError(2, "armt.import", `No such file: ${source}. Give a file that armt export saved.`);
      }
      await using engine = await openEngine(context, folder, flags, { readOnly: false });
      await engine.importFrom(source);
      context.result(flags, { file: source }, "Imported. Run armt index to bring it up to date with the folder.");
      return 0;
    }),
  );
}
