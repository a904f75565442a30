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
    none: Math.log(1 - spanP),
    kinds: Float32Array.from(ANSWER_KINDS, (one) => (one === kind ? 5 : 0)),
  };
}

describe("what is answered from what was read", () => {
  it("takes the span of the place that supports it best", () => {
    const { kind, places, abstained } = compose([reading(1, -3, "span"), reading(2, 3, "span")], calibration);
    assert.deepEqual([kind, places[0]?.reading.segment, abstained], ["span", 2, false]);
  });

  it("takes it from elsewhere where spans of different places are compared by their logits", () => {
    const [held, other] = [reading(1, 1, "span"), reading(2, 0, "span", 0.8)];
    const logit = (of: Reading, value: number): Reading => ({
      ...of,
      spans: of.spans.map((s) => ({ ...s, logit: value })),
    });
    const places = [logit(held, 2), logit(other, 9)];
    const weighed = (weight: number) =>
      compose(places, { ...calibration, holder: { support: 1, span: 1, logit: weight } }).places[0]?.reading.segment;
    assert.deepEqual([weighed(0), weighed(1)], [1, 2]);
  });

  it("asks the best places alike whether there is an answer", () => {
    const sure = reading(1, 6, "span");
    const others = [2, 3, 4, 5].map((segment) => reading(segment, -6, "none"));
    const strict = { ...calibration, absence: { bias: -1, support: 0, span: 0, none: 2 } };
    assert.equal(compose([sure], strict).abstained, false);
    assert.equal(compose([sure, ...others], strict).abstained, true, "one sure place does not outvote four");
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
