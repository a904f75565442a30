import { type Command, InvalidArgumentError, Option } from "commander";
import type { EngineOptions } from "../engine/open-state.ts";
import type { Part, ProviderChoice } from "../engine/types.ts";

const PARTS: readonly Part[] = ["memory", "gist", "lexical", "reader"];
const PROVIDERS: readonly ProviderChoice[] = ["auto", "cpu", "webgpu", "cuda", "dml", "coreml"];

/** The flags of every command that opens a workspace. */
export interface EngineFlags {
  readonly state?: string;
  readonly provider?: ProviderChoice;
  readonly model?: string;
}

/** The flags of the commands that people and scripts run. */
export interface CommonFlags extends EngineFlags {
  readonly json?: boolean;
  readonly without?: readonly Part[];
  readonly segmentsPerShard?: number | "all";
}

/** Adds the flags of every command that opens a workspace. */
export function withEngineFlags(command: Command): Command {
  return command
    .option("--state <file>", "the workspace's state (default: one file per workspace in your state folder)", required)
    .addOption(new Option("--provider <name>", "what runs the model (default: the fastest)").choices(PROVIDERS))
    .option("--model <dir>", "another model bundle", required);
}

/** Adds the common flags to a command. */
export function withCommonFlags(command: Command): Command {
  return withEngineFlags(command)
    .option("--json", "print the result as JSON")
    .addOption(partsOption("--without <parts>", "leave parts out, to measure their worth"))
    .option("--segments-per-shard <n>", 'segments that share one memory, or "all"', segmentsPerShard);
}

/** An option whose value is parts, comma-separated or repeated. */
export function partsOption(flags: string, description: string): Option {
  return new Option(flags, `${description}: ${PARTS.join(", ")} (comma-separated or repeated)`).argParser(parts);
}

/** The engine's options from the flags. */
export function engineOptions(workspace: string, flags: CommonFlags, readOnly = false): EngineOptions {
  return {
    workspace,
    readOnly,
    ...(flags.state === undefined ? {} : { state: flags.state }),
    ...(flags.model === undefined ? {} : { model: flags.model }),
    ...(flags.provider === undefined ? {} : { provider: flags.provider }),
    ...(flags.without === undefined ? {} : { without: flags.without }),
    ...(flags.segmentsPerShard === undefined ? {} : { segmentsPerShard: flags.segmentsPerShard }),
  };
}

/** A whole number of at least 1. */
export function positive(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError("Give a whole number from 1.");
  return number;
}

/** Scripts with an unset variable pass an empty value: better refused than taken for the current folder. */
export function required(value: string): string {
  if (value.trim() === "") throw new InvalidArgumentError("It is empty.");
  return value;
}

function segmentsPerShard(value: string): number | "all" {
  return value === "all" ? "all" : positive(value);
}

function parts(value: string, previous: readonly Part[] | undefined): readonly Part[] {
  const named = value.split(",").map((name) => {
    const part = PARTS.find((known) => known === name.trim());
    if (part === undefined) throw new InvalidArgumentError(`Choose from ${PARTS.join(", ")}.`);
    return part;
  });
  return [...new Set([...(previous ?? []), ...named])];
}
