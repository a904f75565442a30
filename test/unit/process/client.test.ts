import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  EngineCrashedError,
  EngineDisposedError,
  EngineRequestError,
  EngineStoppedError,
  isCancelled,
} from "../../../src/host/engine/errors.ts";
import { EngineClient, type EngineState } from "../../../src/host/engine-client.ts";
import { PROVIDER } from "../provider.ts";
import { client, ENGINE, GPU_CRASH, LARGE, params, SMALL, sandbox, until, workspaceOf } from "./support.ts";

const QUESTION = "what is the default of initialDelay?";
const posix = process.platform !== "win32";

test("kill -9 while indexing: the run fails with the cause, and goes on from there in a new process", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", LARGE);
  const { engine } = client(t, folder, { backOffMs: [50] });
  const states: EngineState["state"][] = [];
  engine.onState(({ state }) => states.push(state));
  const reopened: string[] = [];
  engine.onReopened(({ folder: which }) => reopened.push(which));
  await engine.open(params(folder, workspace));
  const first = engine.pid;
  let files = 0;
  const run = engine.index(workspace, ({ filesDone }) => {
    files = filesDone;
  });
  await until(() => files >= 5);
  process.kill(first ?? 0, "SIGKILL");
  await assert.rejects(run, (error) => {
    assert.ok(error instanceof EngineCrashedError);
    assert.deepEqual(error.reason, { kind: "exit", code: 137 });
    assert.equal(error.message, "It ended with code 137.");
    assert.equal(error.cpuOnly, PROVIDER !== "cpu", "what crashed on a GPU goes on without it");
    return true;
  });
  const report = await engine.index(workspace);
  assert.notEqual(engine.pid, first);
  assert.deepEqual(reopened, [workspace]);
  assert.deepEqual(states, ["starting", "running", "restarting", "starting", "running"]);
  assert.ok(report.streamedSegments > 0 && report.streamedSegments < report.segments, JSON.stringify(report));
  assert.equal((await engine.status(workspace)).coverage, 1);
});

test("kill -9 while answering: the question fails with the cause, and the next one is answered", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", ["recovery.js"]);
  const { engine } = client(t, folder, { backOffMs: [50] });
  await engine.open(params(folder, workspace));
  await engine.index(workspace);
  const ask = engine.ask({ folders: [workspace], question: QUESTION, narrow: [] }, ({ stage }) => {
    if (stage === "reading" && engine.state.state === "running") process.kill(engine.pid ?? 0, "SIGKILL");
  });
  await assert.rejects(ask, EngineCrashedError);
  const answer = await engine.ask({ folders: [workspace], question: QUESTION, narrow: [] });
  assert.equal(answer.citations[0]?.file, "recovery.js");
  assert.equal(answer.coverage, 1);
});

test("a process that hangs is killed, and told as one that stopped answering", { skip: !posix }, async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", SMALL);
  const { engine } = client(t, folder, { backOffMs: [50], pingMs: 100, silenceMs: 6_000 });
  await engine.open(params(folder, workspace));
  process.kill(engine.pid ?? 0, "SIGSTOP");
  await assert.rejects(engine.status(workspace), { name: "EngineCrashedError", message: "It stopped answering." });
  assert.equal((await engine.status(workspace)).coverage, 0);
});

test("three crashes stop it until the user starts it again", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", SMALL);
  const { engine, log } = client(t, folder, { backOffMs: [20, 300] });
  await engine.open(params(folder, workspace));
  const pauses: number[] = [];
  for (let crash = 1; crash <= 3; crash++) {
    await engine.status(workspace);
    const pid = engine.pid ?? 0;
    process.kill(pid, "SIGKILL");
    const began = performance.now();
    await until(() => engine.state.state === (crash === 3 ? "stopped" : "running") && engine.pid !== pid);
    pauses.push(performance.now() - began);
  }
  assert.ok((pauses[1] ?? 0) >= 300, `paused for ${pauses.join(", ")} ms`);
  await assert.rejects(engine.status(workspace), (error) => {
    assert.ok(error instanceof EngineStoppedError);
    assert.deepEqual(error.reason, { kind: "exit", code: 137 });
    return true;
  });
  await engine.restart({ cpuOnly: true });
  assert.equal(engine.state.state, "running");
  assert.equal((await engine.status(workspace)).provider, "cpu");
  assert.equal(log.filter((line) => line.includes("The engine process ended")).length, 3);
});

