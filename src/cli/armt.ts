import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { ArmtError, CancelledError } from "../engine/errors.ts";
import { Cancellation } from "./cancel.ts";
import { addAsk } from "./commands/ask.ts";
import { addBatch } from "./commands/batch.ts";
import { addBench } from "./commands/bench.ts";
import { addClear } from "./commands/clear.ts";
import { addExport } from "./commands/export.ts";
import { addImport } from "./commands/import.ts";
import { addIndex } from "./commands/index.ts";
import { addMcp } from "./commands/mcp.ts";
import { addStatus } from "./commands/status.ts";
import { addVerify } from "./commands/verify.ts";
import type { Context, Runner } from "./context.ts";
import { safeBlock } from "./terminal.ts";

const FAILED = 1;
const USAGE = 2;

const context = (signal: AbortSignal): Context => ({
  signal,
  result: (flags, value, text) => process.stdout.write(`${flags.json === true ? JSON.stringify(value) : text}\n`),
  note: (text) => process.stderr.write(`${text}\n`),
});

const run: Runner =
  (action) =>
  async (...args) => {
    using cancellation = new Cancellation();
    try {
      process.exitCode = await action(context(cancellation.signal), ...args);
    } catch (error) {
      process.exitCode = tell(error, args.some(wantsJson));
    }
  };

/** Whether an argument of an action is the flags, with `--json` among them. */
function wantsJson(argument: unknown): boolean {
  return typeof argument === "object" && argument !== null && "json" in argument && argument.json === true;
}

/** The exit code of what a command threw; tells the user on stderr, and with `--json` as an object on stdout. */
function tell(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) {
    // commander has told its own errors, and help and version are none.
    if (!error.code.startsWith("commander.")) process.stderr.write(`armt: ${safeBlock(error.message)}\n`);
    return error.exitCode === 0 ? 0 : USAGE;
  }
  const known = error instanceof ArmtError;
  const reason = error instanceof Error ? error.message : String(error);
  const message = known
    ? reason
    : `${reason}. This is a fault in armt: run the command again with ARMT_DEBUG=1 and report what it prints.`;
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: { code: known ? error.code : "internal", message } })}\n`);
  }
  process.stderr.write(`${error instanceof CancelledError ? "" : "armt: "}${safeBlock(message)}\n`);
  if (process.env["ARMT_DEBUG"] !== undefined && error instanceof Error) {
    process.stderr.write(`${error.stack}\n${error.cause === undefined ? "" : `caused by ${String(error.cause)}\n`}`);
  }
  return known ? error.exitCode : FAILED;
}

// `armt ask … | head` closes the pipe early: nothing is left to do, and nothing went wrong.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(process.exitCode ?? 0);
});

const program = new Command("armt")
  .description("Answers questions about a whole codebase, quoted from its files, on your own machine.")
  .version(packageJson.version)
  .showHelpAfterError("Run armt --help, or armt help <command>.")
  .exitOverride()
  .configureOutput({ writeErr: (text) => process.stderr.write(safeBlock(text)) });

for (const add of [
  addIndex,
  addAsk,
  addBatch,
  addStatus,
  addVerify,
  addClear,
  addExport,
  addImport,
  addBench,
  addMcp,
]) {
  add(program, run);
}
// Commands registered before a setting do not inherit it, and `command()` copies exitOverride only.
for (const command of program.commands) command.copyInheritedSettings(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tell(error, false);
}
