import type { FileRecord, SegmentRecord } from "../store/records.ts";
import type { StagePlace } from "../types.ts";

/** The workspace as a line: files in path order, each as long as it has segments. */
export class Ruler {
  readonly #starts = new Map<string, number>();
  readonly #scale: number;

  /** `files` in path order; `coverage` of the line is what they take, as indexing goes from its start to its end. */
  constructor(files: readonly FileRecord[], coverage: number) {
    let segments = 0;
    for (const file of files) {
      this.#starts.set(file.path, segments);
      segments += file.segments;
    }
    this.#scale = segments === 0 ? 0 : coverage / segments;
  }

  place({ path, ordinal, lineFrom }: Pick<SegmentRecord, "path" | "ordinal" | "lineFrom">): StagePlace {
    const at = (this.#starts.get(path) ?? 0) + ordinal + 0.5;
    return { file: path, line: lineFrom, position: Math.min(1, at * this.#scale) };
  }
}
