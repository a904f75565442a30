import { ErrorCodes, ResponseError } from "vscode-jsonrpc/node";
import type { EngineErrorData } from "../../protocol/engine.ts";
import { ArmtError } from "../errors.ts";

/** The folder of a request is not open. */
export class FolderNotOpenError extends ArmtError {
  constructor(folder: string) {
    super("folder-not-open", `${folder} is not open in the engine. Reload the window.`);
  }
}

/** What a request answers when it fails: the code and the words of the engine's classes; others are faults of ours. */
export function toResponseError(error: unknown): ResponseError<EngineErrorData> {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof ArmtError ? error.code : "internal";
  return new ResponseError(ErrorCodes.InternalError, message, { code, message });
}
