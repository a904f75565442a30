import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { Progress } from "@modelcontextprotocol/sdk/types.js";
import type { Citation } from "../../src/engine/types.ts";
import { assertTold, assertVerbatim, finished, LAUNCHER, MEDIUM, Sandbox } from "./support.ts";

const QUESTION = "what is the value of pigeonTimeout?";
const FACT = "// Pigeons come back after this many milliseconds.\nexports.pigeonTimeout = 90210;\n";

interface Answered {
  readonly answer: string | null;
  readonly abstained: boolean;
  readonly confidence: number;
  readonly citations: readonly Citation[];
  readonly coverage: number;
  readonly notices: readonly string[];
}

interface Told {
  readonly workspace: string;
  readonly files: number;
  readonly coverage: number;
  readonly readOnly: boolean;
  readonly skipped: Readonly<Record<string, number>>;
  readonly notices: readonly string[];
}

/** An agent's program: the SDK's own client, which checks each result against the tool's declared schema. */
class Agent {
  readonly client = new Client({ name: "test", version: "1" });
  readonly transport: StdioClientTransport;
  /** What came over stdout and was no message of the protocol, and other faults. */
  readonly faults: Error[] = [];
  stderr = "";

  constructor(box: Sandbox, workspace: string) {
    this.transport = new StdioClientTransport({
      command: process.execPath,
      args: [LAUNCHER, "mcp", workspace],
      env: box.environment(),
      stderr: "pipe",
    });
    this.transport.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.client.onerror = (error) => this.faults.push(error);
  }

  static async start(t: TestContext, box: Sandbox, workspace: string): Promise<Agent> {
    const agent = new Agent(box, workspace);
    t.after(() => agent.client.close());
    await agent.client.connect(agent.transport);
    // The schemas are fetched first: the client then checks results against them.
    await agent.client.listTools();
    return agent;
  }

  async ask(args: object, onprogress?: (progress: Progress) => void): Promise<Answered> {
    const result = await this.call("ask_codebase", args, onprogress);
    assert.notEqual(result.isError, true, result.text);
    return result.structured as Answered;
  }

  /** What the tool says when it must refuse. */
  async refused(args: object): Promise<string> {
    const result = await this.call("ask_codebase", args);
    assert.equal(result.isError, true, result.text);
    return result.text;
  }

  async status(): Promise<Told> {
    const result = await this.call("index_status", {});
    assert.notEqual(result.isError, true, result.text);
    return result.structured as Told;
  }

  async call(
    name: string,
    args: object,
    onprogress?: (progress: Progress) => void,
  ): Promise<{ readonly isError: boolean; readonly text: string; readonly structured: unknown }> {
    const result = await this.client.callTool(
      { name, arguments: { ...args } },
      undefined,
      onprogress === undefined ? {} : { onprogress },
    );
    const content = result.content as readonly { readonly type: string; readonly text: string }[];
    return {
      isError: result.isError === true,
      text: content.map(({ text }) => text).join("\n"),
      structured: result.structuredContent,
    };
  }

  /** Waits until the index is complete. */
  async indexed(): Promise<Told> {
    for (;;) {
      const told = await this.status();
      if (told.coverage >= 1 && told.files > 0) return told;
      await delay(200);
    }
  }
}

function workspaceWithFact(box: Sandbox): string {
  const workspace = box.workspace("w", MEDIUM);
  writeFileSync(join(workspace, "pigeon.js"), FACT);
  return workspace;
}

test("an agent asks over the protocol: tools, quotes from disk, progress, refusals, saved changes", async (t) => {
  const box = new Sandbox(t);
  const workspace = workspaceWithFact(box);
  mkdirSync(box.path("elsewhere"));
  writeFileSync(box.path("elsewhere", "secret.js"), "exports.other = 1;\n");
  symlinkSync(box.path("elsewhere"), join(workspace, "link"), "dir");
  const agent = await Agent.start(t, box, workspace);

  await t.test("the tools are listed with what they take, return and do", async () => {
    const { tools } = await agent.client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      ["ask_codebase", "index_status"],
    );
    for (const tool of tools) {
      assert.ok((tool.description ?? "").length > 50);
      assert.ok(tool.outputSchema);
      assert.equal(tool.annotations?.readOnlyHint, true);
      assert.equal(tool.annotations?.openWorldHint, false);
    }
    assert.match(agent.client.getInstructions() ?? "", /data, never instructions/);
  });

  await t.test("the status tells how much is indexed", async () => {
    const told = await agent.indexed();
    assert.equal(told.workspace, workspace);
    assert.equal(told.files, MEDIUM.length + 1);
    assert.equal(told.readOnly, false);
    assert.deepEqual(told.notices, []);
  });

  await t.test("an answer's quotes are what stands on disk, and progress tells the stages", async () => {
    const progress: string[] = [];
    const answer = await agent.ask({ question: QUESTION }, ({ message }) => progress.push(message ?? ""));
    assert.ok(answer.citations.length > 0);
    assertVerbatim(workspace, answer.citations);
    const place = answer.citations.find(({ file }) => file === "pigeon.js");
    assert.ok(place, JSON.stringify(answer));
    if (place.span !== undefined) {
      const { line, column, text } = place.span;
      const onDisk = FACT.split("\n")[line - 1]?.slice(column, column + text.length);
      assert.equal(onDisk, text);
    }
    assert.ok(
      progress.some((message) => /^\d+ places? recalled$/.test(message)),
      progress.join("\n"),
    );
  });

  await t.test("a question about nothing here is not answered", async () => {
    const answer = await agent.ask({ question: "which pastry does the moon landing crew prefer?" });
    assert.equal(answer.abstained, true);
    assert.equal(answer.answer, null);
  });

  await t.test("narrowed questions stay inside what they are narrowed to, and inside the workspace", async () => {
    const { citations } = await agent.ask({ question: QUESTION, narrow: ["amqplib/lib/"] });
    assert.ok(citations.every(({ file }) => file.startsWith("amqplib/lib/")));
    const whole = await agent.ask({ question: QUESTION, narrow: [workspace] });
    assert.ok(whole.citations.some(({ file }) => file === "pigeon.js"));
    for (const outside of ["..", "../elsewhere", "/", box.path("elsewhere"), "link/secret.js", "missing.js", "a\0b"]) {
      assert.match(
        await agent.refused({ question: QUESTION, narrow: [outside] }),
        /There is no ".*" in the workspace/s,
      );
    }
  });

  await t.test("questions that are none are refused in words", async () => {
    assert.match(await agent.refused({ question: "   " }), /empty/);
    assert.match(await agent.refused({ question: "x".repeat(5_000) }), /question/);
    assert.match(await agent.refused({}), /question/);
  });

  await t.test("what changed on disk is never quoted as it was", async () => {
    writeFileSync(join(workspace, "pigeon.js"), FACT.replace("90210", "555"));
    const answer = await agent.ask({ question: QUESTION });
    assertVerbatim(workspace, answer.citations);
    assert.doesNotMatch(JSON.stringify(answer), /90210/);
  });

  assert.deepEqual(agent.faults, [], "stdout carries the protocol and nothing else");
});

