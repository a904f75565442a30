import type { Answer, AskStage, Citation } from "../../engine/types.ts";
import { surenessOf } from "../../protocol/sureness.ts";
import { count, percent, plural } from "../quantities.ts";
import type { ServedStatus } from "./served-workspace.ts";

/** An answer for agents that read text only. Quotes are exact: nothing in them is escaped, indented or cut. */
export function describeAnswer(answer: Answer, notices: readonly string[]): string {
  const blocks = [headline(answer), ...notices];
  if (answer.abstained && answer.citations.length > 0) blocks.push("The nearest places:");
  return [...blocks, ...answer.citations.map(describeCitation)].join("\n\n");
}

/** What the asking is doing. */
export function describeStage(stage: AskStage): string {
  if (stage.stage === "recalled") return `${plural(stage.places, "place")} recalled`;
  return `Reading ${stage.place.file}:${stage.place.line} (${stage.done + 1} of ${stage.of})`;
}

/** A workspace's index in a few lines. */
export function describeStatus(status: ServedStatus): string {
  const memory = `${plural(status.files, "file")}, ${plural(status.segments, "segment")}`;
  const lines = [
    `Workspace: ${status.workspace}`,
    `Indexed: ${memory}, ${percent(status.coverage)} of the bytes`,
    status.indexing === null ? `Last complete run: ${status.lastIndexed ?? "none yet"}` : `Now: ${status.indexing}`,
  ];
  const left = Object.entries(status.skipped).map(([reason, files]) => `${count(files)} ${reason}`);
  if (left.length > 0) lines.push(`Left out: ${left.join(", ")}`);
  return [...lines, ...status.notices].join("\n");
}

function headline(answer: Answer): string {
  if (answer.abstained) return "Not found in the workspace.";
  const sure = `${surenessOf(answer.confidence)} (${percent(answer.confidence)})`;
  return answer.answer === null ? `See the places below: ${sure}.` : `${answer.answer}\n\nConfidence: ${sure}.`;
}

function describeCitation({ file, from, to, quote }: Citation): string {
  const lines = from === to ? `${from}` : `${from}-${to}`;
  const fence = fenceFor(quote);
  return `${file}:${lines}\n${fence}\n${quote}\n${fence}`;
}

/** A fence that the quote cannot close (CommonMark: longer than any run of backticks in it). */
function fenceFor(quote: string): string {
  const longest = Math.max(0, ...(quote.match(/`+/g) ?? []).map((run) => run.length));
  return "`".repeat(Math.max(3, longest + 1));
}
