import type { CancellationToken, MessageConnection, RequestType } from "vscode-jsonrpc/node";
import * as protocol from "../../protocol/engine.ts";
import { ArmtError } from "../errors.ts";
import { preview } from "../preview.ts";
import type { IndexProgress } from "../types.ts";
import { askFolders } from "./ask.ts";
import { toResponseError } from "./errors.ts";
import { Folders } from "./folders.ts";
import { Models } from "./models.ts";
import { throttle } from "./throttle.ts";

/** A progress bar needs no more. */
const PROGRESS_EVERY_MS = 100;

type Handler<P, R> = (params: P, signal: AbortSignal) => Promise<R>;

/** Answers the protocol's requests on a connection; returns the folders, to be closed at the end. */
export function serve(connection: MessageConnection): Folders {
  const log = (level: protocol.LogLevel, message: string) =>
    tell(connection.sendNotification(protocol.engineLog, { level, message }));
  const models = new Models((provider, running, reason) => {
    if (reason !== undefined) log("warn", reason);
    log("info", running ? `The model runs on ${provider}.` : `Trying ${provider}.`);
    tell(connection.sendNotification(protocol.engineProvider, { provider, running }));
  });
  const folders = new Folders(models, {
    onWriter: (folder, status) => {
      log("info", `The other window is gone: ${folder} is written here now.`);
      tell(connection.sendNotification(protocol.becameWriter, { folder, ...status }));
    },
    onError: (error) => log("warn", describe(error)),
  });

  /** A handler with an abort signal, whose failures are logged and told by their codes. */
  const answer =
    <P, R>({ method }: RequestType<P, R, protocol.EngineErrorData>, handler: Handler<P, R>) =>
    async (params: P, token: CancellationToken): Promise<R> => {
      const started = performance.now();
      try {
        const result = await handler(params, abortSignal(token));
        log("debug", `${method}: ${Math.round(performance.now() - started)} ms`);
        return result;
      } catch (error) {
        const told = error instanceof ArmtError;
        const level = told ? (error.code === "cancelled" ? "debug" : "warn") : "error";
        log(level, `${method} failed: ${told ? error.message : describe(error)}`);
        throw toResponseError(error);
      }
    };
  const streaming = async <R>(
    folder: string,
    task: (onProgress: (progress: IndexProgress) => void) => Promise<R>,
  ): Promise<R> => {
    const { push, flush } = throttle<IndexProgress>(PROGRESS_EVERY_MS, (progress) =>
      tell(connection.sendNotification(protocol.indexProgress, { folder, progress })),
    );
    try {
      return await task(push);
    } finally {
      flush();
    }
  };

  connection.onRequest(
    protocol.ping,
    answer(protocol.ping, async () => ({ rssMb: Math.round(process.memoryUsage.rss() / 1e6) })),
  );
  connection.onRequest(
    protocol.openFolder,
    answer(protocol.openFolder, (params, signal) => folders.open(params, signal)),
  );
  connection.onRequest(
    protocol.closeFolder,
    answer(protocol.closeFolder, async ({ folder }) => {
      await folders.close(folder);
      return null;
    }),
  );
  connection.onRequest(
    protocol.previewFolder,
    answer(protocol.previewFolder, ({ folder, ...options }, signal) => preview(folder, options, signal)),
  );
  connection.onRequest(
    protocol.indexFolder,
    answer(protocol.indexFolder, ({ folder }, signal) =>
      streaming(folder, (onProgress) =>
        folders.get(folder).write(signal, (engine, stop) => engine.index({ onProgress }, stop)),
      ),
    ),
  );
  connection.onRequest(
    protocol.rebuildFolder,
    answer(protocol.rebuildFolder, ({ folder }, signal) =>
      streaming(folder, async (onProgress) => {
        await folders.get(folder).stop("writes");
        return await folders.get(folder).write(signal, (engine, stop) => engine.rebuild({ onProgress }, stop));
      }),
    ),
  );
  connection.onRequest(
    protocol.refreshFiles,
    answer(protocol.refreshFiles, async ({ folder, paths }, signal) => ({
      changed: await folders.get(folder).write(signal, (engine, stop) => engine.refresh(paths, stop)),
    })),
  );
  connection.onRequest(
    protocol.folderStatus,
    answer(protocol.folderStatus, ({ folder }) => folders.get(folder).status()),
  );
  connection.onRequest(
    protocol.listFiles,
    answer(protocol.listFiles, async ({ folder }) => folders.get(folder).engine.list()),
  );
  connection.onRequest(
    protocol.listExamples,
    answer(protocol.listExamples, ({ folder, most }, signal) =>
      folders.get(folder).run(signal, (engine, stop) => engine.examples(most, stop)),
    ),
  );
  connection.onRequest(
    protocol.clearFolder,
    answer(protocol.clearFolder, async ({ folder }, signal) => {
      await folders.get(folder).stop("writes");
      await folders.get(folder).write(signal, (engine) => engine.clear());
      return null;
    }),
  );
  connection.onRequest(
    protocol.ask,
    answer(protocol.ask, (params, signal) =>
      askFolders(folders, params, (stage) => tell(connection.sendNotification(protocol.askStage, stage)), signal),
    ),
  );
  connection.onRequest(
    protocol.listChats,
    answer(protocol.listChats, async ({ folder }) => folders.get(folder).engine.chats()),
  );
  connection.onRequest(
    protocol.saveChat,
    answer(protocol.saveChat, async ({ folder, chat }) => {
      folders.get(folder).engine.saveChat(chat);
      return null;
    }),
  );
  connection.onRequest(
    protocol.deleteChat,
    answer(protocol.deleteChat, async ({ folder, id }) => {
      folders.get(folder).engine.deleteChat(id);
      return null;
    }),
  );
  return folders;
}

/** A notification that cannot be sent has nobody to hear it: the host is gone, and this process ends too. */
function tell(sending: Promise<void>): void {
  sending.catch(() => {});
}

function abortSignal(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
