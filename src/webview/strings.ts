import * as l10n from "@vscode/l10n";
import type { CitationView } from "../protocol/panel.ts";
import { PANEL_WORDS } from "../protocol/panel-page.ts";
import type { Sureness } from "../protocol/sureness.ts";

/** The words of the panel, in one place. English stands here; the page brings another language, if there is one. */

const translated = document.querySelector<HTMLMetaElement>(`meta[name="${PANEL_WORDS}"]`)?.content;
// Before the first word is taken.
if (translated !== undefined && translated !== "") l10n.config({ contents: translated });

/** The language of the words, for numbers and dates. */
export const LANGUAGE = document.documentElement.lang || "en";
const NUMBER = new Intl.NumberFormat(LANGUAGE);

/** "1,204". */
export function count(n: number): string {
  return NUMBER.format(n);
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
  sure: { word: l10n.t("Sure"), bars: 3 },
  likely: { word: l10n.t("Likely"), bars: 2 },
  unsure: { word: l10n.t("Unsure"), bars: 1 },
};

export const KIND: Readonly<Record<NonNullable<CitationView["kind"]>, string>> = {
  defined: l10n.t("defined"),
  used: l10n.t("used"),
  imported: l10n.t("imported"),
  documented: l10n.t("documented"),
};

/** How much there is of something: the forms of one and of more are words of their own in other languages. */
export const SOME = {
  files: (n: number) => (n === 1 ? l10n.t("1 file") : l10n.t("{0} files", count(n))),
  places: (n: number) => (n === 1 ? l10n.t("1 place") : l10n.t("{0} places", count(n))),
  nearest: (n: number) => (n === 1 ? l10n.t("1 nearest place") : l10n.t("{0} nearest places", count(n))),
  hops: (n: number) => l10n.t("{0} hops", count(n)),
  suggestions: (n: number) => (n === 1 ? l10n.t("1 suggestion") : l10n.t("{0} suggestions", count(n))),
  recalledPlaces: (n: number) => (n === 1 ? l10n.t("Recalled 1 place") : l10n.t("Recalled {0} places", count(n))),
  binaryFiles: (n: number) => (n === 1 ? l10n.t("1 binary file") : l10n.t("{0} binary files", count(n))),
} as const;

/** Sentences with something in them. */
export const SENTENCE = {
  about: (place: string) => l10n.t("about {0}", place),
  /** Files are counted by names and sizes: some turn out not to be text when they are read. */
  aboutFiles: (n: number, workspace: string) =>
    n === 1 ? l10n.t("1 file in {0}", workspace) : l10n.t("About {0} files in {1}", count(n), workspace),
  answer: (answer: string, sure: string) => l10n.t("Answer: {0}. {1}.", answer, sure),
  code: (name: string, first: number, last: number) =>
    last > first ? l10n.t("Code, {0}, line {1} to {2}", name, first, last) : l10n.t("Code, {0}, line {1}", name, first),
  confidence: (share: number) => l10n.t("Confidence {0}", percent(share)),
  deleteAll: (n: number) =>
    n === 1
      ? l10n.t("Delete 1 question with its answer?")
      : l10n.t("Delete {0} questions with their answers?", count(n)),
  filesRead: (n: number) => (n === 1 ? l10n.t("1 file read.") : l10n.t("{0} files read.", count(n))),
  filesIn: (workspace: string) => l10n.t("Files in {0}", workspace),
  filter: (n: number) => (n === 1 ? l10n.t("Filter 1 question") : l10n.t("Filter {0} questions", count(n))),
  from: (share: number) => l10n.t("From {0} of the workspace.", percent(share)),
  index: (workspace: string) => l10n.t("Index {0}", workspace),
  indexWhole: (n: number) =>
    n === 1 ? l10n.t("The index is whole: 1 file.") : l10n.t("The index is whole: {0} files.", count(n)),
  lastCause: (cause: string) => l10n.t("Last cause: {0}", cause),
  leavesOut: (binary: string) => l10n.t("{0}, ignored files, .env and keys.", binary),
  moved: (from: number, to: number) => l10n.t("Moved from line {0} to {1}. The quote is unchanged.", from, to),
  notSoFar: (share: number) => l10n.t("Not in the {0} read so far", percent(share)),
  ofFiles: (n: number, of: number) => l10n.t("{0} of {1} files", count(n), count(of)),
  ofFilesPaused: (n: number, of: number) => l10n.t("{0} of {1} files. Answers come from these.", count(n), count(of)),
  percentRead: (n: number) => l10n.t("{0} percent read.", n),
  placeLine: (name: string, lines: string) => `${name} ${lines.replace("-", ` ${l10n.t("to")} `)}`,
  read: (n: number) => l10n.t("Read {0}", count(n)),
  reading: (n: number) => l10n.t("Reading {0}", count(n)),
  readingFile: (file: string) => l10n.t("Reading {0}", file),
  readingOf: (n: number, of: number) => l10n.t("Reading {0} of {1}", count(n), count(of)),
  readsLike: (since: string) => l10n.t("Reads like this since {0}. The quote is gone.", since),
  recalledRead: (recalled: number, read: number) => l10n.t("{0} recalled, {1} read", count(recalled), count(read)),
  remove: (what: string) => l10n.t("Remove {0}", what),
} as const;

