import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Bundle, loadBundle } from "../../../src/engine/model/bundle.ts";
import { ProviderUnavailableError } from "../../../src/engine/model/graph.ts";
import { indexInput, questionInput, readInput } from "../../../src/engine/model/inputs.ts";
import { fastestSession, openSession, providersOf } from "../../../src/engine/model/providers.ts";
import { ReaderMemory } from "../../../src/engine/model/reader-memory.ts";
import { freeState, StepSession } from "../../../src/engine/model/session.ts";
import { Stepper } from "../../../src/engine/model/stepper.ts";
import { PROVIDER } from "../provider.ts";

const MODEL = fileURLToPath(new URL("../../../models/armt-code", import.meta.url));
/** Word pieces of some code; any ids do. */
const code = Int32Array.from({ length: 60 }, (_, i) => 2000 + 37 * i);
const header = Int32Array.of(3000, 3001);
const question = Int32Array.of(2054, 2003, 1996, 4555);

describe("the product's step", () => {
  let bundle: Bundle;
  let session: StepSession;
  before(async () => {
    bundle = await loadBundle(MODEL);
    session = await StepSession.load(bundle, PROVIDER);
  });
  after(() => session.release());

  it("gives a segment's keys, strengths and unit gist, and the same ones again", async () => {
    const input = indexInput(bundle, header, code, [0, 10, 59]);
    const out = await session.encode(input);
    assert.equal(out.keys.length, 3 * bundle.memoryDims.dMem);
    assert.equal(out.beta.length, 3);
    assert.ok(out.beta.every((beta) => beta >= 0 && beta <= 1));
    assert.equal(out.gist.length, bundle.memoryDims.gistWidth);
    assert.ok(Math.abs(Math.hypot(...out.gist) - 1) < 1e-3);
    await session.encode(questionInput(bundle, question));
    assert.deepEqual(await session.encode(input), out);
  });

  it("reads a segment into the reader memory, and what is remembered changes the next reading", async () => {
    const input = readInput(bundle, question, header, code);
    const first = await session.read(input, session.empty);
    assert.equal(first.start.length, input.tokens.length);
    assert.equal(first.end.length, input.tokens.length);
    assert.equal(first.relevance.length, 1);
    assert.equal(first.kind.length, 6);
    assert.ok((await session.land(first.state)).A.some((value) => value !== 0));
    const second = await session.read(input, first.state);
    assert.notDeepEqual(second.start, first.start);
    freeState(first.state);
    freeState(second.state);
  });

  it("takes a segment without anchors and a question without words", async () => {
    const out = await session.encode(indexInput(bundle, header, code, []));
    assert.equal(out.beta[0], 0);
    const nothing = await session.encode(questionInput(bundle, new Int32Array(0)));
    assert.ok(nothing.gist.every(Number.isFinite));
  });
});

describe("the reader memory", () => {
  it("is made anew on another session, as if it had been there from the start", async () => {
    const bundle = await loadBundle(MODEL);
    const parts = [0, 20, 40].map((from) => readInput(bundle, question, header, code.subarray(from, from + 20)));
    const [one, other] = [await StepSession.load(bundle, PROVIDER), await StepSession.load(bundle, PROVIDER)];
    try {
      using moved = new ReaderMemory();
      using stayed = new ReaderMemory();
      for (const [i, input] of parts.entries()) {
        const out = await moved.read(i < 2 ? one : other, input);
        assert.deepEqual(out, await stayed.read(other, input));
      }
    } finally {
      await one.release();
      await other.release();
    }
  });
});

describe("providers", () => {
  let bundle: Bundle;
  before(async () => {
    bundle = await loadBundle(MODEL);
  });

  it("always has the CPU, and what the platform's build has", () => {
    assert.deepEqual(providersOf("linux-arm64"), ["cpu"]);
    assert.deepEqual(providersOf("darwin-arm64"), ["cpu", "coreml", "webgpu"]);
    assert.deepEqual(providersOf("win32-x64"), ["cpu", "dml", "webgpu"]);
  });

  it("passes over a provider that does not start, and says why", async () => {
    const absent = process.platform === "win32" ? "coreml" : "dml";
    const { session, trials } = await fastestSession(bundle, ["cpu", absent]);
    assert.equal(session.provider, "cpu");
    assert.ok((trials[0]?.ms ?? 0) > 0);
    assert.match(trials[1]?.error ?? "", new RegExp(absent));
    await session.release();
    await assert.rejects(openSession(bundle, absent), ProviderUnavailableError);
  });

  it("gives the step to the CPU where the one that was chosen does not start, and says why", async () => {
    const absent = process.platform === "win32" ? "coreml" : "dml";
    const heard: string[] = [];
    const stepper = new Stepper(bundle, absent, (provider, running, reason) =>
      heard.push(`${provider} ${running}${reason === undefined ? "" : `: ${reason}`}`),
    );
    const { gist } = await stepper.index(header, code, [0]);
    assert.ok(Math.abs(Math.hypot(...gist) - 1) < 1e-3);
    assert.equal(stepper.provider, "cpu");
    assert.match(heard.join("\n"), new RegExp(`^${absent} false\ncpu false: .*${absent} does not start.*\ncpu true$`));
    assert.match(stepper.notices.join(), new RegExp(`${absent} does not start here.* The model runs on the CPU`));
    await stepper.release();
  });

  it("keeps what auto found, and measures again where that is of no use", async () => {
    const folder = mkdtempSync(join(tmpdir(), "armt-providers-"));
    try {
      const memory = join(folder, "deep", "providers.json");
      const first = await openSession(bundle, "auto", memory);
      await first.release();
      const kept = JSON.parse(readFileSync(memory, "utf8")) as Record<string, string>;
      assert.deepEqual(Object.values(kept), [first.provider]);
      const again = await openSession(bundle, "auto", memory);
      assert.equal(again.provider, first.provider);
      await again.release();
      writeFileSync(memory, "not JSON");
      const anew = await openSession(bundle, "auto", memory);
      await anew.release();
      assert.deepEqual(Object.values(JSON.parse(readFileSync(memory, "utf8")) as object), [anew.provider]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
