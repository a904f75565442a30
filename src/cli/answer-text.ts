import { styleText } from "node:util";
import type { Answer, Citation } from "../engine/types.ts";
import { duration, percent, plural } from "./quantities.ts";
import { indented, safeBlock, safeLine } from "./terminal.ts";

/** An answer for people: the answer, how sure it is, the places that prove it. */
export function describeAnswer(answer: Answer): string {
  const blocks = [headline(answer), circumstances(answer)];
  if (answer.abstained && answer.citations.length > 0) blocks.push("The nearest places:");
  return [...blocks, ...answer.citations.map(describeCitation)].join("\n\n");
}

/** How sure an answer is, in words. */
export function confidenceInWords(confidence: number): string {
  if (confidence >= 0.9) return "very sure";
  if (confidence >= 0.7) return "fairly sure";
  if (confidence >= 0.4) return "not sure";
  return "a guess";
}

function headline(answer: Answer): string {
  if (answer.abstained) return styleText("bold", "Not found in the workspace.");
  if (answer.answer === null) return styleText("bold", "See:");
  return styleText("bold", safeBlock(answer.answer));
}

function circumstances(answer: Answer): string {
  const sure = answer.abstained ? [] : [`${confidenceInWords(answer.confidence)} (${percent(answer.confidence)})`];
  const line = [...sure, plural(answer.hops, "hop"), duration(answer.ms)].join(", ");
  const sentence = `${line.charAt(0).toUpperCase()}${line.slice(1)}.`;
  if (answer.coverage >= 1) return sentence;
  return `${sentence} Only ${percent(answer.coverage)} of the workspace is indexed so far.`;
}

function describeCitation(citation: Citation): string {
  const lines = citation.from === citation.to ? `${citation.from}` : `${citation.from}-${citation.to}`;
  return `${styleText("cyan", `${safeLine(citation.file)}:${lines}`)}\n${indented(citation.quote)}`;
}
