import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import type { Answer } from "../../src/engine/types.ts";
import { assertTold, assertVerbatim, committed, finished, Sandbox } from "./support.ts";

const box = new Sandbox({ after });
const workspace = box.workspace("w");

test("usage errors end with 2 and say what to run instead", async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["frobnicate"], /unknown command/],
    [["indx"], /Did you mean index/],
    [["index", "--frob"], /unknown option/],
    [["index", "a", "b"], /too many arguments/],
    [["ask"], /missing required argument/],
    [["ask", ""], /question is empty/],
    [["ask", workspace], /is a folder; the question is missing/],
    [["ask", workspace, "where", "is", "it"], /too many arguments/],
    [["index", "--provider", "abacus"], /Allowed choices are auto, cpu/],
    [["index", "--without", "memory,luck"], /Choose from memory, gist, lexical, reader/],
    [["index", "--segments-per-shard", "0"], /whole number from 1/],
    [["index", "--state", ""], /It is empty/],
    [["batch", "--workspace", workspace], /required option '--questions/],
    [["export"], /missing required argument/],
    [["bench"], /quality/],
  ];
  for (const [args, says] of wrong) assertTold(await box.run(args), 2, says);
});

test("help and version go to stdout and end with 0", async () => {
  for (const args of [["--help"], ["help", "ask"], ["index", "--help"], ["--version"]]) {
    const run = await box.run(args);
    assert.equal(run.code, 0);
    assert.notEqual(run.stdout, "");
    assert.equal(run.stderr, "");
  }
  const help = (await box.run(["--help"])).stdout;
  for (const command of ["index", "ask", "batch", "status", "verify", "clear", "export", "import", "bench", "mcp"]) {
    assert.match(help, new RegExp(`^ {2}${command} `, "m"));
  }
});

test("errors come as JSON on stdout with --json", async () => {
  const run = await box.run(["index", "missing", "--json"]);
  assert.equal(run.code, 2);
  const { error } = JSON.parse(run.stdout) as { error: { code: string; message: string } };
  assert.equal(error.code, "workspace-not-found");
  assert.match(error.message, /missing/);
});

test("ask indexes first, answers with quotes, and ends with 3 when it is not there", async () => {
  const shown = await box.run(["ask", workspace, "which error tells of an illegal operation?"]);
  assert.ok(shown.code === 0 || shown.code === 3, shown.stderr);
  assert.match(shown.stdout, /^[^\n]+:\d+(-\d+)?$/m);
  const nothing = await box.run(["ask", "which pastry does the moon landing crew prefer?"], { cwd: workspace });
  assert.equal(nothing.code, 3, nothing.stdout);
  assert.match(nothing.stdout, /^Not found in the workspace\./);
});

test("status tells what is indexed and what was left out", async () => {
  await box.index(workspace);
  const run = await box.run(["status", workspace]);
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /segments/);
  assert.equal(typeof (await box.json<object>(["status", workspace])), "object");
});

test("batch writes a line for each answer, reports bad lines by number, and resumes", async () => {
  const questions = box.path("q.jsonl");
  const out = box.path("r.jsonl");
  writeFileSync(
    questions,
    [
      '{"id":"a","question":"which user name is taken when none is given?"}',
      "not json",
      "",
      '{"id":"b"}',
      '{"id":3,"question":"what is UNITS_TO_MS?"}',
      '{"id":"a","question":"again?"}',
    ].join("\r\n"),
  );
  const run = await box.run(["batch", "--workspace", workspace, "--questions", questions, "--out", out, "--json"]);
  assert.equal(run.code, 1, run.stderr);
  for (const line of [2, 4, 6]) assert.match(run.stderr, new RegExp(`q\\.jsonl:${line}: `));
  const results = readFileSync(out, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer & { id: unknown });
  assert.deepEqual(
    results.map(({ id }) => id),
    ["a", 3],
  );
  for (const result of results) {
    assert.deepEqual(Object.keys(result), ["id", "answer", "abstained", "confidence", "citations", "hops", "ms"]);
    assertVerbatim(workspace, result.citations);
  }

  // A line that was cut off by a crash is answered again, the others are kept.
  const lines = readFileSync(out, "utf8").split("\n");
  writeFileSync(out, `${lines[0]}\n${lines[1]?.slice(0, 20)}`);
  const resumed = await box.run([
    "batch",
    "--workspace",
    workspace,
    "--questions",
    questions,
    "--out",
    out,
    "--resume",
  ]);
  assert.equal(resumed.code, 1);
  assert.equal(readFileSync(out, "utf8").split("\n")[0], lines[0]);
  assert.equal(readFileSync(out, "utf8").trimEnd().split("\n").length, 2);
});

test("batch refuses files it cannot use before anything heavy, and empties no results", async () => {
  const questions = box.path("q2.jsonl");
  const out = box.path("kept.jsonl");
  writeFileSync(questions, '{"id":1,"question":"where?"}\n');
  writeFileSync(out, "earlier\n");
  const batch = (...args: readonly string[]): readonly string[] => ["batch", ...args];
  const missing = ["--workspace", workspace, "--questions", "none.jsonl", "--out", out];
  assertTold(await box.run(batch(...missing)), 2, /none\.jsonl cannot be read/);
  assertTold(await box.run(batch("--workspace", "none", "--questions", questions, "--out", out)), 2, /No such folder/);
  assertTold(await box.run(batch("--workspace", workspace, "--questions", questions, "--out", questions)), 2, /--out/);
  assertTold(
    await box.run(batch("--workspace", workspace, "--questions", questions, "--out", "/no/such/r")),
    1,
    /--out/,
  );
  assert.equal(readFileSync(out, "utf8"), "earlier\n");
  writeFileSync(questions, "bad\n");
  assertTold(
    await box.run(batch("--workspace", workspace, "--questions", questions, "--out", out)),
    2,
    /q2\.jsonl:1: /,
  );
});

test("a reader that closes the pipe early is no error", async () => {
  await box.index(workspace);
  const child = box.start(["status", workspace, "--json"]);
  child.stdout?.destroy();
  assert.equal((await finished(child)).stderr, "");
});

/** The Node on the path, if it is too old for the engine: what a fresh machine may have. */
function oldNode(): string | undefined {
  const probe = spawnSync("node", ["-p", "process.versions.node"], {
    encoding: "utf8",
    env: { ...process.env, PATH: pathWithoutRunner() },
  });
  return probe.status === 0 && Number.parseInt(probe.stdout, 10) < 24 ? "node" : undefined;
}

/** npm puts node_modules/.bin first; the runner's own folder must not answer for the machine's Node. */
function pathWithoutRunner(): string {
  return (process.env["PATH"] ?? "")
    .split(":")
    .filter((folder) => !folder.includes("node_modules"))
    .join(":");
}

test("an old Node hands over to the one from npm: output, exit codes and signals pass", {
  skip: oldNode() === undefined && "the machine's Node is new enough",
}, async () => {
  const options = { node: "node", env: { PATH: pathWithoutRunner() } };
  const version = await box.run(["--version"], options);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal(version.stderr, "");
  assertTold(await box.run(["index", "missing"], options), 2, /No such folder/);
  const big = box.workspace("big", ["amqplib/lib"]);
  const state = box.path("big.sqlite");
  const child = box.start(["index", big, "--state", state], options);
  const end = finished(child);
  assert.ok(await committed(state, child), "the run ended before it could be stopped");
  child.kill("SIGINT");
  const stopped = await end;
  assert.equal(stopped.code, 1, stopped.stderr);
  assert.match(stopped.stderr, /What was done so far is kept/);
});
