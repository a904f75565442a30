import type { AskParams, AskResult, StageParams } from "../../protocol/engine.ts";
import type { Answer } from "../types.ts";
import { FolderNotOpenError } from "./errors.ts";
import type { Folders } from "./folders.ts";

/**
 * Asks folders one after the other and takes the answer of one of them: an answer before "not found", then by
 * confidence. A question that is narrowed asks only the folders that it is narrowed to.
 */
export async function askFolders(
  folders: Folders,
  params: AskParams,
  onStage: (stage: StageParams) => void,
  signal: AbortSignal,
): Promise<AskResult> {
  const { id, question, narrow, about } = params;
  const place =
    about &&
    (await folders.get(about.folder).run(signal, (engine, stop) => engine.place(about.file, about.line, stop)));
  const narrowed = new Set(narrow.map(({ folder }) => folder));
  const asked = params.folders.filter((folder) => narrowed.size === 0 || narrowed.has(folder));
  let best: AskResult | undefined;
  let recalled = 0;
  let read = 0;
  for (const folder of asked) {
    const answer = await folders.get(folder).run(signal, (engine, stop) =>
      engine.ask(
        question,
        {
          onStage: (stage) => onStage({ id, folder, stage }),
          narrow: narrow.filter((one) => one.folder === folder).map(({ path }) => path),
          about: place && { place, foreign: folder !== about?.folder },
        },
        stop,
      ),
    );
    recalled += answer.recalled;
    read += answer.read;
    if (best === undefined || rank(answer) > rank(best)) best = { ...answer, folder };
  }
  if (best === undefined) throw new FolderNotOpenError(params.folders[0] ?? "A folder");
  return { ...best, recalled, read };
}

function rank({ abstained, confidence }: Answer): number {
  return abstained ? confidence - 1 : confidence;
}
