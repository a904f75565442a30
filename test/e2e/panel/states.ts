import type { ChatView, ExchangeView, PanelState, Place, RulerView, StageView } from "../../../src/protocol/panel.ts";
import { FILES, place } from "./places.ts";

/**
 * A snapshot for each state of the panel. Questions, answers and quoted lines are true for amqplib; places recalled,
 * times, the causes of errors and the edits of the state "stale" are made up.
 */

const SEEN = Math.floor(FILES * 0.42);
const at = (...units: readonly number[]): number[] => units.map((unit) => unit / 1000);
const RULER: RulerView = {
  recalled: at(28, 31, 42, 59, 87, 128, 222, 265, 295, 332, 349, 610, 643, 738, 792, 834, 857, 900, 912, 965),
  read: at(28, 42, 62, 234, 288, 349, 738, 852),
  proof: at(738),
};
const NO_TICKS: RulerView = { recalled: [], read: [], proof: [] };
const stage = (kind: StageView["kind"], count: number): StageView => ({ kind, count });

const EXAMPLES = [
  "How long does recovery wait between two tries at most?",
  "How large may a frame be before the server has tuned it?",
  "Which SASL mechanisms are there?",
  "How many milliseconds has a unit of the heartbeat?",
];

const base: PanelState = {
  workspace: "amqplib",
  index: { state: "ready", files: FILES },
  notices: [],
  exchanges: [],
  examples: EXAMPLES,
  asked: EXAMPLES.slice(0, 3),
  hints: false,
};
const indexing = { state: "indexing", percent: 42, files: SEEN, of: FILES } as const;

const delay = place({
  path: "lib/recovery.js",
  lines: [3, 4, 5, 6],
  quote: [5, 5],
  marks: { 5: { answer: "30000" } },
  kind: "defined",
  answer: true,
});

/** One fact. */
export const answered: ExchangeView = {
  id: "e1",
  question: "How long does recovery wait between two tries at most?",
  narrow: [],
  result: {
    status: "answered",
    text: "30000",
    kind: "span",
    sureness: "sure",
    confidence: 0.97,
    seconds: 0.4,
    hops: 1,
    recalled: 24,
    read: 9,
  },
  stages: [stage("recalled", 24), stage("read", 9), stage("answer", 1)],
  ruler: RULER,
  citations: [delay],
  also: [],
};

const frame = place({
  path: "lib/connection.js",
  lines: [40, 41],
  quote: [41, 41],
  marks: { 41: { via: "FRAME_MIN_SIZE" } },
  kind: "used",
  via: "FRAME_MIN_SIZE",
});
const frameSize = place({
  path: "lib/defs.js",
  lines: [3552, 3557, 3558],
  quote: [3557, 3557],
  marks: { 3557: { via: "FRAME_MIN_SIZE", answer: "4096" } },
  kind: "defined",
  answer: true,
});

/** One place leads to the other. */
export const chained: ExchangeView = {
  ...answered,
  id: "e2",
  question: "How large may a frame be before the server has tuned it?",
  result: {
    status: "answered",
    text: "4096",
    kind: "span",
    sureness: "sure",
    confidence: 0.93,
    seconds: 0.7,
    hops: 2,
    recalled: 37,
    read: 12,
  },
  stages: [stage("recalled", 37), stage("read", 12), stage("answer", 2)],
  citations: [frame, frameSize],
};

/** The same question, while it runs. */
export const running: ExchangeView = {
  ...chained,
  result: { status: "reading", file: "defs.js" },
  stages: [stage("recalled", 37), { kind: "reading", count: 3, of: 12 }],
  ruler: { ...RULER, proof: [] },
  citations: [frame],
};

/** Asked before it could be answered. */
export function waiting(what: "engine" | "files" | "turn"): ExchangeView {
  const result = { status: "waiting", for: what } as const;
  return { ...chained, id: `waiting for the ${what}`, result, stages: [], ruler: NO_TICKS, citations: [] };
}

const mechanism = (line: number, name: string) =>
  place({
    path: "lib/credentials.js",
    lines: [line],
    quote: [line, line],
    marks: { [line]: { answer: name } },
    answer: true,
  });

