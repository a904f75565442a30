import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { describeAnswer } from "../../../src/cli/answer-text.ts";
import { describeAnswer as forAgents } from "../../../src/cli/mcp/texts.ts";
import type { Answer } from "../../../src/engine/types.ts";

const answer = (confidence: number): Answer => ({
  question: "Which port?",
  answer: "5672",
  kind: "span",
  abstained: false,
  confidence,
  citations: [],
  chain: [],
  recalled: 1,
  read: 1,
  ms: 1_000,
  coverage: 1,
});

test("how sure an answer is has the words of the panel, for people and for agents", () => {
  for (const [confidence, word] of [
    [0.75, "sure"],
    [0.74, "likely"],
    [0.4, "likely"],
    [0.39, "unsure"],
  ] as const) {
    const said = stripVTControlCharacters(describeAnswer(answer(confidence)));
    assert.match(said, new RegExp(`^${word} \\(`, "im"));
    assert.match(forAgents(answer(confidence), []), new RegExp(`Confidence: ${word} \\(`));
  }
});
