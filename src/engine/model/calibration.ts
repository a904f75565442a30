import type { AnswerCalibration } from "../answer/compose.ts";
import type { FusionWeights } from "../recall/fuse.ts";

/** Numbers that the bundle brings along (`calibration` in its `config.json`), fitted without the dev repositories. */
export interface Calibration {
  readonly fusion: FusionWeights;
  readonly hops: {
    /** Rounds of recall and read at most. */
    readonly most: number;
    /** Segments read in the first round and in each later one. */
    readonly firstPlaces: number;
    readonly laterPlaces: number;
    /** No further round at this confidence. */
    readonly enough: number;
    /** Weight of a found segment's names beside the question's words. */
    readonly foundTermWeight: number;
    /** Segments read once more when the memory knows all that was found; 0 for one pass. */
    readonly secondPass: number;
  };
  readonly answer: AnswerCalibration;
  /** Places cited at most. */
  readonly citations: number;
}
