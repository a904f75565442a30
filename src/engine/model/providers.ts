import { readdirSync, readFileSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { dirname, join } from "node:path";
import { defaultStateFile } from "../store/location.ts";
import type { ProviderChoice } from "../types.ts";
import type { Bundle } from "./bundle.ts";
import { GraphRunError, type Provider, ProviderUnavailableError } from "./graph.ts";
import { indexInput } from "./inputs.ts";
import { ProviderMemory } from "./provider-memory.ts";
import { StepSession } from "./session.ts";

/** What `auto` found: milliseconds of one step on each provider that started, or why it did not. */
export interface ProviderTrial {
  readonly provider: Provider;
  readonly ms?: number;
  readonly error?: string;
}

/** GPU providers of onnxruntime-node's builds, most promising first. */
const GPU_PROVIDERS: Readonly<Record<string, readonly Provider[]>> = {
  "linux-x64": ["cuda", "webgpu"],
  "darwin-arm64": ["coreml", "webgpu"],
  "win32-x64": ["dml", "webgpu"],
  "win32-arm64": ["dml", "webgpu"],
};

/** File that remembers the fastest provider, beside the workspaces' states. */
export function providerMemory(): string {
  return join(dirname(defaultStateFile("")), "providers.json");
}

/** Providers that onnxruntime-node has on a platform; `cpu` always starts. */
export function providersOf(system: string): readonly Provider[] {
  return ["cpu", ...(GPU_PROVIDERS[system] ?? [])];
}

/** Providers worth a trial here. On Linux the device files tell which are not: their libraries would only complain. */
function providersHere(): readonly Provider[] {
  return providersOf(`${platform()}-${arch()}`).filter((provider) => {
    if (platform() !== "linux" || provider === "cpu") return true;
    return provider === "cuda" ? nvidiaDriver() !== "" : renderNodes() !== "";
  });
}

/**
 * Loads the step on the chosen provider. A named provider either starts or is an error. `auto` takes what `memory` (a
 * JSON file) says is fastest for this machine, driver and model; where nothing is remembered, or it does not start any
 * more, it measures all but those whose last trial did not end: their drivers may have ended the process. `onTry` hears
 * of each provider before its driver is touched. Throws the errors of `StepSession.load`.
 */
export async function openSession(
  bundle: Bundle,
  choice: ProviderChoice,
  file?: string,
  onTry: (provider: Provider) => void = () => {},
): Promise<StepSession> {
  const load = (provider: Provider) => {
    onTry(provider);
    return StepSession.load(bundle, provider);
  };
  if (choice !== "auto") return load(choice);
  const memory = file === undefined ? undefined : memoryAt(file);
  const machine = machineKey(bundle);
  const known = memory?.fastest(machine);
  if (known !== undefined) {
    try {
      return await load(known);
    } catch (error) {
      if (!(error instanceof ProviderUnavailableError)) throw error;
    }
  }
  const all = providersHere();
  const providers = all.filter((provider) => memory?.isSuspect(machine, provider) !== true);
  const begin = (provider: Provider): Disposable | undefined => {
    onTry(provider);
    return provider === "cpu" ? undefined : memory?.trying(machine, provider);
  };
  const { session } = await fastestSession(bundle, providers, begin);
  // Another window may be trying what is left out here.
  if (providers.length === all.length) memory?.remember(machine, session.provider);
  return session;
}

/**
 * Times one step of a full segment on each provider that starts and keeps the fastest. onnxruntime falls back to
 * nothing by itself: a provider that fails to start or to run is passed over. `begin` is called before a provider's driver
 * is touched, and its result disposed of behind the trial. Throws only when the CPU fails.
 */
export async function fastestSession(
  bundle: Bundle,
  providers: readonly Provider[] = providersHere(),
  begin: (provider: Provider) => Disposable | undefined = () => undefined,
): Promise<{ readonly session: StepSession; readonly trials: readonly ProviderTrial[] }> {
  const trials: ProviderTrial[] = [];
  let best: { readonly session: StepSession; readonly ms: number } | undefined;
  for (const provider of providers) {
    let session: StepSession | undefined;
    try {
      using _trial = begin(provider);
      session = await StepSession.load(bundle, provider);
      const ms = await stepTime(session, bundle);
      trials.push({ provider, ms });
      const loser = best !== undefined && best.ms <= ms ? session : best?.session;
      if (loser !== session) best = { session, ms };
      await loser?.release();
    } catch (error) {
      if (!(error instanceof ProviderUnavailableError || error instanceof GraphRunError) || provider === "cpu")
        throw error;
      trials.push({ provider, error: error.message });
      await session?.release();
    }
  }
  return { session: best?.session ?? (await StepSession.load(bundle, "cpu")), trials };
}

/** Milliseconds of one index step of a full segment, best of three; the first run, which compiles, does not count. */
async function stepTime(session: StepSession, bundle: Bundle): Promise<number> {
  const code = new Int32Array(bundle.limits.segmentTokens).fill(bundle.specialTokens.sep);
  const input = indexInput(bundle, new Int32Array(0), code, [0]);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 4; run++) {
    const started = performance.now();
    await session.encode(input);
    if (run > 0) best = Math.min(best, performance.now() - started);
  }
  return best;
}

/** What the fastest provider depends on: processor, system, graphics driver as far as it shows, and the model. */
function machineKey(bundle: Bundle): string {
  return [platform(), arch(), release(), cpus()[0]?.model ?? "", graphicsDriver(), bundle.hash].join(" | ");
}

function graphicsDriver(): string {
  return platform() === "linux" ? `${nvidiaDriver()} ${renderNodes()}`.trim() : "";
}

/** NVIDIA's driver version on Linux, or "". */
function nvidiaDriver(): string {
  return orEmpty(() => readFileSync("/proc/driver/nvidia/version", "utf8").split("\n", 1)[0] ?? "");
}

/** Names of the GPUs' device files on Linux, or "". */
function renderNodes(): string {
  return orEmpty(() => readdirSync("/dev/dri").join(","));
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return ""; // no such device
  }
}

/** Forgets which provider is fastest: it failed at a step, so that the next start measures again. */
export function forgetFastest(bundle: Bundle, file: string): void {
  memoryAt(file).forget(machineKey(bundle));
}

function memoryAt(file: string): ProviderMemory {
  return new ProviderMemory(file, providersOf(`${platform()}-${arch()}`));
}
