/**
 * `npm run package -- --target linux-x64`: makes dist/armt-<target>-<version>.vsix with what this target needs and
 * nothing else. Without a target, for this machine; `--all` for each. Nothing is loaded from the network.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { arch, platform } from "node:process";
import { parseArgs } from "node:util";
import { contents, isTarget, ROOT, TARGETS, type Target } from "./contents.ts";

/** What an installed extension has of a manifest: no scripts, and of the packages only those that lie beside it. */
function installedManifest(manifest: Record<string, unknown>, packages: Readonly<Record<string, string>>): string {
  const { scripts: _, devDependencies: __, optionalDependencies: ___, private: ____, ...kept } = manifest;
  return JSON.stringify({ ...kept, dependencies: packages }, null, 2);
}

/** The README as VS Code shows it of an installed extension: what lies in the repository alone is not linked or shown. */
export function installedReadme(text: string): string {
  return text
    .replaceAll(/^!\[[^\]]*\]\((?!https?:)[^)]*\)\n*/gm, "")
    .replaceAll(/(?<!!)\[([^\]]+)\]\((?!https?:|#)[^)]*\)/g, "$1");
}

function readManifest(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Puts the files of an extension for `target` into the empty folder `stage`. */
function fill(stage: string, target: Target): void {
  const node = process.execPath;
  const out = join(stage, "dist");
  execFileSync(node, [join(ROOT, "src/build.mjs"), "--production", "--extension", "--out", out], { stdio: "pipe" });
  const packages: Record<string, string> = {};
  for (const file of [...contents(target), ".vscodeignore"]) {
    mkdirSync(dirname(join(stage, file)), { recursive: true });
    cpSync(join(ROOT, file), join(stage, file));
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(file)?.[1];
    if (name !== undefined) packages[name] = String(readManifest(join(ROOT, file))["version"]);
  }
  writeFileSync(join(stage, "README.md"), installedReadme(readFileSync(join(ROOT, "README.md"), "utf8")));
  writeFileSync(join(stage, "package.json"), installedManifest(readManifest(join(ROOT, "package.json")), packages));
  // Its own dependencies serve its installation alone, but for one that lies beside it.
  const runtime = "node_modules/onnxruntime-node/package.json";
  const common = { "onnxruntime-common": packages["onnxruntime-common"] ?? "" };
  writeFileSync(join(stage, runtime), installedManifest(readManifest(join(ROOT, runtime)), common));
}

/** Packages the extension for `target` into `folder`; returns the path of the VSIX. */
export function packageExtension(target: Target, folder: string): string {
  const version = String(readManifest(join(ROOT, "package.json"))["version"]);
  const file = join(resolve(folder), `armt-${target}-${version}.vsix`);
  const stage = mkdtempSync(join(tmpdir(), "armt-pack-"));
  try {
    fill(stage, target);
    mkdirSync(dirname(file), { recursive: true });
    const vsce = createRequire(import.meta.url).resolve("@vscode/vsce/vsce");
    const flags = ["--allow-missing-repository", "--no-rewrite-relative-links", "--no-git-tag-version"];
    execFileSync(process.execPath, [vsce, "package", "--target", target, "--out", file, ...flags], {
      cwd: stage,
      stdio: ["ignore", "pipe", "inherit"],
    });
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return file;
}

function main(): void {
  const { values } = parseArgs({
    options: { target: { type: "string" }, all: { type: "boolean" }, out: { type: "string" } },
  });
  const named = values.target ?? `${platform}-${arch}`;
  const targets = values.all ? TARGETS : [named].filter(isTarget);
  if (targets.length === 0) {
    process.stderr.write(`There is no model runtime for ${named}. Choose --target ${TARGETS.join(", ")}.\n`);
    process.exitCode = 2;
  }
  for (const target of targets) {
    const file = packageExtension(target, values.out ?? join(ROOT, "dist"));
    process.stdout.write(`${file} ${(statSync(file).size / 1e6).toFixed(1)} MB\n`);
  }
}

if (import.meta.main) main();
