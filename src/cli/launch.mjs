#!/usr/bin/env node
/**
 * Starts the command line with a Node that can run it: `src/cli/armt.ts` in a checkout, `cli.js` where it was packaged.
 * Plain JavaScript for Node >= 20. A running Node that is good enough runs the program itself, without a child process.
 */
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findNode, runAs } from "./runtime.mjs";

const source = fileURLToPath(new URL("./armt.ts", import.meta.url));
const packaged = fileURLToPath(new URL("./cli.js", import.meta.url));
const program = existsSync(source) ? source : packaged;

try {
  const node = await findNode();
  if (node === process.execPath) {
    const emitWarning = process.emitWarning.bind(process);
    process.emitWarning = (warning, ...rest) => {
      const type = typeof rest[0] === "object" ? rest[0]?.type : rest[0];
      if (type !== "ExperimentalWarning") emitWarning(warning, ...rest);
    };
    await import(pathToFileURL(program).href);
  } else {
    runAs(node, [program, ...process.argv.slice(2)]);
  }
} catch (error) {
  process.stderr.write(`armt: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
