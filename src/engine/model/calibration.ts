import type { AnswerCalibration } from "../answer/compose.ts";
import type { FusionWeights } from "../recall/fuse.ts";

/** Numbers that the bundle brings along (`calibration` in its `config.json`), fitted without the dev repositories. */
export interface Calibration {
  readonly fusion: FusionWeights;
  /** Segments read for a question. */
  readonly places: number;
  /** Weight of the names of the place that a question goes on from, beside the question's words. */
  readonly aboutTermWeight: number;
  readonly answer: AnswerCalibration;
  /** Places cited at most. */
  readonly citations: number;
}
