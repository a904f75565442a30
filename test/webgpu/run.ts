/**
 * Runs the tests of the GPU path on software Vulkan: those in this folder and the model's. `--all`: every test that steps
 * the model too, with `ARMT_TEST_PROVIDER=webgpu`. Where there is no software Vulkan they are skipped, but never in CI.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { ROOT, say } from "../vscode/cache.ts";
import { softwareVulkan, VulkanMissingError } from "./vulkan.ts";

const TESTS = ["test/webgpu/*.test.ts", "test/unit/model/session.test.ts", "test/unit/model/reference.test.ts"];
const ALL = ["test/unit/process/engine.test.ts", "test/unit/process/client.test.ts"];

function run(): number {
  const vulkan = softwareVulkan();
  const files = globSync(process.argv.includes("--all") ? [...TESTS, ...ALL] : TESTS, { cwd: ROOT });
  // One at a time: the device computes on all processors.
  const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...files], {
    cwd: ROOT,
    env: { ...process.env, ...vulkan, ARMT_TEST_PROVIDER: "webgpu" },
    stdio: "inherit",
  });
  return status ?? 1;
}

try {
  process.exitCode = run();
} catch (error) {
  if (!(error instanceof VulkanMissingError)) throw error;
  const needed = (process.env["CI"] ?? "") !== "";
  say(needed ? error.message : `Skipped. ${error.message}`);
  process.exitCode = needed ? 1 : 0;
}
