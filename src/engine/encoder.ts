/**
 * An encoder process: forked by `model/encoders.ts` for a bulk of segments, it runs their index steps on one processor and
 * ends when its channel does.
 */
import { loadBundle } from "./model/bundle.ts";
import type { EncoderReply, EncoderRequest, Usage } from "./model/encoders.ts";
import { indexInput } from "./model/inputs.ts";
import { StepSession } from "./model/session.ts";

function send(reply: EncoderReply): void {
  process.send?.(reply);
}

process.once("disconnect", () => process.exit(0));
process.once("message", ({ model }: { readonly model: string }) => {
  begin(model).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
});

function usage(): Usage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { processorMs: (userCPUTime + systemCPUTime) / 1_000, peakMb: Math.round(maxRSS / 1_024) };
}

async function begin(model: string): Promise<void> {
  const bundle = await loadBundle(model);
  const session = await StepSession.load(bundle, "cpu", { threads: 1 });
  process.on("message", ({ id, header, code, anchors }: EncoderRequest) => {
    session.encode(indexInput(bundle, header, code, anchors)).then(
      ({ keys, beta, gist }) => send({ id, keys, beta, gist, usage: usage() }),
      // What fails here is tried again by the engine itself, which tells why.
      () => process.exit(1),
    );
  });
  send({ ready: true });
}
