import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ArmtError } from "../engine/errors.ts";

/** The benchmark's code and data are in the source checkout, not in the packaged extension. */
export class BenchUnavailableError extends ArmtError {
  constructor(looked: string) {
    super(
      "bench-unavailable",
      `The bench is part of the source checkout (looked for ${looked}). Clone the repository and run it there.`,
    );
  }
}

/**
 * A module of `test/bench`. Not a static import: the packaged command line must not carry the benches, their peers and
 * question sets. `M` is what it exports. Throws `BenchUnavailableError`.
 */
export async function benchModule<M>(path: string): Promise<M> {
  const module = fileURLToPath(new URL(`../../test/bench/${path}`, import.meta.url));
  if (!existsSync(module)) throw new BenchUnavailableError(module);
  return (await import(pathToFileURL(module).href)) as M;
}
