import { throwIfCancelled } from "../../../src/engine/errors.ts";
import type { Place, Reply } from "../metrics.ts";
import { Bm25Peer } from "./bm25.ts";
import { loadCorpus } from "./corpus.ts";
import { fuse } from "./fusion.ts";
import { type MiniLm, MiniLmPeer } from "./minilm.ts";

export const PEERS = ["bm25", "minilm", "bm25 + minilm"] as const;
export type PeerName = (typeof PEERS)[number];

/** Citations that a peer gives, as many as are looked at. */
const CITATIONS = 5;
/** Places of each ranking that the fusion sees. */
const FUSION_DEPTH = 60;

/** The three peers over one repository. */
export class RepositoryPeers {
  readonly #bm25: Bm25Peer;
  readonly #minilm: MiniLmPeer;

  private constructor(bm25: Bm25Peer, minilm: MiniLmPeer) {
    this.#bm25 = bm25;
    this.#minilm = minilm;
  }

  /** Reads and indexes the workspace. `cut` as in `loadCorpus`. */
  static async open(
    workspace: string,
    minilmModel: MiniLm,
    cut: Parameters<typeof loadCorpus>[1],
    signal?: AbortSignal,
    onProgress?: (done: number, total: number) => void,
  ): Promise<RepositoryPeers> {
    const { files, segments } = await loadCorpus(workspace, cut, signal);
    throwIfCancelled(signal);
    const minilm = await MiniLmPeer.index(minilmModel, segments, signal, (done) => onProgress?.(done, segments.length));
    return new RepositoryPeers(new Bm25Peer(files), minilm);
  }

  /** What each peer says to a question; the fusion's time is that of both and its own. */
  async ask(question: string): Promise<ReadonlyMap<PeerName, Reply>> {
    const start = performance.now();
    const lexical = this.#bm25.search(question, FUSION_DEPTH);
    const afterLexical = performance.now();
    const dense = await this.#minilm.search(question, FUSION_DEPTH);
    const afterDense = performance.now();
    const fused = fuse(lexical, dense, CITATIONS);
    const end = performance.now();
    const reply = (places: readonly Place[], ms: number): Reply => ({ citations: places.slice(0, CITATIONS), ms });
    return new Map([
      ["bm25", reply(lexical, afterLexical - start)],
      ["minilm", reply(dense, afterDense - afterLexical)],
      ["bm25 + minilm", reply(fused, end - start)],
    ]);
  }

  [Symbol.dispose](): void {
    this.#bm25[Symbol.dispose]();
  }
}
