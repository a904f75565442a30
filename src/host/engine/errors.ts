/** Why the engine process ended, for words of the user's language. */
export type CrashCause =
  | { readonly kind: "memory" }
  | { readonly kind: "gpu-memory" }
  | { readonly kind: "hung" }
  | { readonly kind: "exit"; readonly code: number }
  /** It could not be started at all. */
  | { readonly kind: "start"; readonly reason: string };

/** The cause as a sentence. */
export function causeInWords(cause: CrashCause): string {
  switch (cause.kind) {
    case "memory":
      return "It ran out of memory.";
    case "gpu-memory":
      return "It ran out of GPU memory.";
    case "hung":
      return "It stopped answering.";
    case "exit":
      return `It ended with code ${cause.code}.`;
    case "start":
      return `It could not be started: ${cause.reason}.`;
  }
}

/** A request that the engine answered with an error: its code (`src/engine/errors.ts`) and its words. */
export class EngineRequestError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "EngineRequestError";
    this.code = code;
  }
}

/** The engine process ended while a request was under way. It is started again. */
export class EngineCrashedError extends Error {
  readonly reason: CrashCause;
  /** From now on the model runs on the CPU, because it crashed on a GPU. */
  readonly cpuOnly: boolean;

  constructor(reason: CrashCause, cpuOnly: boolean) {
    super(causeInWords(reason));
    this.name = "EngineCrashedError";
    this.reason = reason;
    this.cpuOnly = cpuOnly;
  }
}

/** The engine crashed too often and waits for the user. */
export class EngineStoppedError extends Error {
  /** Why it ended the last time. */
  readonly reason: CrashCause;

  constructor(reason: CrashCause) {
    super(`The engine is stopped. Last cause: ${causeInWords(reason)}`);
    this.name = "EngineStoppedError";
    this.reason = reason;
  }
}

/** The window closes. */
export class EngineDisposedError extends Error {
  constructor() {
    super("The engine is shut down.");
    this.name = "EngineDisposedError";
  }
}

/** Whether a request failed because its signal was aborted. */
export function isCancelled(error: unknown): boolean {
  return error instanceof EngineRequestError && error.code === "cancelled";
}