const listed: ExchangeView = {
  ...answered,
  id: "e3",
  question: "Which SASL mechanisms are there?",
  narrow: ["lib/"],
  result: {
    status: "answered",
    text: "'PLAIN', 'AMQPLAIN', 'EXTERNAL'",
    kind: "list",
    sureness: "sure",
    confidence: 0.91,
    seconds: 0.9,
    hops: 1,
    recalled: 17,
    read: 17,
  },
  stages: [stage("recalled", 17), stage("read", 17), stage("answer", 3)],
  citations: [mechanism(14, "'PLAIN'"), mechanism(21, "'AMQPLAIN'"), mechanism(32, "'EXTERNAL'")],
};

const port = (line: number, text: string) =>
  place({
    path: "lib/connect.js",
    lines: [line],
    quote: [line, line],
    marks: { [line]: { answer: text } },
    answer: true,
  });

const unsure: ExchangeView = {
  ...answered,
  id: "e4",
  question: "Which port does a connection go to?",
  result: {
    status: "answered",
    text: "parseInt(parts.port, 10) || (protocol === 'amqp:' ? 5672 : 5671)",
    kind: "span",
    sureness: "unsure",
    confidence: 0.31,
    seconds: 0.6,
    hops: 1,
    recalled: 31,
    read: 14,
  },
  stages: [stage("recalled", 31), stage("read", 14), stage("answer", 1)],
  citations: [
    place({
      path: "lib/connect.js",
      lines: [144, 145],
      quote: [145, 145],
      marks: { 145: { answer: "parseInt(parts.port, 10) || (protocol === 'amqp:' ? 5672 : 5671)" } },
      kind: "defined",
      answer: true,
    }),
  ],
  also: [
    port(111, "url.port"),
    place({
      path: "README.md",
      lines: [311],
      quote: [311, 311],
      marks: { 311: { answer: "5672:5672" } },
      answer: true,
    }),
  ],
};

const notFound: ExchangeView = {
  ...answered,
  id: "e5",
  question: "Which algorithm compresses a message body?",
  result: { status: "notfound", seconds: 0.8, recalled: 28, read: 12, files: FILES },
  stages: [stage("recalled", 28), stage("read", 12), stage("none", 0)],
  ruler: { ...RULER, proof: [] },
  citations: [
    place({ path: "lib/api_args.js", lines: [219], quote: [219, 219], marks: { 219: { via: "contentEncoding" } } }),
    place({ path: "lib/defs.js", lines: [3217], quote: [3217, 3217], marks: { 3217: { via: "contentEncoding" } } }),
    place({
      path: "examples/tutorials/callback_api/receive_logs_direct.js",
      lines: [1],
      quote: [1, 1],
    }),
  ],
};

const stale: ExchangeView = {
  ...answered,
  citations: [{ ...delay, stale: { kind: "changed", since: "14:32", now: "  maxDelay: 60000," } }],
};

const moved: ExchangeView = {
  ...answered,
  id: "e6",
  question: "How many milliseconds has a unit of the heartbeat?",
  citations: [
    {
      ...place({
        path: "lib/heartbeat.js",
        lines: [46, 47],
        quote: [47, 47],
        marks: { 47: { answer: "1000" } },
        kind: "defined",
        answer: true,
      }),
      stale: { kind: "moved", fromLine: 47, toLine: 48 },
    },
  ],
  result: {
    status: "answered",
    text: "1000",
    kind: "span",
    sureness: "likely",
    confidence: 0.7,
    seconds: 0.3,
    hops: 1,
    recalled: 12,
    read: 5,
  },
};
const failedAsk: ExchangeView = {
  ...answered,
  id: "e7",
  question: "After how many missed heartbeats does a connection time out?",
  result: { status: "failed", cause: "It ran out of GPU memory.", next: "The next question runs on the CPU." },
  stages: [],
  ruler: NO_TICKS,
  citations: [],
};

