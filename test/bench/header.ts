import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ArmtError } from "../../src/engine/errors.ts";
import type { QuestionSet } from "./questions/load.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a run depends on, for its header and for naming its journal. */
export interface Header {
  readonly set: QuestionSet;
  /** SHA-256 of the question file. */
  readonly setSha256: string;
  /** Folder of the model bundle, relative to the project where inside. */
  readonly model: string;
  /** The hash that the bundle states of itself (weights and what an index depends on); "none" without a bundle. */
  readonly modelHash: string;
  /** SHA-256 over all of the bundle's files: calibration counts too. */
  readonly modelSha256: string;
  /** SHA-256 over the engine's and the bench's sources. */
  readonly sourcesSha256: string;
  /** Commit with "+changes" where the working tree differs; "unknown" outside git. */
  readonly commit: string;
  readonly machine: string;
  readonly node: string;
  readonly started: string;
}

/** No model bundle where one was looked for. */
export class BundleMissingError extends ArmtError {
  constructor(folder: string) {
    super("bundle-missing", `${folder} holds no model bundle. Pass --model DIR, or --peers-only to measure the peers.`);
  }
}

/** The project's own bundle. */
export const DEFAULT_MODEL = join(root, "models", "armt-code");

/** Collects the header. Throws `BundleMissingError` unless `peersOnly`. */
export function readHeader(set: QuestionSet, setSha256: string, model: string, peersOnly: boolean): Header {
  if (!peersOnly && !existsSync(join(model, "config.json"))) throw new BundleMissingError(model);
  const inside = relative(root, model);
  return {
    set,
    setSha256,
    model: inside.startsWith("..") ? model : inside,
    modelHash: readBundle(model)?.modelHash ?? "none",
    modelSha256: existsSync(model) ? hashFiles([model]) : "none",
    sourcesSha256: hashFiles([join(root, "src", "engine"), join(root, "test", "bench")], ".ts"),
    commit: commit(),
    machine: `${cpus()[0]?.model.trim() ?? "unknown CPU"}, ${cpus().length} cores, ${(totalmem() / 1e9).toFixed(0)} GB, ${process.platform}-${process.arch}`,
    node: process.version,
    started: new Date().toISOString(),
  };
}

/** What the bench needs of a bundle's `config.json`; null where there is none. */
export function readBundle(
  model: string,
): { readonly modelHash: string; readonly limits: { readonly segmentTokens: number } } | null {
  const file = join(model, "config.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof readBundle>) : null;
}

/** The first characters of a hash over everything that decides a product's result. */
export function journalKey(header: Header): string {
  const parts = [header.setSha256, header.modelSha256, header.sourcesSha256];
  return `${header.set}-${createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 12)}`;
}

/** As `journalKey`, for the index alone: the parts of the engine that asking adds do not change it. */
export function indexKey(header: Header, model: string): string {
  const parts = ["corpus", "memory", "model", "store"].map((part) => join(root, "src", "engine", part));
  return createHash("sha256")
    .update(`${header.modelSha256}\n${hashFiles([...parts, model])}`)
    .digest("hex")
    .slice(0, 12);
}

/** SHA-256 over names and contents of the files in the folders, in order of their names. */
function hashFiles(folders: readonly string[], extension = ""): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()) {
      if (!name.endsWith(extension)) continue;
      const file = join(folder, name);
      try {
        const bytes = readFileSync(file);
        hash.update(`${name}\n${bytes.length}\n`).update(bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EISDIR") throw error;
      }
    }
  }
  return hash.digest("hex");
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "src", "models", "test/bench", "package-lock.json") !== "";
    return `${git("rev-parse", "HEAD")}${changed ? "+changes" : ""}`;
  } catch {
    return "unknown";
  }
}
