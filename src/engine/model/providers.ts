import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { dirname, join } from "node:path";
import { defaultStateFile } from "../store/location.ts";
import type { ProviderChoice } from "../types.ts";
import type { Bundle } from "./bundle.ts";
import { GraphRunError, type Provider, ProviderUnavailableError } from "./graph.ts";
import { indexInput } from "./inputs.ts";
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
 * more, it measures all. `onTry` hears of each provider before its driver is touched, which may end the process.
 * Throws the errors of `StepSession.load`.
 */
export async function openSession(
  bundle: Bundle,
  choice: ProviderChoice,
  memory?: string,
  onTry: (provider: Provider) => void = () => {},
): Promise<StepSession> {
  const load = (provider: Provider) => {
    onTry(provider);
    return StepSession.load(bundle, provider);
  };
  if (choice !== "auto") return load(choice);
  const key = machineKey(bundle);
  const known = memory === undefined ? undefined : readMemory(memory)[key];
  if (known !== undefined) {
    try {
      return await load(known);
    } catch (error) {
      if (!(error instanceof ProviderUnavailableError)) throw error;
    }
  }
  const { session } = await fastestSession(bundle, providersHere(), onTry);
  if (memory !== undefined) remember(memory, key, session.provider);
  return session;
}

/**
 * Times one step of a full segment on each provider that starts and keeps the fastest. onnxruntime falls back to
 * nothing by itself: a provider that fails to start or to run is passed over. Throws only when the CPU fails.
 */
export async function fastestSession(
  bundle: Bundle,
  providers: readonly Provider[] = providersHere(),
  onTry: (provider: Provider) => void = () => {},
): Promise<{ readonly session: StepSession; readonly trials: readonly ProviderTrial[] }> {
  const trials: ProviderTrial[] = [];
  let best: { readonly session: StepSession; readonly ms: number } | undefined;
  for (const provider of providers) {
    let session: StepSession | undefined;
    try {
      onTry(provider);
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

/** Machine key → provider. Anything unreadable counts as empty: it is measured again. */
function readMemory(file: string): Readonly<Record<string, Provider>> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
  if (typeof json !== "object" || json === null) return {};
  const known = new Set<unknown>(providersOf(`${platform()}-${arch()}`));
  const isProvider = (value: unknown): value is Provider => known.has(value);
  return Object.fromEntries(Object.entries(json).filter((entry): entry is [string, Provider] => isProvider(entry[1])));
}

/** Forgets which provider is fastest: it failed at a step, so that the next start measures again. */
export function forgetFastest(bundle: Bundle, file: string): void {
  const known = readMemory(file);
  const key = machineKey(bundle);
  if (key in known) write(file, Object.fromEntries(Object.entries(known).filter(([one]) => one !== key)));
}

function remember(file: string, key: string, provider: Provider): void {
  write(file, { ...readMemory(file), [key]: provider });
}

function write(file: string, known: Readonly<Record<string, Provider>>): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${JSON.stringify(known, undefined, 2)}\n`);
  } catch {
    // A state folder that cannot be written costs a measurement at the next start, nothing else.
  }
}
