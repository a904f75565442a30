import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { CancelledError } from "../errors.ts";
import type { MemoryDims } from "../memory/layout.ts";
import type { Bundle } from "./bundle.ts";
import { defaultThreads } from "./graph.ts";
import type { IndexStep, Stepper } from "./stepper.ts";

/** A segment to encode. */
export interface EncoderRequest {
  readonly id: number;
  readonly header: Int32Array;
  readonly code: Int32Array;
  readonly anchors: readonly number[];
}

export type EncoderReply =
  | { readonly ready: true }
  | {
      readonly id: number;
      readonly keys: Float32Array;
      readonly beta: Float32Array;
      readonly gist: Float32Array;
      readonly usage: Usage;
    };

/** What a process has used since it began. */
export interface Usage {
  /** Milliseconds of processors. */
  readonly processorMs: number;
  /** Most memory at a time, MiB. */
  readonly peakMb: number;
}

interface Job extends EncoderRequest {
  readonly resolve: (step: IndexStep) => void;
  readonly reject: (error: unknown) => void;
}

interface Encoder {
  readonly process: ChildProcess;
  readonly jobs: Map<number, Job>;
  ready: boolean;
  usage: Usage;
}

/** Segments that one process holds: enough to go on while the engine parses a file or commits. */
const HELD = 12;
/** Processes end when nothing came for this long. */
const IDLE_MS = 3_000;
/** About three seconds of steps: below it, starting processes does not pay. */
const WORTH_BYTES = 200_000;

/**
 * Index steps, many at a time: a step's products are too small to share among processors (two threads gain a tenth), but
 * segments do not depend on each other, so for a bulk of them each processor gets a process with a session of its own.
 * Processes and not threads, since ending a thread in the middle of a step ends the engine too. Where the model does not
 * run on the CPU, the bulk is small, or processes do not start or fail, the steps run in the engine itself.
 */
export class Encoders {
  readonly #bundle: Bundle;
  readonly #stepper: Stepper;
  readonly #encoders = new Set<Encoder>();
  readonly #waiting: (() => void)[] = [];
  #here: Promise<unknown> = Promise.resolve();
  #unfinished = 0;
  /** Processes that ended by themselves; others are not started in their place. */
  #failed = 0;
  #next = 0;
  /** Of processes that have ended; peaks are the highest sum. */
  #ended = 0;
  #peakMb = 0;
  #idle: NodeJS.Timeout | undefined;
  #released = false;

  constructor(bundle: Bundle, stepper: Stepper) {
    this.#bundle = bundle;
    this.#stepper = stepper;
  }

  get dims(): MemoryDims {
    return this.#stepper.dims;
  }

  /** Starts processes if so many bytes of source are worth it; steps run here until they are ready. */
  start(bytes: number): void {
    if (this.#stepper.provider !== "cpu" || bytes < WORTH_BYTES || availableParallelism() < 2) return;
    while (this.#encoders.size + this.#failed < defaultThreads()) this.#fork();
  }

  /** What all processes have used so far. */
  get usage(): Usage {
    const processorMs = [...this.#encoders].reduce((sum, { usage }) => sum + usage.processorMs, this.#ended);
    return { processorMs, peakMb: this.#peakMb };
  }

  /** Waits until another segment can be taken without piling up. */
  async room(): Promise<void> {
    while (this.#unfinished >= Math.max(1, this.#ready().length * HELD)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** As `Stepper.index`; the steps of many segments at once are shared out. */
  async index(header: Int32Array, code: Int32Array, anchors: readonly number[]): Promise<IndexStep> {
    clearTimeout(this.#idle);
    this.#unfinished++;
    try {
      return await new Promise<IndexStep>((resolve, reject) => {
        this.#dispatch({ id: this.#next++, header, code, anchors, resolve, reject });
      });
    } finally {
      this.#unfinished--;
      for (const resolve of this.#waiting.splice(0)) resolve();
      if (this.#unfinished === 0) this.#idle = setTimeout(() => this.end(), IDLE_MS).unref();
    }
  }

  /** Ends the processes and what they had under way (`CancelledError`): before the engine's own session is freed. */
  release(): void {
    this.#released = true;
    this.end();
  }

  /** Ends the processes; what they had under way is done in the engine itself. */
  end(): void {
    clearTimeout(this.#idle);
    for (const encoder of [...this.#encoders]) this.#drop(encoder);
  }

  #ready(): Encoder[] {
    return [...this.#encoders].filter(({ ready }) => ready);
  }

  #dispatch(job: Job): void {
    if (this.#released) {
      job.reject(new CancelledError());
      return;
    }
    const [first, ...others] = this.#ready();
    if (first === undefined) {
      // One after the other: each step blocks this thread.
      const run = () => this.#stepper.index(job.header, job.code, job.anchors).then(job.resolve, job.reject);
      this.#here = this.#here.then(run);
      return;
    }
    const freest = others.reduce((a, b) => (b.jobs.size < a.jobs.size ? b : a), first);
    freest.jobs.set(job.id, job);
    const { id, header, code, anchors } = job;
    freest.process.send({ id, header, code, anchors } satisfies EncoderRequest);
  }

  #fork(): void {
    // In the package all of the engine is one file, with the encoder's beside it.
    const module = new URL(import.meta.url.endsWith(".ts") ? "../encoder.ts" : "./encoder.js", import.meta.url);
    const child = fork(fileURLToPath(module), [], {
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const encoder: Encoder = { process: child, jobs: new Map(), ready: false, usage: { processorMs: 0, peakMb: 0 } };
    this.#encoders.add(encoder);
    const fail = () => {
      if (this.#encoders.has(encoder)) this.#failed++;
      this.#drop(encoder);
    };
    child.on("error", fail);
    child.once("exit", fail);
    child.on("message", (reply: EncoderReply) => this.#take(encoder, reply));
    child.send({ model: this.#bundle.folder });
  }

  #take(encoder: Encoder, reply: EncoderReply): void {
    if ("ready" in reply) {
      encoder.ready = true;
      for (const resolve of this.#waiting.splice(0)) resolve();
      return;
    }
    encoder.usage = reply.usage;
    this.#peakMb = Math.max(
      this.#peakMb,
      [...this.#encoders].reduce((sum, { usage }) => sum + usage.peakMb, 0),
    );
    const job = encoder.jobs.get(reply.id);
    encoder.jobs.delete(reply.id);
    const count = job?.anchors.length ?? 0;
    job?.resolve({
      keys: reply.keys.subarray(0, count * this.dims.dMem),
      betas: reply.beta.subarray(0, count),
      gist: reply.gist,
    });
  }

  #drop(encoder: Encoder): void {
    if (!this.#encoders.delete(encoder)) return;
    encoder.process.kill("SIGKILL");
    this.#ended += encoder.usage.processorMs;
    for (const job of encoder.jobs.values()) this.#dispatch(job);
  }
}