test("a program that ends at once is told with its cause, and is stopped", async (t) => {
  const folder = sandbox(t);
  const program = join(folder, "program.mjs");
  writeFileSync(program, "console.error('FATAL ERROR: JavaScript heap out of memory'); process.exit(7);\n");
  const { engine } = client(t, folder, { backOffMs: [10] }, program);
  const asked = () => engine.preview({ folder, include: [], exclude: [] });
  await assert.rejects(asked, { name: "EngineCrashedError", message: "It ran out of memory." });
  await until(async () => (await asked().catch((error: unknown) => error)) instanceof EngineStoppedError);
  assert.deepEqual(engine.state, { state: "stopped", cause: { kind: "memory" } });
});

test("after a crash on a GPU the model runs on the CPU", { skip: !posix }, async (t) => {
  const folder = sandbox(t);
  const { engine } = client(t, folder, { backOffMs: [10] }, GPU_CRASH);
  const providers: (string | null)[] = [];
  engine.onProvider((provider) => providers.push(provider));
  await engine.open(params(folder, folder, { provider: "auto" }));
  const question = { folders: [folder], question: "?", narrow: [] };
  await assert.rejects(engine.ask(question), (error) => {
    assert.ok(error instanceof EngineCrashedError);
    assert.deepEqual([error.reason, error.cpuOnly], [{ kind: "gpu-memory" }, true]);
    return true;
  });
  assert.equal((await engine.ask(question)).answer, "on the CPU");
  assert.deepEqual([engine.cpuOnly, engine.provider], [true, "cpu"]);
  assert.deepEqual(providers, ["webgpu", null, "cpu"]);
});

test("an aborted signal cancels the request, also while the process starts", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", LARGE);
  const { engine } = client(t, folder);
  await assert.rejects(engine.open(params(folder, workspace), AbortSignal.abort()), isCancelled);
  await engine.open(params(folder, workspace));
  const stop = new AbortController();
  const run = engine.index(workspace, (progress) => progress.segmentsDone > 5 && stop.abort(), stop.signal);
  await assert.rejects(run, isCancelled);
  await assert.rejects(engine.status("/not/open"), (error) => {
    assert.ok(error instanceof EngineRequestError);
    assert.equal(error.code, "folder-not-open");
    return true;
  });
});

test("disposing ends the process, and what runs ends with it", async (t) => {
  const folder = sandbox(t);
  const workspace = workspaceOf(folder, "w", LARGE);
  const { engine } = client(t, folder);
  await engine.open(params(folder, workspace));
  const pid = engine.pid ?? 0;
  let running = false;
  const run = engine.index(workspace, () => {
    running = true;
  });
  const ended = assert.rejects(run, EngineDisposedError);
  await until(() => running);
  await engine.dispose();
  await ended;
  assert.equal(alive(pid), false);
  await assert.rejects(engine.status(workspace), EngineDisposedError);
});

test("the process ends when its host is killed", { skip: !posix }, async (t) => {
  const folder = sandbox(t);
  const host = join(folder, "host.mjs");
  writeFileSync(
    host,
    `import { fork } from "node:child_process";
     const child = fork(process.argv[2], [], { stdio: "ignore" });
     child.once("spawn", () => process.stdout.write(String(child.pid)));
     setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [host, ENGINE], { stdio: ["ignore", "pipe", "ignore"] });
  const [pid] = (await once(parent.stdout, "data")) as [Buffer];
  parent.kill("SIGKILL");
  await until(() => !alive(Number(pid)));
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a folder that is gone when the process comes back is told, and the others go on", async (t) => {
  const folder = sandbox(t);
  const gone = workspaceOf(folder, "gone", SMALL);
  const stays = workspaceOf(folder, "stays", SMALL);
  const { engine } = client(t, folder, { backOffMs: [50] });
  await engine.open(params(folder, gone));
  await engine.open(params(folder, stays));
  const lost: string[] = [];
  engine.onLost(({ folder: which, error }) => lost.push(`${which} ${error.code}`));
  rmSync(gone, { recursive: true });
  process.kill(engine.pid ?? 0, "SIGKILL");
  await until(() => lost.length > 0);
  assert.deepEqual(lost, [`${gone} workspace-not-found`]);
  assert.equal((await engine.status(stays)).coverage, 0);
});

test("a runtime without SQLite is told as that", async (t) => {
  const folder = sandbox(t);
  const module = join(folder, "engine.mjs");
  writeFileSync(module, 'throw new Error("No such built-in module: node:sqlite");\n');
  const engine = new EngineClient({ module, log: () => {}, times: { backOffMs: [10] } });
  t.after(() => engine.dispose());
  await assert.rejects(engine.open(params(folder, folder)), EngineCrashedError);
  await until(() => engine.state.state === "stopped");
  await assert.rejects(engine.open(params(folder, folder)), (error) => {
    assert.ok(error instanceof EngineStoppedError);
    assert.match(error.message, /has no SQLite; update VS Code/);
    return true;
  });
});
