import { join } from "node:path";
import { build } from "esbuild";
import { ROOT, WORK } from "../vscode/cache.ts";

/** Bundles test suites as the extension host loads them, into a folder from which they find mocha; returns it. */
export async function bundleSuites(names: readonly string[]): Promise<string> {
  const folder = join(WORK, "host");
  await build({
    absWorkingDir: ROOT,
    entryPoints: names.map((name) => join("test", "host", "suites", `${name}.ts`)),
    outdir: folder,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node22",
    external: ["vscode", "mocha"],
    sourcemap: "inline",
    logLevel: "warning",
  });
  return folder;
}
