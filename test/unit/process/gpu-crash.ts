/**
 * Stands in for an engine whose GPU driver ends the process in the middle of a step: no machine of the tests has such a
 * driver. It opens any folder, and a question crashes it unless the folder was opened for the CPU.
 */
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from "vscode-jsonrpc/node";
import { ask, engineProvider, openFolder } from "../../../src/protocol/engine.ts";

let provider = "";
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
connection.onRequest(openFolder.method, (params: { readonly provider: string }) => {
  provider = params.provider;
  return { provider };
});
connection.onRequest(ask.method, async () => {
  const running = provider === "cpu" ? "cpu" : "webgpu";
  await connection.sendNotification(engineProvider, { provider: running, running: true });
  if (running === "cpu") return { answer: "on the CPU" };
  console.error("Dawn: VK_ERROR_OUT_OF_DEVICE_MEMORY: failed to allocate");
  setTimeout(() => process.abort(), 50);
  return await new Promise(() => {});
});
process.once("disconnect", () => process.exit(0));
connection.listen();
