import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { CancelledError } from "../../../src/engine/errors.ts";
import { ProductFailedError, runProduct } from "../../bench/product.ts";

const folder = mkdtempSync(join(tmpdir(), "armt-bench-product-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the product's process", () => {
  const task = { workspace: join(folder, "gone"), state: join(folder, "state.armt"), rows: [] };

  it("passes on the engine's own message when it fails", async () => {
    const { signal } = new AbortController();
    await assert.rejects(
      runProduct(task, () => {}, signal),
      (error) => error instanceof ProductFailedError && error.message.includes("No such folder"),
    );
  });

  it("ends when cancelled", async () => {
    const controller = new AbortController();
    const running = runProduct(task, () => {}, controller.signal);
    controller.abort();
    await assert.rejects(running, CancelledError);
    await assert.rejects(
      runProduct(task, () => {}, controller.signal),
      CancelledError,
    );
  });
});
