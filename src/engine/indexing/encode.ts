import { createHash } from "node:crypto";
import type { Segment } from "../corpus/segment.ts";
import type { MemoryDims } from "../memory/layout.ts";
import { quantizeRow, quantizeWrites } from "../memory/writes.ts";
import type { IndexStep } from "../model/stepper.ts";
import type { EncodedSegment } from "../store/records.ts";

/** Hash of all that a segment's encoding depends on, given the model: header, code and anchors. Compared in a file only. */
export function segmentHash(segment: Segment): string {
  const hash = createHash("sha256");
  const anchors = Int32Array.from(segment.anchors, (anchor) => anchor.token);
  for (const part of [segment.header, segment.code, anchors]) {
    hash.update(Int32Array.of(part.length));
    hash.update(part);
  }
  return hash.digest("base64url").slice(0, 8);
}

/** What makes an index step of a segment: `Stepper`, or `Encoders` for many. */
export interface IndexSteps {
  readonly dims: MemoryDims;
  index(header: Int32Array, code: Int32Array, anchors: readonly number[]): Promise<IndexStep>;
}

/** Streams one segment through the model with the read gate closed: its gist and its writes. */
export async function encodeSegment(steps: IndexSteps, segment: Segment): Promise<EncodedSegment> {
  const anchors = segment.anchors.map((anchor) => anchor.token);
  const { keys, betas, gist } = await steps.index(segment.header, segment.code, anchors);
  const packed = new Int8Array(gist.length);
  quantizeRow(gist, 0, gist.length, packed);
  return { gist: packed, writes: quantizeWrites(keys, betas, anchors, steps.dims.dMem) };
}
