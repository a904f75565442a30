import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { type LoggingLevel, LoggingLevelSchema, SetLevelRequestSchema } from "@modelcontextprotocol/sdk/types.js";

/** Log messages for the client, from the level on that it asks for; until then none. */
export class ClientLog {
  readonly #server: McpServer;
  #least: LoggingLevel | undefined;

  constructor(server: McpServer) {
    this.#server = server;
    // The SDK's own handler, which this replaces, sends everything before the client asks.
    server.server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
      this.#least = params.level;
      return {};
    });
  }

  send(level: LoggingLevel, data: string): void {
    if (this.#least === undefined || severity(level) < severity(this.#least)) return;
    // A client that is gone does not read its log.
    this.#server.sendLoggingMessage({ level, logger: "armt", data }).catch(() => {});
  }
}

function severity(level: LoggingLevel): number {
  return LoggingLevelSchema.options.indexOf(level);
}
