import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonByName } from "../../../src/engine/corpus/exclusions.ts";

test("no name takes longer than its length", () => {
  assert.equal(reasonByName(`secret${"-".repeat(200)}!`), undefined);
  assert.equal(reasonByName(`secret${"-".repeat(200)}`), "secret");
});
