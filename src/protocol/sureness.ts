export type Sureness = "sure" | "likely" | "unsure";

/** Likely right in nine, and in six of ten cases. */
const SURE = 0.75;
const LIKELY = 0.4;

/** A calibrated probability in words. */
export function surenessOf(confidence: number): Sureness {
  if (confidence >= SURE) return "sure";
  return confidence >= LIKELY ? "likely" : "unsure";
}
