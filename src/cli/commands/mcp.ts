import type { Command } from "commander";
import { resolveWorkspace } from "../../engine/workspace.ts";
import type { Runner } from "../context.ts";
import { type EngineFlags, withEngineFlags } from "../options.ts";

/** Registers `armt mcp [folder]`. */
export function addMcp(program: Command, run: Runner): void {
  withEngineFlags(
    program
      .command("mcp")
      .summary("answer other programs' agents (Model Context Protocol)")
      .description(
        "Answers other programs' agents over stdin and stdout (Model Context Protocol), until stdin ends. " +
          "The folder is indexed in the background. What is quoted goes to the model that asks.",
      )
      .argument("[folder]", "the workspace", "."),
  ).action(
    run(async (context, folder: string, flags: EngineFlags) => {
      const root = resolveWorkspace(folder);
      // The protocol's library is of no use to the other commands.
      const { serve } = await import("../mcp/serve.ts");
      await serve(context, root, flags);
      return 0;
    }),
  );
}
