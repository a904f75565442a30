import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Provider } from "./graph.ts";

/**
 * What is known of the providers of machines, in a JSON file: the fastest one, and those whose trial was begun and not
 * ended. `machine` names processor, driver and model. What cannot be read or written costs a measurement, nothing else.
 */
export class ProviderMemory {
  readonly #file: string;
  readonly #known: ReadonlySet<unknown>;

  /** `known`: the providers that the file may name. */
  constructor(file: string, known: readonly Provider[]) {
    this.#file = file;
    this.#known = new Set(known);
  }

  fastest(machine: string): Provider | undefined {
    return this.#read()[machine];
  }

  remember(machine: string, provider: Provider): void {
    this.#write({ ...this.#read(), [machine]: provider });
  }

  /** It failed at a step: the next start measures again. */
  forget(machine: string): void {
    this.#remove(machine);
  }

  /** Notes that a provider's driver is about to be touched, which may end the process; the result's end takes it back. */
  trying(machine: string, provider: Provider): Disposable {
    const note = trial(machine, provider);
    this.#write({ ...this.#read(), [note]: provider });
    return { [Symbol.dispose]: () => this.#remove(note) };
  }

  /** Whether a trial of the provider was begun and not ended: it ended its process, or goes on in another one. */
  isSuspect(machine: string, provider: Provider): boolean {
    return trial(machine, provider) in this.#read();
  }

  #remove(key: string): void {
    const entries = this.#read();
    if (key in entries) this.#write(Object.fromEntries(Object.entries(entries).filter(([one]) => one !== key)));
  }

  #read(): Readonly<Record<string, Provider>> {
    let json: unknown;
    try {
      json = JSON.parse(readFileSync(this.#file, "utf8"));
    } catch {
      return {};
    }
    if (typeof json !== "object" || json === null) return {};
    const isProvider = (value: unknown): value is Provider => this.#known.has(value);
    return Object.fromEntries(
      Object.entries(json).filter((entry): entry is [string, Provider] => isProvider(entry[1])),
    );
  }

  #write(entries: Readonly<Record<string, Provider>>): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(this.#file, `${JSON.stringify(entries, undefined, 2)}\n`);
    } catch {
      // A state folder that cannot be written.
    }
  }
}

function trial(machine: string, provider: Provider): string {
  return `${machine} | trial of ${provider}`;
}
