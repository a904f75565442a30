import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contents, TARGETS, type Target } from "../../../src/pack/contents.ts";

const MODELS = ["config.json", "step.fp16.onnx", "step.int8.onnx", "tokenizer.json"].map(
  (name) => `models/armt-code/${name}`,
);

/** What each target has of the model and its runtime, and nothing of another's. */
const NATIVE: Readonly<Record<Target, readonly string[]>> = {
  "linux-x64": ["linux/x64/libonnxruntime.so.1", "linux/x64/onnxruntime_binding.node"],
  "linux-arm64": ["linux/arm64/libonnxruntime.so.1", "linux/arm64/onnxruntime_binding.node"],
  "darwin-arm64": ["darwin/arm64/libonnxruntime.1.dylib", "darwin/arm64/onnxruntime_binding.node"],
  "win32-x64": ["DirectML.dll", "dxcompiler.dll", "dxil.dll", "onnxruntime.dll", "onnxruntime_binding.node"].map(
    (name) => `win32/x64/${name}`,
  ),
  "win32-arm64": ["DirectML.dll", "dxcompiler.dll", "dxil.dll", "onnxruntime.dll", "onnxruntime_binding.node"].map(
    (name) => `win32/arm64/${name}`,
  ),
};

const GRAMMARS = "bash c-sharp cpp css go java javascript php powershell python ruby rust tsx typescript".split(" ");

/** The same for each target. */
const COMMON = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "media/activity.svg",
  "media/armt.woff",
  "media/icon.png",
  "media/l10n/bundle.l10n.json",
  "media/panel.css",
  ...["1-index", "2-ask", "3-evidence", "4-narrow", "5-save"].map((name) => `media/walkthrough/${name}.svg`),
  "package.json",
  "package.nls.json",
  "node_modules/@vscode/tree-sitter-wasm/LICENSE",
  "node_modules/@vscode/tree-sitter-wasm/package.json",
  ...GRAMMARS.map((name) => `node_modules/@vscode/tree-sitter-wasm/wasm/tree-sitter-${name}.wasm`),
  "node_modules/onnxruntime-common/dist/cjs/package.json",
  "node_modules/onnxruntime-common/package.json",
  ...["backend", "binding", "index", "version"].map((name) => `node_modules/onnxruntime-node/dist/${name}.js`),
  "node_modules/onnxruntime-node/package.json",
  ...["LICENSE", "package.json", "web-tree-sitter.js", "web-tree-sitter.wasm"].map(
    (name) => `node_modules/web-tree-sitter/${name}`,
  ),
];

/** The scripts of onnxruntime-common are many and of no interest here. */
const isScriptOfRuntime = (file: string) => /^node_modules\/onnxruntime-common\/dist\/cjs\/[\w-]+\.js$/.test(file);

describe("the package of a target", () => {
  for (const target of TARGETS)
    it(`holds what ${target} needs and nothing else`, () => {
      const libraries = NATIVE[target].map((name) => `node_modules/onnxruntime-node/bin/napi-v6/${name}`);
      const models = MODELS.filter((name) => target !== "linux-arm64" || !name.includes("fp16"));
      const files = contents(target);
      assert.deepEqual(
        files.filter((file) => !isScriptOfRuntime(file)),
        [...COMMON, ...libraries, ...models].sort(),
      );
      assert.ok(files.filter(isScriptOfRuntime).length > 10);
    });
});
