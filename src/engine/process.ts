/**
 * The engine process: forked by the editor, answers `src/protocol/engine.ts` over the fork's channel, and ends when the
 * channel does. onnxruntime is loaded by the first step, not before.
 */
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from "vscode-jsonrpc/node";
import { serve } from "./process/serve.ts";

/** Closing takes milliseconds; a step that still runs is not waited for, as the state is whole at any instant. */
const CLOSE_WITHIN_MS = 1_000;

const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
const folders = serve(connection);

process.once("disconnect", () => {
  setTimeout(() => process.exit(0), CLOSE_WITHIN_MS);
  folders.closeAll().then(
    () => process.exit(0),
    () => process.exit(0),
  );
});

connection.listen();
