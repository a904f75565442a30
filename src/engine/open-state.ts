import { setTimeout as delay } from "node:timers/promises";
import type { DiscoverOptions } from "./corpus/discover.ts";
import { DEFAULT_FACTS_LAYOUT, type FactsLayout } from "./memory/layout.ts";
import type { Bundle } from "./model/bundle.ts";
import { StateMissingError } from "./store/errors.ts";
import { defaultStateFile } from "./store/location.ts";
import type { StoreOptions } from "./store/open.ts";
import { Store } from "./store/store.ts";
import type { Part, ProviderChoice } from "./types.ts";

export interface EngineOptions extends Pick<DiscoverOptions, "include" | "exclude" | "maxFileBytes"> {
  readonly workspace: string;
  /** State file; default: one per workspace in the user's state folder. */
  readonly state?: string;
  /** Bundle folder. */
  readonly model?: string;
  readonly provider?: ProviderChoice;
  readonly without?: readonly Part[];
  readonly segmentsPerShard?: number | "all";
  readonly readOnly?: boolean;
}

/** Position numbers stay below this when all segments share one shard. */
const ALL_SEGMENTS = 1 << 20;

/** Another process that has just taken the lock may not have made its file yet. */
const OPEN_ATTEMPTS = 5;
const OPEN_PAUSE_MS = 100;

/** Opens the state of a workspace (its real path). Throws what `Store.open` throws. */
export async function openStore(options: EngineOptions, root: string, bundle: Bundle): Promise<Store> {
  const file = options.state ?? defaultStateFile(root);
  for (let attempt = 1; ; attempt++) {
    try {
      return Store.open(file, storeOptions(options, root, bundle));
    } catch (error) {
      const early = error instanceof StateMissingError && options.readOnly !== true;
      if (!early || attempt === OPEN_ATTEMPTS) throw error;
      await delay(OPEN_PAUSE_MS);
    }
  }
}

export function storeOptions(options: EngineOptions, root: string, bundle: Bundle): StoreOptions {
  return {
    modelHash: bundle.hash,
    dims: bundle.memoryDims,
    factsLayout: factsLayout(bundle, options.segmentsPerShard),
    workspaceId: root,
    readOnly: options.readOnly ?? false,
  };
}

export function factsLayout(bundle: Bundle, segmentsPerShard: number | "all" | undefined): FactsLayout {
  const layout = { ...DEFAULT_FACTS_LAYOUT, ...bundle.factsLayout };
  if (segmentsPerShard === undefined) return layout;
  return { ...layout, segmentsPerShard: segmentsPerShard === "all" ? ALL_SEGMENTS : segmentsPerShard };
}
