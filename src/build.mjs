/**
 * Bundles each program into dist/: the extension host (CommonJS, as VS Code loads it), the engine process, the webview
 * and the command line. Programs that find models/ by their own place lie as deep as their sources (dist/node/), and
 * packages with binaries or WebAssembly beside their code stay in node_modules.
 */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const production = process.argv.includes("--production");

/** CommonJS packages inside an ES module bundle look for `require`. */
const banner = {
  js: 'import { createRequire as bundleRequire } from "node:module"; const require = bundleRequire(import.meta.url);',
};

/** @type {import("esbuild").BuildOptions} */
const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: production,
  sourcemap: !production,
  legalComments: "linked",
  logLevel: "info",
};

/** @type {import("esbuild").BuildOptions} */
const onNode = {
  ...shared,
  platform: "node",
  target: "node22",
  external: ["vscode", "onnxruntime-node", "web-tree-sitter", "@vscode/tree-sitter-wasm"],
};

/** @type {(import("esbuild").BuildOptions & { entryPoints: [string] })[]} */
const programs = [
  { ...onNode, entryPoints: ["src/extension.ts"], outfile: "dist/extension.cjs", format: "cjs" },
  { ...onNode, entryPoints: ["src/engine/process.ts"], outfile: "dist/node/engine.js", format: "esm", banner },
  { ...onNode, entryPoints: ["src/cli/armt.ts"], outfile: "dist/node/cli.js", format: "esm", banner },
  {
    ...shared,
    entryPoints: ["src/webview/main.ts"],
    outfile: "dist/webview.js",
    platform: "browser",
    target: "chrome134",
    format: "iife",
  },
];

rmSync(`${root}dist`, { recursive: true, force: true });
// The panel and its host are not written yet in every revision: a program without a source is none.
const present = programs.filter(({ entryPoints: [entry] }) => existsSync(root + entry));
await Promise.all(present.map((program) => build(program)));
// The panel's icons: VS Code lends a webview its colours, not its icon font.
for (const file of ["codicon.css", "codicon.ttf"])
  copyFileSync(`${root}node_modules/@vscode/codicons/dist/${file}`, `${root}dist/${file}`);
for (const script of ["launch.mjs", "runtime.mjs"])
  copyFileSync(`${root}src/cli/${script}`, `${root}dist/node/${script}`);
