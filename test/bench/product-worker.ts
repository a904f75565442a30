/** The process of `runProduct`: takes one task, reports, ends. */
import { Engine } from "../../src/engine/service.ts";
import type { ProductMessage, ProductTask } from "./product.ts";

/** Progress is for people: more often than this is noise on the channel. */
const PROGRESS_EVERY_MS = 500;

function send(message: ProductMessage): void {
  process.send?.(message);
}

async function work(task: ProductTask): Promise<void> {
  const { signal } = new AbortController();
  await using engine = await Engine.open(
    {
      workspace: task.workspace,
      state: task.state,
      ...(task.model === undefined ? {} : { model: task.model }),
      ...(task.provider === undefined ? {} : { provider: task.provider }),
    },
    signal,
  );
  let told = 0;
  const report = await engine.index(
    {
      onProgress: (progress) => {
        if (performance.now() - told < PROGRESS_EVERY_MS) return;
        told = performance.now();
        send({ kind: "progress", progress });
      },
    },
    signal,
  );
  send({ kind: "indexed", report });
  for (const [row, { without, questions }] of task.rows.entries()) {
    engine.setWithout(without);
    for (const [question, text] of questions.entries()) {
      send({ kind: "answer", row, question, answer: await engine.ask(text, {}, signal) });
    }
  }
  // maxRSS is in KiB; MiB, as in IndexReport.
  send({ kind: "done", peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024) });
}

process.once("disconnect", () => process.exit(1));
process.once("message", (task: ProductTask) => {
  work(task).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    send({ kind: "failed", code, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  });
});