const followUp: ExchangeView = {
  ...answered,
  id: "e8",
  question: "And how does a user change it?",
  about: "30000, recovery.js:5",
  result: {
    status: "answered",
    text: "toFiniteNumber(source.maxDelay, DEFAULT_RECOVERY.maxDelay)",
    kind: "span",
    sureness: "sure",
    confidence: 0.9,
    seconds: 0.5,
    hops: 1,
    recalled: 18,
    read: 7,
  },
  citations: [
    place({
      path: "lib/recovery.js",
      lines: [55, 56, 57, 58],
      quote: [57, 57],
      marks: { 57: { answer: "toFiniteNumber(source.maxDelay, DEFAULT_RECOVERY.maxDelay)", via: "maxDelay" } },
      kind: "used",
      answer: true,
    }),
    place({
      path: "README.md",
      lines: [131],
      quote: [131, 131],
      marks: { 131: { via: "maxDelay" } },
      kind: "documented",
    }),
  ],
};

/** Times of the history count back from now. */
function chats(): ChatView[] {
  const hour = 60 * 60 * 1000;
  const noon = new Date().setHours(12, 0, 0, 0);
  const chat = (
    id: string,
    title: string,
    answer: string,
    created: number,
    more: Partial<ChatView> = {},
  ): ChatView => ({
    id,
    title,
    answer,
    created,
    edited: false,
    ...more,
  });
  return [
    chat("c1", chained.question, "4096", noon),
    chat("c2", answered.question, "30000", noon - hour, { edited: true }),
    chat("c3", listed.question, "3 places", noon - 2 * hour, { narrow: ["lib/"] }),
    chat("c4", notFound.question, "", noon - 24 * hour, { found: false }),
    chat("c5", failedAsk.question, "++recvMissed < 2", noon - 26 * hour),
    chat("c6", unsure.question, "5672", noon - 4 * 24 * hour),
    chat("c7", "What is the prefetch size that a channel asks for?", "0", noon - 40 * 24 * hour),
  ];
}

export const PLACES: readonly Place[] = [
  { path: "examples/", kind: "folder", files: 30 },
  { path: "examples/tutorials/", kind: "folder", files: 27 },
  { path: "lib/connection.js", kind: "file" },
  { path: "examples/tutorials/callback_api/receive_logs_direct.js", kind: "file" },
];

/** The states of the design by their names, and those that stand there in words only. */
export const STATES = {
  loading: { ...base, index: { state: "loading" }, examples: [] },
  consent: { ...base, index: { state: "consent", files: FILES, binaryFiles: 2 }, asked: [], hints: true },
  refused: {
    ...base,
    index: {
      state: "refused",
      message: "ARMT does not index a home folder or a whole disk. Open a project folder.",
    },
  },
  indexing: { ...base, index: indexing, hints: true },
  partial: {
    ...base,
    index: indexing,
    exchanges: [
      {
        ...answered,
        result: { ...answered.result, sureness: "likely", partial: 42 } as ExchangeView["result"],
      },
    ],
  },
  begun: { ...base, index: { ...indexing, percent: 0, files: 0, of: 0 }, exchanges: [waiting("files")] },
  paused: { ...base, index: { ...indexing, state: "paused" }, hints: true },
  ready: { ...base, hints: true },
  notice: { ...base, notices: ["Another window reads this workspace. This one uses its index."] },
  progress: { ...base, exchanges: [running] },
  starting: { ...base, index: { state: "loading" }, exchanges: [waiting("engine")] },
  queued: { ...base, exchanges: [answered, running, waiting("turn")] },
  answer: { ...base, exchanges: [answered] },
  chain: { ...base, exchanges: [chained] },
  list: { ...base, exchanges: [listed] },
  unsure: { ...base, exchanges: [unsure] },
  notfound: { ...base, exchanges: [notFound] },
  stopped: { ...base, exchanges: [{ ...running, result: { status: "stopped" } }] },
  stale: { ...base, exchanges: [moved, stale] },
  moved: { ...base, exchanges: [moved] },
  error: { ...base, exchanges: [failedAsk] },
  failed: {
    ...base,
    index: { state: "failed", cause: "The model file could not be read." },
    exchanges: [answered, chained],
  },
  history: { ...base, exchanges: [answered], chats: chats() },
  narrow: { ...base, hints: true },
  followup: {
    ...base,
    exchanges: [answered, followUp],
    about: "toFiniteNumber(source.maxDelay, DEFAULT_RECOVERY.maxDelay), recovery.js:57",
  },
} as const satisfies Readonly<Record<string, PanelState>>;

export type StateName = keyof typeof STATES;
