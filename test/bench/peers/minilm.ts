import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Tokenizer } from "@huggingface/tokenizers";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { ArmtError, throwIfCancelled } from "../../../src/engine/errors.ts";
import type { Place } from "../metrics.ts";

/** A segment of the product, with the text that is embedded. */
export interface PeerSegment extends Place {
  readonly text: string;
}

const WIDTH = 384;
/** `max_seq_length` of sentence-transformers' all-MiniLM-L6-v2. */
const MAX_TOKENS = 256;
/** Texts embedded between two writes to the cache. */
const PIECE = 512;
/** Tokens of one run, padding included: small enough that one core's caches hold the activations. */
const BATCH_TOKENS = 1024;

/** The folder has no exported MiniLM; `cause` says why it could not be made. */
export class MiniLmMissingError extends ArmtError {
  constructor(folder: string, cause?: unknown) {
    const why = cause instanceof Error ? ` (${cause.message.trim().split("\n").at(-1) ?? ""})` : "";
    super(
      "minilm-missing",
      `${folder} holds no model.onnx and tokenizer.json${why}. Make them with ` +
        `python models/training/export_minilm.py ${folder} (test/bench/notes.md says what it needs), or leave --peers out.`,
      { cause },
    );
  }
}

/**
 * The untouched all-MiniLM-L6-v2 in fp32: unit sentence vectors of raw text, in the model's own tokenisation (no
 * camelCase or snake_case splitting). Embeddings of segments are kept in the folder `cache`, by model and text.
 */
export class MiniLm {
  readonly #session: InferenceSession;
  readonly #tokenizer: Tokenizer;
  readonly #model: string;
  readonly #cache: DatabaseSync;

  private constructor(session: InferenceSession, tokenizer: Tokenizer, model: string, cache: DatabaseSync) {
    this.#session = session;
    this.#tokenizer = tokenizer;
    this.#model = model;
    this.#cache = cache;
  }

