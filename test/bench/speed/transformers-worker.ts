/** `@huggingface/transformers` embedding texts as Continue's built-in provider does: one at a time, mean, unit length. */
import { basename, dirname } from "node:path";
import { env, pipeline } from "@huggingface/transformers";
import { serve } from "./child.ts";
import type { PlainForm } from "./plain-encoder.ts";
import { type Rate, runFor } from "./rate.ts";

export interface TransformersTask {
  readonly folder: string;
  readonly form: PlainForm;
  readonly texts: readonly string[];
  readonly ms: number;
}

serve(async (task: TransformersTask): Promise<Rate> => {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = dirname(task.folder);
  const extract = await pipeline("feature-extraction", basename(task.folder), { dtype: task.form, device: "cpu" });
  return await runFor(task.texts.length, task.ms, async (i) => {
    const text = task.texts[i] ?? "";
    await extract([text], { pooling: "mean", normalize: true });
    return { bytes: Buffer.byteLength(text), tokens: extract.tokenizer.encode(text).length };
  });
});
