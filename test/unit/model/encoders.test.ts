import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { CancelledError } from "../../../src/engine/errors.ts";
import { type Bundle, loadBundle } from "../../../src/engine/model/bundle.ts";
import { Encoders } from "../../../src/engine/model/encoders.ts";
import { Stepper } from "../../../src/engine/model/stepper.ts";
import { DEFAULT_MODEL } from "../../../src/engine/service.ts";
import { processesBelow } from "./processes.ts";

/** Far more than is worth starting processes for. */
const BULK = 1e9;

describe("encoders", { skip: process.platform !== "linux" && "reads /proc" }, () => {
  let bundle: Bundle;
  let stepper: Stepper;
  before(async () => {
    bundle = await loadBundle(DEFAULT_MODEL);
    stepper = new Stepper(bundle, "cpu");
    await stepper.index(Int32Array.of(3000), code(0), [0]);
  });
  after(() => stepper.release());

  const code = (i: number) =>
    Int32Array.from({ length: 20 + ((i * 13) % 100) }, (_, at) => 2000 + ((i * 101 + at * 37) % 9000));
  /** Steps as an index run takes them, `during` in the middle. */
  const encode = async (encoders: Encoders, count: number, during: () => void = () => {}) => {
    const steps = [];
    for (let i = 0; i < count; i++) {
      await encoders.room();
      steps.push(encoders.index(Int32Array.of(3000), code(i), [0, 5, 19]));
      if (i === count / 2) during();
    }
    return await Promise.all(steps);
  };
  const started = async () => {
    for (let waited = 0; processesBelow(process.pid).length === 0 && waited < 200; waited++) await delay(10);
    assert.notEqual(processesBelow(process.pid).length, 0);
  };

  const ended = async () => {
    for (let waited = 0; processesBelow(process.pid).length > 0 && waited < 500; waited++) await delay(10);
    assert.deepEqual(processesBelow(process.pid), []);
  };

  it("give to the bit what the engine's own session gives, and end", async () => {
    const encoders = new Encoders(bundle, stepper);
    encoders.start(BULK);
    await started();
    // Some are done here, while the processes start.
    for (let waited = 0; encoders.usage.peakMb === 0 && waited < 100; waited++) await encode(encoders, 10);
    const steps = await encode(encoders, 60);
    assert.ok(encoders.usage.processorMs > 0 && encoders.usage.peakMb > 0);
    for (const [i, step] of steps.entries()) {
      assert.deepEqual(step, await stepper.index(Int32Array.of(3000), code(i), [0, 5, 19]));
    }
    encoders.end();
    await ended();
  });

  it("lose no segment when their processes are killed", async () => {
    const encoders = new Encoders(bundle, stepper);
    encoders.start(BULK);
    await started();
    for (let waited = 0; encoders.usage.peakMb === 0 && waited < 100; waited++) await encode(encoders, 10);
    const steps = await encode(encoders, 60, () => {
      for (const pid of processesBelow(process.pid)) process.kill(pid, "SIGKILL");
    });
    for (const [i, step] of steps.entries()) {
      assert.deepEqual(step, await stepper.index(Int32Array.of(3000), code(i), [0, 5, 19]));
    }
    encoders.end();
    await ended();
  });

  it("give up what is under way when they are released", async () => {
    const encoders = new Encoders(bundle, stepper);
    encoders.start(BULK);
    await started();
    for (let waited = 0; encoders.usage.peakMb === 0 && waited < 100; waited++) await encode(encoders, 10);
    const steps = Promise.allSettled([0, 1, 2].map((i) => encoders.index(Int32Array.of(3000), code(i), [0])));
    encoders.release();
    assert.ok((await steps).every((step) => step.status === "rejected" && step.reason instanceof CancelledError));
    await ended();
  });

  it("start no process for a few segments", async () => {
    const encoders = new Encoders(bundle, stepper);
    encoders.start(1_000);
    assert.equal((await encode(encoders, 3)).length, 3);
    assert.deepEqual(processesBelow(process.pid), []);
  });
});
