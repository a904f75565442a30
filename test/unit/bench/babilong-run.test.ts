import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BabilongReport } from "../../bench/babilong/babilong.ts";

const project = fileURLToPath(new URL("../../../", import.meta.url));

test("armt bench babilong answers from the committed bundle's memory, at a constant state", async () => {
  const flags = ["--tasks", "qa1", "--lengths", "0k,4k", "--n", "12", "--seed", "5", "--json"];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["src/cli/launch.mjs", "bench", "babilong", "--babi", "test/bench/babi", "--background", "src", ...flags],
    { cwd: project, maxBuffer: 1 << 24 },
  );
  const report = JSON.parse(stdout) as BabilongReport;
  assert.equal(report.model, "models/armt-babilong");
  assert.deepEqual(
    report.cells.map(({ task, length, n }) => [task, length, n]),
    [
      ["qa1", 0, 12],
      ["qa1", 4000, 12],
    ],
  );
  for (const { task, length, accuracy, tokens, stateBytes, results } of report.cells) {
    assert.ok(tokens >= length, `${tokens} tokens of ${length}`);
    assert.equal(stateBytes, report.cells[0]?.stateBytes);
    // Chance is one in six places.
    const failed = results.filter(({ answer, expected }) => answer !== expected.toLowerCase());
    assert.ok(accuracy >= 0.75, `${task} at ${length}: ${accuracy}, ${JSON.stringify(failed)}`);
    // What was read is in the stream in this order, and the answer stands in it.
    for (const { answer, lines } of results) assert.ok(lines.some((line) => line.toLowerCase().includes(answer)));
  }
});
