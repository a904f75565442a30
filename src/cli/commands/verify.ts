import type { Command } from "commander";
import { openEngine, type Runner } from "../context.ts";
import { type CommonFlags, withCommonFlags } from "../options.ts";
import { count } from "../quantities.ts";
import { safeLine } from "../terminal.ts";

/** Registers `armt verify [folder]`. */
export function addVerify(program: Command, run: Runner): void {
  withCommonFlags(
    program
      .command("verify")
      .summary("check the state against its checksums")
      .description("Checks the state: checksums, and that each memory follows from its writes. Exit code 1: damaged.")
      .argument("[folder]", "the workspace", "."),
  ).action(
    run(async (context, folder: string, flags: CommonFlags) => {
      await using engine = await openEngine(context, folder, flags, { readOnly: true });
      const report = await engine.verify();
      const checked = Object.entries(report.checked).map(([what, number]) => `${count(number)} ${what}`);
      const text = report.ok
        ? `The state is sound: ${checked.join(", ")} checked.`
        : [
            "The state is damaged:",
            ...report.problems.map((problem) => `  ${safeLine(problem)}`),
            report.marked
              ? "Run armt index: it builds again what is damaged."
              : "Another process writes this state, or it may not be written: end that process or allow writing, " +
                "then run armt verify again.",
          ].join("\n");
      context.result(flags, report, text);
      return report.ok ? 0 : 1;
    }),
  );
}