test("a second server reads the index that the first one writes, and takes over after it", async (t) => {
  const box = new Sandbox(t);
  const workspace = workspaceWithFact(box);
  const first = await Agent.start(t, box, workspace);
  await first.indexed();
  const second = await Agent.start(t, box, workspace);
  const told = await second.status();
  assert.equal(told.readOnly, true);
  assert.match(told.notices.join(" "), /reading only/);
  const answer = await second.ask({ question: QUESTION });
  assertVerbatim(workspace, answer.citations);
  assert.ok(answer.citations.some(({ file }) => file === "pigeon.js"));
  await first.client.close();
  writeFileSync(join(workspace, "dove.js"), FACT.replace("pigeonTimeout", "doveTimeout").replace("90210", "777"));
  const later = await second.ask({ question: "what is the value of doveTimeout?" });
  assert.ok(
    later.citations.some(({ file }) => file === "dove.js"),
    JSON.stringify(later),
  );
  assert.equal((await second.status()).readOnly, false);
});

const HELLO = [
  {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
  },
  { jsonrpc: "2.0", method: "notifications/initialized" },
];

function send(child: ChildProcess, ...messages: readonly object[]): void {
  for (const message of messages) child.stdin?.write(`${JSON.stringify(message)}\n`);
}

test("the end of stdin ends the server while it indexes, with the state whole", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w", ["amqplib/lib"]);
  const child = box.start(["mcp", workspace], { stdin: "pipe" });
  const end = finished(child);
  // Noise is not the protocol: it is told on stderr, and the server goes on.
  child.stdin?.write("not json\n");
  send(child, ...HELLO);
  assert.ok(child.stdout);
  await once(child.stdout, "data");
  send(child, {
    jsonrpc: "2.0",
    id: 2,
    method: "tools/call",
    params: { name: "ask_codebase", arguments: { question: QUESTION } },
  });
  await delay(1_500);
  child.stdin?.end();
  const run = await end;
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stderr, /MCP: /);
  assert.doesNotMatch(run.stderr, /^\s+at /m);
  for (const line of run.stdout.split("\n").filter((text) => text !== "")) {
    assert.equal((JSON.parse(line) as { jsonrpc: string }).jsonrpc, "2.0");
  }
  assert.equal((await box.run(["verify", workspace])).code, 0);
  const report = await box.index(workspace);
  assert.ok(report.files > MEDIUM.length);
});

test("what cannot be served is told before the protocol begins", async (t) => {
  const box = new Sandbox(t);
  assertTold(await box.run(["mcp", "missing"]), 2, /missing/);
  assertTold(await box.run(["mcp", box.home]), 2, /home folder/);
  assertTold(await box.run(["mcp", box.home, "--json"]), 2, /unknown option/);
});

test("a model that cannot be loaded is told to the agent that asks", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w");
  const model = box.path("no-model");
  const child = box.start(["mcp", workspace, "--model", model], { stdin: "pipe" });
  const end = finished(child);
  let stdout = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  send(child, ...HELLO, {
    jsonrpc: "2.0",
    id: 2,
    method: "tools/call",
    params: { name: "ask_codebase", arguments: { question: QUESTION } },
  });
  while (!stdout.includes('"id":2') && child.exitCode === null) await delay(50);
  child.stdin?.end();
  const run = await end;
  assert.equal(run.code, 0, run.stderr);
  const answered = run.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { id?: number; result?: { isError?: boolean; content?: { text: string }[] } })
    .find(({ id }) => id === 2);
  assert.equal(answered?.result?.isError, true);
  assert.match(answered?.result?.content?.[0]?.text ?? "", /no-model/);
});
