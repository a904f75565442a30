import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ANSWER_KINDS, type AnswerCalibration, compose, type Reading } from "../../../src/engine/answer/compose.ts";

const calibration: AnswerCalibration = {
  support: { bias: 0, relevance: 1, prior: 0 },
  holder: { support: 1, span: 1, logit: 0 },
  confidence: { bias: 0, support: 0, span: 1, none: 0 },
  absence: { bias: 0, support: -1, span: 0, none: 2 },
  abstainAbove: 0.5,
  listShare: 0.5,
};

function reading(segment: number, relevance: number, kind: (typeof ANSWER_KINDS)[number], spanP = 0.9): Reading {
  return {
    segment,
    prior: 0,
    relevance,
    spans: [{ start: 0, end: 4, logProbability: Math.log(spanP), logit: 0 }],
    options: [],
    none: Math.log(1 - spanP),
    kinds: Float32Array.from(ANSWER_KINDS, (one) => (one === kind ? 5 : 0)),
  };
}

describe("what is answered from what was read", () => {
  it("takes the span of the place that supports it best", () => {
    const { kind, places, abstained } = compose([reading(1, -3, "span"), reading(2, 3, "span")], calibration);
    assert.deepEqual([kind, places[0]?.reading.segment, abstained], ["span", 2, false]);
  });

  it("takes an option of the question that a place speaks for more than for its own spans", () => {
    const option = { start: 10, end: 15, logProbability: Math.log(0.8), logit: 0 };
    const asked: Reading = { ...reading(1, 3, "span", 0.1), options: [option] };
    const composition = compose([reading(2, -3, "span"), asked], calibration);
    assert.deepEqual([composition.option, composition.spans, composition.places[0]?.reading], [option, [], asked]);
    const quoted = compose([reading(2, 3, "span"), { ...asked, relevance: -3 }], calibration);
    assert.deepEqual([quoted.option, quoted.spans.length], [undefined, 1]);
  });

  it("answers unsurely where there is an answer, and says nothing where there is none", () => {
    const unsure = compose([reading(1, 3, "span", 0.01)], calibration);
    assert.ok(unsure.confidence < 0.05);
    assert.equal(unsure.abstained, false);
    const absent = compose([reading(1, -3, "none", 0.9)], calibration);
    assert.ok(absent.confidence > unsure.confidence);
    assert.equal(absent.abstained, true);
  });
});
