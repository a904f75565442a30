import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { ArmtError } from "../../../src/engine/errors.ts";
import type { GatedWrite } from "./encoder.ts";

/** One file of the stream as it was written: its segments' tokens and places, its gated writes, the time it took. */
export interface WrittenFile {
  readonly tokens: readonly number[];
  /** UTF-16 ranges in the file, from and to by turns. */
  readonly ranges: readonly number[];
  readonly ms: number;
  readonly writes: readonly { readonly segment: number; readonly writes: readonly GatedWrite[] }[];
}

interface StoredWrite {
  readonly segment: number;
  readonly slot: number;
  readonly beta: number;
  /** float32, base64. */
  readonly key: string;
}

/** The journal named with `--resume` is that of a run with another model, background or seed. */
export class OtherJournalError extends ArmtError {
  constructor(file: string) {
    super("other-journal", `${file} is the journal of another stream. Name another file with --resume.`);
  }
}

/**
 * Keeps how far a long stream has come, a line for each file, so that a run of hours can go on after it was cut off.
 * `identity` names all that the writes depend on; a journal of another one is refused.
 */
export class Journal {
  readonly #file: string;

  /** Opens or begins the journal; throws `OtherJournalError`. */
  constructor(file: string, identity: string) {
    this.#file = file;
    if (!existsSync(file)) {
      appendFileSync(file, `${JSON.stringify({ identity })}\n`);
      return;
    }
    const bytes = readFileSync(file);
    const head = bytes.subarray(0, bytes.indexOf(10)).toString();
    if (head !== JSON.stringify({ identity })) throw new OtherJournalError(file);
    // A line that was cut off is written again.
    truncateSync(file, bytes.lastIndexOf(10) + 1);
  }

  /** What was written so far, in order. */
  *read(): Generator<WrittenFile> {
    const lines = readFileSync(this.#file, "utf8").split("\n").slice(1, -1);
    for (const line of lines) {
      const { writes, ...rest } = JSON.parse(line) as Omit<WrittenFile, "writes"> & { readonly writes: StoredWrite[] };
      const bySegment = new Map<number, GatedWrite[]>();
      for (const { segment, slot, beta, key } of writes) {
        const bytes = Uint8Array.from(Buffer.from(key, "base64"));
        const own = bySegment.get(segment) ?? [];
        own.push({ slot, beta, key: new Float32Array(bytes.buffer) });
        bySegment.set(segment, own);
      }
      yield { ...rest, writes: [...bySegment].map(([segment, own]) => ({ segment, writes: own })) };
    }
  }

  add(file: WrittenFile): void {
    const writes: StoredWrite[] = file.writes.flatMap(({ segment, writes: own }) =>
      own.map(({ slot, beta, key }) => ({
        segment,
        slot,
        beta,
        key: Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("base64"),
      })),
    );
    appendFileSync(this.#file, `${JSON.stringify({ ...file, writes })}\n`);
  }
}