  /** Opens `model.onnx` and `tokenizer.json` in `folder`. Throws `MiniLmMissingError`. */
  static async open(folder: string, cache: string): Promise<MiniLm> {
    const model = join(folder, "model.onnx");
    const tokenizerFile = join(folder, "tokenizer.json");
    if (!existsSync(model) || !existsSync(tokenizerFile)) throw new MiniLmMissingError(folder);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(model)) hash.update(chunk as Buffer);
    const session = await InferenceSession.create(model, {
      executionProviders: ["cpu"],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      extra: { session: { intra_op: { allow_spinning: "0" } } },
    });
    const json = JSON.parse(readFileSync(tokenizerFile, "utf8")) as object;
    mkdirSync(cache, { recursive: true });
    // WAL and a patient time-out: two benches at once share the cache.
    const database = new DatabaseSync(join(cache, "embeddings.db"), { timeout: 60_000 });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    database.exec("CREATE TABLE IF NOT EXISTS embeddings(key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID");
    return new MiniLm(session, new Tokenizer(json, {}), hash.digest("hex"), database);
  }

  /** Unit vectors, one row of 384 floats per text. */
  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array> {
    const rows = texts.map((text, index) => ({ ids: this.#ids(text), index }));
    rows.sort((a, b) => a.ids.length - b.ids.length);
    const out = new Float32Array(texts.length * WIDTH);
    for (let start = 0; start < rows.length; ) {
      throwIfCancelled(signal);
      let end = start + 1;
      while (end < rows.length && (end - start + 1) * (rows[end]?.ids.length ?? 0) <= BATCH_TOKENS) end += 1;
      const batch = rows.slice(start, end);
      const vectors = await this.#run(batch.map((row) => row.ids));
      batch.forEach((row, i) => {
        out.set(vectors.subarray(i * WIDTH, (i + 1) * WIDTH), row.index * WIDTH);
      });
      start = end;
    }
    return out;
  }

  /** As `embed`; what was embedded before comes from the cache. */
  async embedCached(
    texts: readonly string[],
    signal?: AbortSignal,
    onProgress?: (done: number) => void,
  ): Promise<Float32Array> {
    const out = new Float32Array(texts.length * WIDTH);
    const find = this.#cache.prepare("SELECT vector FROM embeddings WHERE key = ?");
    const keep = this.#cache.prepare("INSERT OR IGNORE INTO embeddings(key, vector) VALUES (?, ?)");
    const keys = texts.map((text) => createHash("sha256").update(this.#model).update(text).digest());
    const missing: number[] = [];
    keys.forEach((key, row) => {
      const vector = find.get(key)?.["vector"];
      if (vector instanceof Uint8Array) out.set(new Float32Array(vector.slice().buffer), row * WIDTH);
      else missing.push(row);
    });
    // In pieces, so that a run that is cut off keeps what it has.
    for (let start = 0; start < missing.length; start += PIECE) {
      const rows = missing.slice(start, start + PIECE);
      const vectors = await this.embed(
        rows.map((row) => texts[row] ?? ""),
        signal,
      );
      this.#cache.exec("BEGIN IMMEDIATE");
      rows.forEach((row, i) => {
        const vector = vectors.slice(i * WIDTH, (i + 1) * WIDTH);
        out.set(vector, row * WIDTH);
        keep.run(keys[row] ?? null, new Uint8Array(vector.buffer));
      });
      this.#cache.exec("COMMIT");
      onProgress?.(texts.length - missing.length + start + rows.length);
    }
    return out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cache.close();
    await this.#session.release();
  }

  #ids(text: string): readonly number[] {
    // Far more text than fits is cut before the tokenizer, which is slow on very long input.
    const { ids } = this.#tokenizer.encode(text.slice(0, MAX_TOKENS * 16));
    const end = ids.at(-1);
    return ids.length <= MAX_TOKENS || end === undefined ? ids : [...ids.slice(0, MAX_TOKENS - 1), end];
  }

  async #run(batch: readonly (readonly number[])[]): Promise<Float32Array> {
    const length = Math.max(...batch.map((ids) => ids.length));
    const ids = new BigInt64Array(batch.length * length);
    const mask = new BigInt64Array(batch.length * length);
    batch.forEach((row, i) => {
      row.forEach((id, j) => {
        ids[i * length + j] = BigInt(id);
        mask[i * length + j] = 1n;
      });
    });
    const dims = [batch.length, length];
    const result = await this.#session.run({
      input_ids: new Tensor("int64", ids, dims),
      attention_mask: new Tensor("int64", mask, dims),
    });
    const data = result["sentence"]?.data;
    if (!(data instanceof Float32Array)) throw new TypeError("the MiniLM graph has no float output `sentence`");
    return data;
  }
}

/** Exact cosine search over one repository's segments. */
export class MiniLmPeer {
  readonly #model: MiniLm;
  readonly #segments: readonly PeerSegment[];
  readonly #vectors: Float32Array;

  private constructor(model: MiniLm, segments: readonly PeerSegment[], vectors: Float32Array) {
    this.#model = model;
    this.#segments = segments;
    this.#vectors = vectors;
  }

  static async index(
    model: MiniLm,
    segments: readonly PeerSegment[],
    signal?: AbortSignal,
    onProgress?: (done: number) => void,
  ): Promise<MiniLmPeer> {
    const texts = segments.map((segment) => segment.text);
    return new MiniLmPeer(model, segments, await model.embedCached(texts, signal, onProgress));
  }

  /** The best `k` segments, best first. */
  async search(question: string, k: number): Promise<readonly Place[]> {
    const query = await this.#model.embed([question]);
    const scored = this.#segments.map((segment, row) => {
      let score = 0;
      for (let i = 0; i < WIDTH; i++) score += (query[i] ?? 0) * (this.#vectors[row * WIDTH + i] ?? 0);
      return { segment, score };
    });
    scored.sort((a, b) => b.score - a.score);
    return scored.slice(0, k).map(({ segment: { file, from, to } }) => ({ file, from, to }));
  }
}
