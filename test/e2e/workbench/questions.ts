/** Questions about amqplib that the model answers reliably, with what they are answered from. */
export const FRAME = {
  question: "What is the default frameMax?",
  answer: "131072",
  name: "connect.js",
  folder: "lib",
  line: 66,
  text: "frameMax: intOrDefault(query.frameMax, 131072),",
} as const;

export const DELAY = {
  question: "What is the default maximum delay before a reconnection attempt?",
  answer: "30000",
} as const;

/** Asked of amqplib, nothing answers it. */
export const UNKNOWN = "Which colour is the login button?";

/** Reads each workspace at once, and leaves out the file that is most of amqplib. */
export const QUICK = { "armt.autostart": "always", "armt.exclude": ["lib/defs.js"] } as const;
