import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { type BenchQualityOptions, benchQuality } from "../bench-quality.ts";
import { type BenchSpeedOptions, benchSpeed } from "../bench-speed.ts";
import type { Runner } from "../context.ts";
import { partsOption, positive, required } from "../options.ts";
import { addBenchBabilong } from "./bench-babilong.ts";

/** Registers `armt bench quality`, `armt bench speed` and `armt bench babilong`. */
export function addBench(program: Command, run: Runner): void {
  const bench = program.command("bench").summary("measure the product").description("Measures the product.");
  bench
    .command("quality")
    .summary("ask every question of a question set")
    .description(
      "Asks every question of a set and its paraphrases and prints one table, for the product and its peers.",
    )
    .addOption(new Option("--set <name>", "which questions").choices(["dev", "train"]).default("dev"))
    .option("--sources <dir>", "a folder with ws/<repo> for each repository (default: fetched)", path)
    .option("--repos <names>", "only these repositories, comma-separated", names)
    .option("--limit <n>", "at most so many questions of each repository", positive)
    .addOption(partsOption("--without <parts>", "one more row without these parts"))
    .option("--ablations", "one more row for each part left out")
    .option("--peers", "rows for BM25, MiniLM and their fusion")
    .option("--peers-only", "leave the product out")
    .option("--json <file>", "write every single result to a file", path)
    .option("--resume", "go on with a run that was cut off")
    .option("--reuse-index", "keep indexes for the next run")
    .option("--minilm <dir>", "the MiniLM peer's model", path)
    .option("--model <dir>", "another model bundle", path)
    .addOption(
      new Option("--provider <name>", "what runs the model").choices([
        "auto",
        "cpu",
        "webgpu",
        "cuda",
        "dml",
        "coreml",
      ]),
    )
    .option("--cache <dir>", "where sources and indexes are kept", path)
    .action(run((context, flags: BenchQualityOptions) => benchQuality(flags, context.signal)));
  bench
    .command("speed")
    .summary("time indexing, asking and saving beside their peers")
    .description(
      "Times indexing, asking and saving on this machine's processor, at workspaces of growing size, beside its peers.",
    )
    .option("--quick", "one small workspace, under a minute")
    .option(
      "--sizes <tokens>",
      "sizes of the workspace, comma-separated (default: 100000,1000000,3500000,10000000)",
      sizes,
    )
    .option("--json", "print the report as JSON")
    .option("--out <file>", "write the report as JSON to a file", path)
    .option("--plot <file>", "draw cost against workspace size as SVG", path)
    .option("--sources <dir>", "a folder with ws/<repo> for each training repository (default: fetched)", path)
    .option("--model <dir>", "another model bundle", path)
    .option("--cache <dir>", "where sources are kept", path)
    .action(run((context, flags: BenchSpeedOptions) => benchSpeed(flags, context.signal)));
  addBenchBabilong(bench, run);
}

function path(value: string): string {
  return resolve(required(value));
}

function sizes(value: string): readonly number[] {
  return names(value).map(positive);
}

function names(value: string): readonly string[] {
  return required(value)
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
