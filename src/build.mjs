/**
 * Bundles each program into dist/: the extension host (CommonJS, as VS Code loads it), the engine process, the webview
 * and the command line. Programs that find models/ by their own place lie as deep as their sources (dist/node/), and
 * packages with binaries or WebAssembly beside their code stay in node_modules.
 *
 * `node src/build.mjs [--production] [--extension] [--out FOLDER]`: minified and without source maps; without the
 * command line, as the extension is packaged; into another folder than dist/.
 */
import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { notices } from "./notices.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({
  options: { production: { type: "boolean" }, extension: { type: "boolean" }, out: { type: "string" } },
});
const target = resolve(root, options.out ?? "dist");
/** Built beside it and moved: what runs from dist/ meanwhile never finds it empty. */
const out = join(dirname(target), `.dist-${process.pid}`);

/** CommonJS packages inside an ES module bundle look for `require`. */
const banner = {
  js: 'import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url);',
};

/** @type {import("esbuild").BuildOptions} */
const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: options.production === true,
  sourcemap: options.production !== true,
  legalComments: "linked",
  logLevel: "info",
};

const external = ["onnxruntime-node", "web-tree-sitter", "@vscode/tree-sitter-wasm"];

/** @type {import("esbuild").BuildOptions} */
const onNode = { ...shared, platform: "node", target: "node22", external: ["vscode", ...external] };

/** @type {(import("esbuild").BuildOptions & { entryPoints: [string] })[]} */
const programs = [
  { ...onNode, entryPoints: ["src/extension.ts"], outfile: `${out}/extension.cjs`, format: "cjs" },
  { ...onNode, entryPoints: ["src/engine/process.ts"], outfile: `${out}/node/engine.js`, format: "esm", banner },
  { ...onNode, entryPoints: ["src/engine/encoder.ts"], outfile: `${out}/node/encoder.js`, format: "esm", banner },
  {
    ...shared,
    entryPoints: ["src/webview/main.ts"],
    outfile: `${out}/webview.js`,
    platform: "browser",
    target: "chrome134",
    format: "iife",
  },
];
if (!options.extension)
  programs.push({
    ...onNode,
    entryPoints: ["src/cli/armt.ts"],
    outfile: `${out}/node/cli.js`,
    format: "esm",
    banner,
  });

process.once("exit", () => rmSync(out, { recursive: true, force: true }));
// The panel and its host are not written yet in every revision: a program without a source is none.
const present = programs.filter(({ entryPoints: [entry] }) => existsSync(root + entry));
const built = await Promise.all(present.map((program) => build({ ...program, metafile: true })));
// The panel's icons: VS Code lends a webview its colours, not its icon font.
for (const file of ["codicon.css", "codicon.ttf"])
  copyFileSync(`${root}node_modules/@vscode/codicons/dist/${file}`, `${out}/${file}`);
if (!options.extension)
  for (const script of ["launch.mjs", "runtime.mjs"]) copyFileSync(`${root}src/cli/${script}`, `${out}/node/${script}`);
const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs));
const packages = [...external, "onnxruntime-common", "@vscode/codicons"].map((name) => `node_modules/${name}/`);
writeFileSync(`${out}/ThirdPartyNotices.txt`, notices(root, [...inputs, ...packages]));
rmSync(target, { recursive: true, force: true });
renameSync(out, target);
