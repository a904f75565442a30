import type { CitationView, Sureness } from "../protocol/panel.ts";

/** The words of the panel, in one place. */

const NUMBER = new Intl.NumberFormat("en");

/** "1,204". */
export function count(n: number): string {
  return NUMBER.format(n);
}

/** "1 place", "3 places". */
export function counted(n: number, one: string, many: string): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** "42 %", held on one line. */
export function percent(n: number): string {
  return `${Math.floor(n)}\u00a0%`;
}

/** "0.7 s", held on one line. */
export function duration(seconds: number): string {
  return `${seconds.toFixed(1)}\u00a0s`;
}

/** "base.js:160" or "base.js:70-72": what follows the name. */
export function lineRange({ line, lineTo }: Pick<CitationView, "line" | "lineTo">): string {
  return lineTo > line ? `${line}-${lineTo}` : String(line);
}

export const SURENESS: Readonly<Record<Sureness, { readonly word: string; readonly bars: number }>> = {
  sure: { word: "Sure", bars: 3 },
  likely: { word: "Likely", bars: 2 },
  unsure: { word: "Unsure", bars: 1 },
};

export const TEXT = {
  again: "Ask again",
  allRead: "All read now.",
  alsoPossible: "Also possible",
  askAgain: "Ask Again",
  askAgainWhenRead: "Ask again when all is read",
  askedAgainWhenRead: "Asked again when all is read.",
  back: "Back to the questions (Esc)",
  busyHint: "stop",
  canAskAlready: "You can ask already. Answers come from the part read so far.",
  chooseFolders: "Choose Folders…",
  clearAll: "Delete all questions",
  consentBody:
    "ARMT reads the workspace once and remembers it. Then it answers with the line of code itself and the places that prove it.",
  consentTitle: "Ask about facts scattered over this code",
  copied: "Copied",
  copyAnswer: "Copy answer",
  copyCitation: "Copy quote and place",
  copyEvidence: "Copy answer with its evidence",
  delete: "Delete (Del)",
  deleteAll: "Delete All",
  deleted: "The file was deleted.",
  editedAfter: "Edited after this answer",
  editedSince: "edited since",
  engineStopped: "The engine stopped three times",
  examples: "Questions this workspace can answer",
  examplesSoFar: "From the part read so far",
  filterNone: "No question contains this.",
  historyNone: "Nothing asked yet.",
  keep: "Keep",
  nearest: "Nearest places. They do not answer the question.",
  newBelow: "New answer below",
  notHere: "Not in this workspace",
  notHereShort: "not in this workspace",
  openBeside: "Open to the side",
  otherExamples: "Other questions",
  pause: "Pause",
  placeholderFirst: "Ask about this workspace",
  placeholderFollowUp: "Ask a follow-up",
  placeholderStopped: "The engine is stopped",
  recalling: "Recalling",
  resume: "Resume",
  ruler: "The workspace from the first file to the last, in path order",
  saved: "A saved file is read again at once.",
  send: "Ask (Enter)",
  showLog: "Show Log",
  stillReading: "Still reading",
  stop: "Stop",
  stopAsk: "Stop (Esc)",
  stoppedEmpty: "Stopped before any evidence was found.",
  stoppedSome: "Stopped. Evidence found so far:",
  waitingEngine: "Waiting for the engine",
  waitingTurn: "Waiting for the question before",
  wasStarted: "The engine stopped while reading and was started again.",
  narrow: "Narrow to a file or folder (@)",
} as const;
