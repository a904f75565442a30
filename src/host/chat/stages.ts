import type { AskStage, StagePlace } from "../../engine/types.ts";
import type { RulerView, StageView } from "../../protocol/panel.ts";

/** What was recalled and read for a question so far, over all the folders that are asked. */
export class Stages {
  readonly #folders: readonly string[];
  #of = 0;
  #asked = false;
  readonly #recalled: number[] = [];
  readonly #read: number[] = [];
  readonly #places: { readonly folder: string; readonly place: StagePlace; readonly at: number }[] = [];

  /** In the order in which they lie on the ruler. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  add(folder: string, stage: AskStage): void {
    if (stage.stage === "recalled") {
      this.#asked = true;
      for (const place of stage.found) this.#recalled.push(this.#note(folder, place));
      return;
    }
    if (stage.done === 0) this.#of += stage.of;
    this.#read.push(this.#note(folder, stage.place));
  }

  /** As the panel tells them; `done` once nothing is read any more. */
  views(done: boolean): StageView[] {
    const count = this.#read.length;
    return [
      ...(this.#asked ? [{ kind: "recalled", count: this.#recalled.length } as const] : []),
      ...(count === 0
        ? []
        : [done ? ({ kind: "read", count } as const) : ({ kind: "reading", count, of: this.#of } as const)]),
    ];
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
