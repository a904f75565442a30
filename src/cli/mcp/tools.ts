import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { CallToolResult, ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Citation } from "../../engine/types.ts";
import { describeIndex } from "../progress.ts";
import { reason, type ServedWorkspace } from "./served-workspace.ts";
import { describeAnswer, describeStage, describeStatus } from "./texts.ts";

/** A question is a sentence; the model reads no more of it than its first tokens. */
const QUESTION_LENGTH = 2_000;
const NARROWED = 100;

const line = z.int().min(1);
const share = z.number().min(0).max(1);

const citation = z.object({
  file: z.string().describe("Path relative to the workspace, with forward slashes"),
  from: line.describe("First line, from 1"),
  to: line.describe("Last line, inclusive"),
  quote: z.string().describe("These lines exactly as they are on disk"),
  span: z
    .object({
      line,
      column: z.int().min(0).describe("From 0, in UTF-16 code units"),
      text: z.string(),
    })
    .optional()
    .describe("Where the answer stands in the quote"),
});

const answerSchema = {
  answer: z
    .string()
    .nullable()
    .describe('The short answer, verbatim from the code, or "yes" or "no"; null if there is none'),
  abstained: z.boolean().describe("True if the answer was not found; the citations are the nearest places then"),
  confidence: share.describe("Calibrated probability that the answer is right"),
  citations: z.array(citation).describe("The places that prove the answer, best first"),
  coverage: share.describe("Share of the workspace's bytes that was indexed when the answer was given"),
  notices: z.array(z.string()).describe("What is to be known of the index that the answer comes from"),
};

const statusSchema = {
  workspace: z.string().describe("Path of the workspace's folder"),
  files: z.int().min(0).describe("Files that are indexed"),
  segments: z.int().min(0).describe("Pieces that they were cut into"),
  coverage: share.describe("Share of the workspace's bytes that answers can come from"),
  indexing: z.string().nullable().describe("How far an index run under way is; null if none is"),
  lastIndexed: z.string().nullable().describe("When the last complete index run ended, ISO 8601"),
  readOnly: z.boolean().describe("The index can only be read here, e.g. because another program writes it"),
  skipped: z.record(z.string(), z.int()).describe("Files that were left out, counted by reason"),
  notices: z.array(z.string()).describe("What the user should know of the index"),
};

/** Neither changes the workspace, nor asks anything outside this machine. */
const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** Registers the tools; `onFault` hears of failures that are not the user's. */
export function addTools(server: McpServer, workspace: ServedWorkspace, onFault: (error: unknown) => void): void {
  const answered = async (task: () => Promise<CallToolResult>): Promise<CallToolResult> => {
    try {
      return await task();
    } catch (error) {
      onFault(error);
      return { isError: true, content: [{ type: "text", text: reason(error) }] };
    }
  };

  server.registerTool(
    "ask_codebase",
    {
      title: "Ask the codebase",
      description:
        "Answers one question about facts in this codebase (a name, value, list, place, yes or no) from all of its " +
        "files, also where the facts are scattered over files of unknown names. Returns a short answer quoted verbatim " +
        "from the files, a calibrated confidence, and the places that prove it; abstains if it is not there. It does " +
        "not write prose or code. Runs locally; takes seconds.",
      inputSchema: {
        question: z
          .string()
          .max(QUESTION_LENGTH)
          .describe('One question in plain English, e.g. "What is the default request timeout?"'),
        narrow: z
          .array(z.string())
          .max(NARROWED)
          .optional()
          .describe(
            'Files and folders that the answer must come from, relative to the workspace, e.g. ["src/server.ts", ' +
              '"src/lib/"]; leave out to ask the whole workspace',
          ),
      },
      outputSchema: answerSchema,
      annotations: { title: "Ask the codebase", ...annotations },
    },
    ({ question, narrow = [] }, extra) =>
      answered(async () => {
        const tell = progressTo(extra);
        const { answer, notices } = await workspace.ask(
          {
            question,
            narrow,
            onStage: (stage) => tell(describeStage(stage)),
            onProgress: (progress) => tell(describeIndex(progress, undefined)),
          },
          extra.signal,
        );
        const { abstained, confidence, coverage } = answer;
        const citations = answer.citations.map(cited);
        return {
          content: [{ type: "text", text: describeAnswer(answer, notices) }],
          structuredContent: { answer: answer.answer, abstained, confidence, citations, coverage, notices },
        };
      }),
  );

  server.registerTool(
    "index_status",
    {
      title: "Index status",
      description:
        "Tells which folder is asked, how much of it is indexed, whether indexing is under way, and how many files " +
        "were left out and why.",
      inputSchema: {},
      outputSchema: statusSchema,
      annotations: { title: "Index status", ...annotations },
    },
    () =>
      answered(async () => {
        const status = await workspace.status();
        return { content: [{ type: "text", text: describeStatus(status) }], structuredContent: { ...status } };
      }),
  );
}

function cited({ file, from, to, quote, span }: Citation): Omit<Citation, "relevance" | "proves" | "at"> {
  return { file, from, to, quote, ...(span && { span }) };
}

/** Sends progress messages to a caller that asked for them (with a token); else nothing. */
function progressTo({ _meta, sendNotification }: Extra): (message: string) => void {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return () => {};
  let progress = 0;
  return (message) => {
    progress++;
    const params = { progressToken, progress, message };
    // A caller that is gone does not hear it.
    sendNotification({ method: "notifications/progress", params }).catch(() => {});
  };
}
