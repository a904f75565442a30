import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { CancelledError } from "../../../src/engine/errors.ts";
import { Scheduler, type Turn } from "../../../src/engine/scheduler.ts";

const steps = async (turn: Turn, name: string, count: number, trace: string[]) => {
  for (let step = 0; step < count; step++) {
    trace.push(name);
    await turn.pass();
  }
};

test("a more urgent task goes first at the next step, and what it interrupted goes on", async () => {
  const scheduler = new Scheduler();
  const trace: string[] = [];
  let parked = 0;
  const index = scheduler.run("index", async (turn) => {
    for (let step = 0; step < 4; step++) {
      trace.push("index");
      await turn.pass(() => parked++);
    }
  });
  const refresh = scheduler.run("refresh", (turn) => steps(turn, "refresh", 2, trace));
  const ask = scheduler.run("ask", (turn) => steps(turn, "ask", 2, trace));
  await Promise.all([index, refresh, ask]);
  assert.deepEqual(trace, ["index", "ask", "ask", "refresh", "refresh", "index", "index", "index"]);
  assert.equal(parked, 1);
});

test("equals go in the order in which they came, one at a time", async () => {
  const scheduler = new Scheduler();
  const trace: string[] = [];
  await Promise.all(["a", "b"].map((name) => scheduler.run("ask", (turn) => steps(turn, name, 3, trace))));
  assert.deepEqual(trace, ["a", "a", "a", "b", "b", "b"]);
});

test("nobody starves behind more urgent tasks", async () => {
  const scheduler = new Scheduler({ patienceMs: 30, sliceMs: 10 });
  let indexed = 0;
  let done = false;
  const index = scheduler.run("index", async (turn) => {
    for (; !done; indexed++) await turn.pass();
  });
  const asks = async () => {
    for (let n = 0; n < 20; n++) await scheduler.run("ask", () => delay(10));
  };
  // Two streams of questions leave no moment without one.
  await Promise.all([asks(), asks()]);
  const during = indexed;
  done = true;
  await index;
  assert.ok(during > 10, `${during} steps`);
});

test("a task that is cancelled while it waits never runs; one cancelled under way ends at its next step", async () => {
  const scheduler = new Scheduler();
  const trace: string[] = [];
  const [waiting, running] = [new AbortController(), new AbortController()];
  const first = scheduler.run("index", (turn) => steps(turn, "first", 1_000_000, trace), running.signal);
  const second = scheduler.run("index", (turn) => steps(turn, "second", 1, trace), waiting.signal);
  waiting.abort();
  await assert.rejects(second, CancelledError);
  running.abort();
  await assert.rejects(first, CancelledError);
  assert.deepEqual(new Set(trace), new Set(["first"]));
  await scheduler.run("ask", (turn) => steps(turn, "after", 1, trace));
  assert.equal(trace.at(-1), "after");
});

test("a failure gives the floor back", async () => {
  const scheduler = new Scheduler();
  await assert.rejects(
    scheduler.run("index", () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.equal(await scheduler.run("index", async () => 1), 1);
});
