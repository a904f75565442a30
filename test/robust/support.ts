import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Answer, Citation, IndexReport } from "../../src/engine/types.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WATCHER = new URL("./cost.mjs", import.meta.url);
export const LAUNCHER = join(ROOT, "src/cli/launch.mjs");

/** A user who is not root and owns nothing ("nobody"), for what root's permissions would hide. */
const NOBODY = 65534;
export const isRoot = process.getuid?.() === 0;

/** A few small files of a real package, by their places in node_modules. */
const SMALL = ["error", "credentials", "heartbeat", "bitset"].map((name) => `amqplib/lib/${name}.js`);
/** Some more, one of them with many segments. */
export const MEDIUM: readonly string[] = [...SMALL, "amqplib/lib/frame.js", "amqplib/lib/recovery.js"];

/** What a finished command left. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Run as a user without rights where this process is root. */
  readonly powerless?: boolean;
  /** A pipe instead of an empty input. */
  readonly stdin?: "pipe";
  /** The Node that runs the launcher; default: the one that runs the tests. */
  readonly node?: string;
}

/** A folder of one test with a user's home in it; removed afterwards. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), "armt robust "));
  readonly home = join(this.folder, "home");

  constructor(test: TestContext | { after: (hook: () => void) => void }) {
    mkdirSync(join(this.home, ".state"), { recursive: true });
    // A powerless user must be able to keep its state here.
    for (const folder of [this.folder, this.home, join(this.home, ".state")]) chmodSync(folder, 0o777);
    test.after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** A workspace made of real packages' files and folders. */
  workspace(name: string, sources: readonly string[] = SMALL): string {
    const workspace = this.path(name);
    mkdirSync(workspace, { recursive: true });
    for (const entry of sources) {
      const target = join(workspace, entry);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(ROOT, "node_modules", entry), target, {
        recursive: true,
        filter: (source) => !source.slice(ROOT.length + "node_modules/".length).includes("node_modules"),
      });
    }
    return workspace;
  }

  /** A user's environment whose home is here. */
  environment(): Record<string, string> {
    const inherited = Object.entries(process.env).filter(
      // The runner of these tests sets it, and a test that is not one would then report instead of run.
      (entry): entry is [string, string] => entry[0] !== "NODE_TEST_CONTEXT" && entry[1] !== undefined,
    );
    return {
      ...Object.fromEntries(inherited),
      HOME: this.home,
      XDG_STATE_HOME: join(this.home, ".state"),
      NO_COLOR: "1",
    };
  }

  /** Starts `armt` as a user would. */
  start(args: readonly string[], options: RunOptions = {}): ChildProcess {
    const powerless = options.powerless === true && isRoot;
    return spawn(options.node ?? process.execPath, [LAUNCHER, ...args], {
      cwd: options.cwd ?? this.folder,
      stdio: [options.stdin ?? "ignore", "pipe", "pipe"],
      env: { ...this.environment(), ...options.env },
      ...(powerless ? { uid: NOBODY, gid: NOBODY } : {}),
    });
  }

  /** Runs `armt` to its end and tells what it cost: a busy machine makes the clock useless. */
  async cost(
    args: readonly string[],
  ): Promise<{ readonly run: Finished; readonly cpuMs: number; readonly native: string[] }> {
    const report = this.path("cost.json");
    const run = await this.run(args, { env: { NODE_OPTIONS: `--import=${WATCHER.href}`, ARMT_TEST_COST: report } });
    return { run, ...(JSON.parse(readFileSync(report, "utf8")) as { cpuMs: number; native: string[] }) };
  }

  /** Runs `armt` to its end. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return finished(this.start(args, options));
  }

  /** Runs `armt … --json` that must succeed; returns what it printed. */
  async json<T>(args: readonly string[], options: RunOptions = {}): Promise<T> {
    const run = await this.run([...args, "--json"], options);
    assert.equal(run.code, 0, `armt ${args.join(" ")} failed: ${run.stderr}`);
    return JSON.parse(run.stdout) as T;
  }

  index(workspace: string, ...args: readonly string[]): Promise<IndexReport> {
    return this.json<IndexReport>(["index", workspace, ...args]);
  }

  /** Asks; the answer may be that it was not found. */
  async ask(workspace: string, question: string, ...args: readonly string[]): Promise<Answer> {
    const run = await this.run(["ask", workspace, question, "--json", ...args]);
    assert.ok(run.code === 0 || run.code === 3, `armt ask failed: ${run.stderr}`);
    const answer = JSON.parse(run.stdout) as Answer;
    assert.equal(run.code, answer.abstained ? 3 : 0);
    return answer;
  }
}

/** Waits for the end of a process. */
export async function finished(child: ChildProcess): Promise<Finished> {
  const started = performance.now();
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr, ms: performance.now() - started }));
  });
}

/** A failure that a user can act on: the exit code, the cause, the next step, no stack trace, nothing on stdout. */
export function assertTold(run: Finished, code: number, ...says: readonly RegExp[]): void {
  assert.equal(run.code, code, `exit code; stderr: ${run.stderr}`);
  for (const pattern of says) assert.match(run.stderr, pattern);
  assert.doesNotMatch(run.stderr, /^\s+at |node:internal|fault in armt/m);
  assert.equal(run.stdout, "");
}

/** Each quote is what stands on disk at its lines. */
export function assertVerbatim(workspace: string, citations: readonly Citation[]): void {
  for (const { file, from, to, quote } of citations) {
    const lines = readFileSync(join(workspace, file), "utf8").split("\n");
    assert.equal(quote, lines.slice(from - 1, to).join("\n"), `${file}:${from}-${to}`);
  }
}

/** Why a test that needs a user without rights cannot run here, or false. */
export function cannotBePowerless(): string | false {
  if (process.platform === "win32") return "file permissions work otherwise on Windows";
  if (!isRoot) return false;
  const probe = spawnSync(process.execPath, ["-e", `require("node:fs").readFileSync(process.argv[1])`, LAUNCHER], {
    uid: NOBODY,
    gid: NOBODY,
  });
  return probe.status === 0 ? false : "the checkout cannot be read by another user than root";
}

/** Waits until an index run has committed files to its state; false if the run ended before. */
export async function committed(state: string, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    if (existsSync(state) && filesIn(state) > 0) return true;
    await delay(20);
  }
  return false;
}

function filesIn(state: string): number {
  const database = new DatabaseSync(state, { readOnly: true });
  try {
    return Number(database.prepare("SELECT count(*) AS n FROM files").get()?.["n"]);
  } catch {
    // The tables are not made yet.
    return 0;
  } finally {
    database.close();
  }
}

export function git(workspace: string, ...args: readonly string[]): void {
  const run = spawnSync("git", ["-C", workspace, "-c", "user.name=t", "-c", "user.email=t@t", ...args], {
    encoding: "utf8",
  });
  assert.equal(run.status, 0, `git ${args.join(" ")}: ${run.stderr}`);
}
