import { Model } from "../model/model.ts";
import type { OnProvider } from "../model/stepper.ts";
import type { ProviderChoice } from "../types.ts";

interface Entry {
  readonly model: Promise<Model>;
  users: number;
}

/** A model that is in use; disposing of the last lease frees its session. */
export interface Lease {
  readonly model: Model;
  readonly release: () => Promise<void>;
}

/** Loads each bundle once for each provider, whatever number of folders use it. */
export class Models {
  readonly #entries = new Map<string, Entry>();
  readonly #onProvider: OnProvider;

  constructor(onProvider: OnProvider) {
    this.#onProvider = onProvider;
  }

  async lease(bundle: string, provider: ProviderChoice): Promise<Lease> {
    const key = `${provider} ${bundle}`;
    const entry = this.#entries.get(key) ?? { model: Model.load(bundle, provider, this.#onProvider), users: 0 };
    this.#entries.set(key, entry);
    entry.users++;
    const release = async () => {
      entry.users--;
      if (entry.users > 0) return;
      this.#entries.delete(key);
      const model = await entry.model.catch(() => undefined);
      await model?.release();
    };
    try {
      return { model: await entry.model, release };
    } catch (error) {
      await release();
      throw error;
    }
  }
}
