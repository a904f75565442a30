import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type BenchBabilongOptions, benchBabilong } from "../bench-babilong.ts";
import type { Runner } from "../context.ts";
import { positive, required } from "../options.ts";

const TASKS = ["qa1", "qa2", "qa3", "qa4", "qa5"] as const;
const DEFAULT_LENGTHS: readonly number[] = [0, 4_000, 32_000, 128_000];

/** Registers `armt bench babilong`. */
export function addBenchBabilong(bench: Command, run: Runner): void {
  bench
    .command("babilong")
    .summary("ask for facts scattered in a long stream")
    .description(
      "Scatters the statements of bAbI stories through code and documentation, streams that through one memory of " +
        "constant size, and asks at the end.",
    )
    .requiredOption("--babi <dir>", "the bAbI tasks' files in their original format", folder)
    .option("--tasks <names>", "which tasks, comma-separated (default: qa1 to qa5)", tasks, TASKS)
    .option("--lengths <lengths>", "tokens of background, e.g. 0k,4k,1M (default: to 128k)", lengths, DEFAULT_LENGTHS)
    .option("--n <n>", "questions of a cell (default: 100, beyond 1M 30)", positive)
    .option("--background <dir>", "code and documentation (default: the packages of this checkout)", folder)
    .option("--model <dir>", "another model bundle", folder)
    .option("--seed <n>", "of the places, the files' order and the choice of questions", positive)
    .option("--resume <file>", "keep a journal of a long run there, and go on from it", folder)
    .option("--json", "print the report with every single result as JSON")
    .addOption(new Option("--segments-per-shard <n>", "one shard for the whole stream").choices(["all"]).default("all"))
    .option("--no-log", "keep no log of writes (always so)")
    .action(run((context, flags: BenchBabilongOptions) => benchBabilong(flags, context.signal)));
}

function folder(value: string): string {
  return resolve(required(value));
}

function items(value: string): string[] {
  return required(value)
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function tasks(value: string): BenchBabilongOptions["tasks"] {
  return items(value).map((name) => {
    const task = TASKS.find((known) => known === name);
    if (task === undefined) throw new InvalidArgumentError(`Choose from ${TASKS.join(", ")}.`);
    return task;
  });
}

function lengths(value: string): readonly number[] {
  return items(value).map((text) => {
    const match = /^(\d+(?:\.\d+)?)(k|m)?$/i.exec(text);
    if (match === null) throw new InvalidArgumentError("Give numbers of tokens, such as 0k,4k,1M.");
    const unit = match[2]?.toLowerCase();
    return Math.round(Number(match[1]) * (unit === "m" ? 1_000_000 : unit === "k" ? 1_000 : 1));
  });
}