export const TEXT = {
  about: l10n.t("about"),
  again: l10n.t("Ask again"),
  allRead: l10n.t("All read now."),
  alsoPossible: l10n.t("Also possible"),
  answerGroup: l10n.t("Answer"),
  ask: l10n.t("Ask"),
  askAgain: l10n.t("Ask Again"),
  askAgainWhenRead: l10n.t("Ask again when all is read"),
  askedAgainWhenRead: l10n.t("Asked again when all is read."),
  back: l10n.t("Back to the questions (Esc)"),
  binaryFiles: l10n.t("Binary files"),
  busyHint: l10n.t("stop"),
  canAskAlready: l10n.t("You can ask already. Answers come from the part read so far."),
  chooseFolders: l10n.t("Choose Folders…"),
  citation: l10n.t("Citation"),
  clearAll: l10n.t("Delete all questions"),
  consentBody: l10n.t(
    "ARMT reads the workspace once and remembers it. Then it answers with the line of code itself and the places that prove it.",
  ),
  consentTitle: l10n.t("Ask about facts scattered over this code"),
  copied: l10n.t("Copied"),
  copyAnswer: l10n.t("Copy answer"),
  copyCitation: l10n.t("Copy quote and place"),
  copyEvidence: l10n.t("Copy answer with its evidence"),
  delete: l10n.t("Delete (Del)"),
  deleteAll: l10n.t("Delete All"),
  deleted: l10n.t("The file was deleted."),
  earlierAnswers: l10n.t("Earlier answers stay."),
  edited: l10n.t("edited"),
  editedAfter: l10n.t("Edited after this answer"),
  editedSince: l10n.t("edited since"),
  engineStopped: l10n.t("The engine stopped three times"),
  engineStoppedShort: l10n.t("The engine stopped."),
  examples: l10n.t("Questions this workspace can answer"),
  examplesSoFar: l10n.t("From the part read so far"),
  filesAndFolders: l10n.t("Files and folders"),
  filesRead: l10n.t("Files read"),
  filterHistory: l10n.t("Filter history"),
  filterNone: l10n.t("No question contains this."),
  hintAsk: l10n.t("ask"),
  hintChoose: l10n.t("choose"),
  hintClose: l10n.t("close"),
  hintLast: l10n.t("last question"),
  hintNarrow: l10n.t("narrow"),
  hintTake: l10n.t("take"),
  history: l10n.t("History"),
  historyNone: l10n.t("Nothing asked yet."),
  index: l10n.t("Index"),
  keep: l10n.t("Keep"),
  lookingForFiles: l10n.t("Looking for files"),
  keeps: l10n.t("Keeps"),
  keepsWhat: l10n.t("One file in VS Code’s storage"),
  leavesOut: l10n.t("Leaves out"),
  narrow: l10n.t("Narrow to a file or folder (@)"),
  nearest: l10n.t("Nearest places. They do not answer the question."),
  newBelow: l10n.t("New answer below"),
  no: l10n.t("No"),
  noAnswer: l10n.t("No answer"),
  notHere: l10n.t("Not in this workspace"),
  notHereShort: l10n.t("not in this workspace"),
  openBeside: l10n.t("Open to the side"),
  otherExamples: l10n.t("Other questions"),
  pause: l10n.t("Pause"),
  pausedAt: l10n.t("Paused at"),
  periodEarlier: l10n.t("Earlier"),
  periodToday: l10n.t("Today"),
  periodWeek: l10n.t("Last week"),
  periodYesterday: l10n.t("Yesterday"),
  placeholderFirst: l10n.t("Ask about this workspace"),
  placeholderFollowUp: l10n.t("Ask a follow-up"),
  placeholderStopped: l10n.t("The engine is stopped"),
  question: l10n.t("Question"),
  questions: l10n.t("Questions and answers"),
  reading: l10n.t("Reading"),
  reads: l10n.t("Reads"),
  recalling: l10n.t("Recalling"),
  restart: l10n.t("Restart"),
  restartOnCpu: l10n.t("Restart on CPU"),
  resume: l10n.t("Resume"),
  ruler: l10n.t("The workspace from the first file to the last, in path order"),
  saved: l10n.t("A saved file is read again at once."),
  send: l10n.t("Ask (Enter)"),
  sends: l10n.t("Sends"),
  sendsNothing: l10n.t("Nothing"),
  showList: l10n.t("Show list"),
  showLog: l10n.t("Show Log"),
  stillReading: l10n.t("Still reading"),
  stop: l10n.t("Stop"),
  stopAsk: l10n.t("Stop (Esc)"),
  stopped: l10n.t("Stopped."),
  stoppedEmpty: l10n.t("Stopped before any evidence was found."),
  stoppedSome: l10n.t("Stopped. Evidence found so far:"),
  via: l10n.t("via"),
  waitingEngine: l10n.t("Waiting for the engine"),
  waitingFiles: l10n.t("Reading the first files"),
  waitingTurn: l10n.t("Waiting for the question before"),
  wasStarted: l10n.t("The engine stopped while reading and was started again."),
  yes: l10n.t("Yes"),
} as const;
