/** Facts of amqplib that the model finds reliably, with where they stand. */
export const LIMIT = {
  question: "What is the value of DEFAULT_WRITE_HWM?",
  answer: "1024",
  name: "connection.js",
  folder: "lib",
  line: 24,
  /** Of the answer, from 1. */
  column: 27,
  text: "const DEFAULT_WRITE_HWM = 1024;",
} as const;

export const DELAY = {
  question: "What is the value of initialDelay in DEFAULT_RECOVERY?",
  answer: "100",
} as const;

/** Asked of amqplib, nothing answers it. */
export const UNKNOWN = "Which colour is the login button?";

/** Reads each workspace at once, and leaves out the file that is most of amqplib. */
export const QUICK = { "armt.autostart": "always", "armt.exclude": ["lib/defs.js"] } as const;
