import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { tritBytes } from "../../src/engine/memory/codes.ts";
import { loadBundle } from "../../src/engine/model/bundle.ts";
import { storeOptions } from "../../src/engine/open-state.ts";
import { DEFAULT_MODEL } from "../../src/engine/service.ts";
import { Store } from "../../src/engine/store/store.ts";
import { resolveWorkspace } from "../../src/engine/workspace.ts";
import { committed, finished, MEDIUM, Sandbox } from "./support.ts";

const KILLS = 20;
/** Before its first segment a run loads the engine and the model. */
const STARTUP_MS = 600;
const QUESTIONS = [
  "what is the default of initialDelay?",
  "how often is a heartbeat sent?",
  "where is IllegalOperationError?",
];

const bundle = await loadBundle(DEFAULT_MODEL);

/** Everything in a state that answers depend on: files, segments, gists and writes, in order, and the shards. */
function contents(workspace: string, state: string): unknown {
  const root = resolveWorkspace(workspace);
  const store = Store.open(state, storeOptions({ workspace, readOnly: true }, root, bundle));
  try {
    const bytes = tritBytes(bundle.memoryDims.gistWidth);
    const gists = new Map<number, Uint8Array>();
    for (const { first, block } of store.memory().blocks()) {
      for (const i of block.files.keys()) gists.set(first + i, block.gists.subarray(i * bytes, (i + 1) * bytes));
    }
    const files = store.files().map(({ path, hash, lines }) => ({
      path,
      hash,
      lines,
      segments: store.segmentsOfFile(path).map(({ id, file: _, ...segment }) => {
        return { ...segment, gist: gists.get(id), writes: store.writesOf([id]).get(id) };
      }),
    }));
    return { files, shards: store.shards().map(({ id, atRest, live }) => ({ id, atRest, live })) };
  } finally {
    store.close();
  }
}

test(`kill -9 at ${KILLS} random moments: the state is sound, and a finished index is as if undisturbed`, async (t) => {
  const box = new Sandbox(t);
  const workspace = box.workspace("w", MEDIUM);
  const reference = await box.index(workspace, "--state", box.path("reference.sqlite"));
  const wanted = contents(workspace, reference.state);
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
    assert.deepEqual(contents(workspace, state), wanted, `round ${round}`);
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
