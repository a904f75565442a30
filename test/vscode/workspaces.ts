import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ROOT } from "./cache.ts";

/** A folder `name` in a fresh temporary folder; remove its parent when done. */
export function emptyWorkspace(name: string): string {
  const folder = join(realpathSync(mkdtempSync(join(tmpdir(), "armt-ws-"))), name);
  mkdirSync(folder);
  return folder;
}

/** Copies of packages of this checkout, as a git repository with one commit: one at the top, several side by side. */
export function repositoryOf(...packages: readonly string[]): string {
  const folder = emptyWorkspace(packages.length === 1 ? basename(packages[0] ?? "") : "packages");
  for (const name of packages) {
    const to = packages.length === 1 ? folder : join(folder, name);
    cpSync(join(ROOT, "node_modules", name), to, { recursive: true, dereference: true });
  }
  commit(folder);
  return folder;
}

/** amqplib: a client of message brokers, hand-written, 18 source files. */
export function amqplib(): string {
  return repositoryOf("amqplib");
}

/** Commits all files of a folder, which becomes a git repository if it was none. */
export function commit(folder: string): void {
  if (!existsSync(join(folder, ".git"))) git(folder, "init", "--quiet", "--initial-branch=main");
  git(folder, "add", "--all", "--force", ".");
  git(folder, "commit", "--quiet", "--message=All of it");
}

/** Runs git in a folder, as nobody in particular; returns what it prints. */
export function git(folder: string, ...args: readonly string[]): string {
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"];
  return execFileSync("git", ["-C", folder, ...identity, ...args], { encoding: "utf8", maxBuffer: 64e6 });
}

/** Writes a file of a workspace, with the folders above it. */
export function writeIn(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
