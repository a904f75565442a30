import type { AskStage, StagePlace } from "../../engine/types.ts";
import type { RulerView, StageView } from "../../protocol/panel.ts";

interface Hop {
  recalled: number;
  read: number;
  of: number;
}

/** What was recalled and read for a question so far, over all the folders that are asked. */
export class Stages {
  readonly #folders: readonly string[];
  readonly #hops = new Map<number, Hop>();
  readonly #recalled: number[] = [];
  readonly #read: number[] = [];
  readonly #places: { readonly folder: string; readonly place: StagePlace; readonly at: number }[] = [];

  /** In the order in which they lie on the ruler. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  add(folder: string, stage: AskStage): void {
    const hop = this.#hops.get(stage.hop) ?? { recalled: 0, read: 0, of: 0 };
    this.#hops.set(stage.hop, hop);
    if (stage.stage === "recalled") {
      hop.recalled += stage.places;
      for (const place of stage.found) this.#recalled.push(this.#note(folder, place));
      return;
    }
    if (stage.done === 0) hop.of += stage.of;
    hop.read++;
    this.#read.push(this.#note(folder, stage.place));
  }

  /** As the panel tells them; `done` once nothing is read any more. */
  views(done: boolean): StageView[] {
    const last = Math.max(...this.#hops.keys());
    return [...this.#hops].flatMap(([hop, { recalled, read, of }]): StageView[] => [
      { kind: "recalled", hop, count: recalled },
      ...(read === 0
        ? []
        : [
            done || hop < last
              ? ({ kind: "read", hop, count: read } as const)
              : ({ kind: "reading", hop, count: read, of } as const),
          ]),
    ]);
  }

  /** `proof`: where the answer's places stand. */
  ruler(proof: readonly { readonly folder: string; readonly file: string; readonly from: number }[] = []): RulerView {
    return {
      recalled: [...this.#recalled],
      read: [...this.#read],
      proof: proof.flatMap(({ folder, file, from }) => {
        const near = this.#places
          .filter((known) => known.folder === folder && known.place.file === file)
          .sort((a, b) => Math.abs(a.place.line - from) - Math.abs(b.place.line - from))[0];
        return near === undefined ? [] : [near.at];
      }),
    };
  }

  /** Each folder has an equal part of the ruler. */
  #note(folder: string, place: StagePlace): number {
    const index = Math.max(0, this.#folders.indexOf(folder));
    const at = (index + place.position) / Math.max(1, this.#folders.length);
    this.#places.push({ folder, place, at });
    return at;
  }
}
