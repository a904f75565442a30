import { Segmenter } from "../corpus/segment.ts";
import { Tokenizer } from "../corpus/tokenize.ts";
import type { ProviderChoice } from "../types.ts";
import { type Bundle, loadBundle } from "./bundle.ts";
import { Encoders } from "./encoders.ts";
import { type OnProvider, Stepper } from "./stepper.ts";

/** A bundle in use. Any number of workspaces may share one: it holds nothing of theirs. */
export class Model {
  readonly bundle: Bundle;
  readonly tokenizer: Tokenizer;
  readonly segmenter: Segmenter;
  readonly stepper: Stepper;
  /** The same steps for a bulk of segments. */
  readonly encoders: Encoders;

  private constructor(bundle: Bundle, stepper: Stepper) {
    this.bundle = bundle;
    this.stepper = stepper;
    this.encoders = new Encoders(bundle, stepper);
    this.tokenizer = Tokenizer.load(bundle.tokenizerFile);
    this.segmenter = Segmenter.create(this.tokenizer, { maxTokens: bundle.limits.segmentTokens });
  }

  /** Loads what is not the graph itself: its session starts at the first step. Throws the errors of `loadBundle`. */
  static async load(folder: string, provider: ProviderChoice, onProvider?: OnProvider): Promise<Model> {
    const bundle = await loadBundle(folder);
    return new Model(bundle, new Stepper(bundle, provider, onProvider));
  }

  /** Frees the session. */
  async release(): Promise<void> {
    this.encoders.release();
    await this.stepper.release();
  }
}
