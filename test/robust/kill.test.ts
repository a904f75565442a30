import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { committed, finished, MEDIUM, Sandbox } from "./support.ts";

const KILLS = 20;
/** Before its first segment a run loads the engine and the model. */
const STARTUP_MS = 600;
const QUESTIONS = [
  "what is the default of initialDelay?",
  "how often is a heartbeat sent?",
  "where is IllegalOperationError?",
];

/** Everything in a state that answers depend on: files, segments, writes and memories, in order. */
function contents(state: string): unknown {
  const database = new DatabaseSync(state, { readOnly: true });
  try {
    const files = database.prepare("SELECT path, hash, lines, segments FROM files ORDER BY path").all();
    const segments = database
      .prepare(
        `SELECT path, ordinal, byte_from, byte_to, line_from, line_to, symbol, segments.hash, mask, hex(gist) AS gist,
           hex(log) AS log
         FROM segments JOIN files ON files.id = segments.file LEFT JOIN writes ON writes.segment = segments.id
         ORDER BY path, ordinal`,
      )
      .all();
    const shards = database.prepare("SELECT id, live FROM shards ORDER BY id").all();
    return { files, segments, shards };
  } finally {
    database.close();
  }
}

test(`kill -9 at ${KILLS} random moments: the state is sound, and a finished index is as if undisturbed`, async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w", MEDIUM);
  const reference = await box.index(workspace, "--state", box.path("reference.sqlite"));
  const wanted = contents(reference.state);
  const answers: unknown[] = [];
  for (const question of QUESTIONS) answers.push(await box.ask(workspace, question, "--state", reference.state));

  let interrupted = 0;
  for (let round = 0; round < KILLS; round++) {
    const state = box.path(`killed-${round}.sqlite`);
    const child = box.start(["index", workspace, "--state", state]);
    const end = finished(child);
    await Promise.race([delay(Math.random() * (reference.ms + STARTUP_MS)), end]);
    child.kill("SIGKILL");
    if ((await end).signal === "SIGKILL") interrupted++;

    const verified = await box.run(["verify", workspace, "--state", state]);
    // Killed before its first commit there is no state yet.
    const none = verified.code === 1 && /There is no state file/.test(verified.stderr);
    assert.ok(verified.code === 0 || none, `round ${round}: ${verified.stdout} ${verified.stderr}`);
    await box.index(workspace, "--state", state);
    assert.deepEqual(contents(state), wanted, `round ${round}`);
  }
  assert.ok(interrupted >= KILLS / 2, `only ${interrupted} runs were killed before their end`);

  const last = box.path(`killed-${KILLS - 1}.sqlite`);
  for (const [n, question] of QUESTIONS.entries()) {
    const answer = await box.ask(workspace, question, "--state", last);
    assert.deepEqual({ ...answer, ms: 0 }, { ...(answers[n] as object), ms: 0 });
  }
});

test("Ctrl+C keeps what was done, and the next index goes on from there", async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w", ["amqplib/lib"]);
  const state = box.path("state.sqlite");
  const child = box.start(["index", workspace, "--state", state]);
  const end = finished(child);
  await committed(state, child);
  child.kill("SIGINT");
  const run = await end;
  assert.equal(run.code, 1, run.stderr);
  assert.match(run.stderr, /Stopping after this step/);
  assert.match(run.stderr, /What was done so far is kept/);
  assert.equal((await box.run(["verify", workspace, "--state", state])).code, 0);
  const rest = await box.index(workspace, "--state", state);
  assert.ok(rest.streamedSegments > 0 && rest.streamedSegments < rest.segments, JSON.stringify(rest));
});
