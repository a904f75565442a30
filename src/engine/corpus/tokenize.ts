import { readFileSync } from "node:fs";
import { Tokenizer as WordPiece } from "@huggingface/tokenizers";
import { ArmtError } from "../errors.ts";
import { scanWords } from "./words.ts";

export const PAD_ID = 0;
export const UNK_ID = 100;
export const CLS_ID = 101;
export const SEP_ID = 102;
export const MASK_ID = 103;

/** Longer words are one [UNK], as in BERT; cut off early so that one huge word costs nothing. */
const MAX_WORD_LENGTH = 100;
/** Words kept per cache generation; two generations are alive at a time. */
const CACHE_SIZE = 32_768;
/** Longer words are rare and not worth the memory. */
const MAX_CACHED_LENGTH = 40;

/** `tokenizer.json` is missing or is not the WordPiece tokenizer that the engine expects. */
export class TokenizerError extends ArmtError {
  constructor(path: string, cause: unknown) {
    super(
      "tokenizer-unusable",
      `Cannot load the tokenizer ${path}. Restore the model bundle (armt --model DIR chooses another one).`,
      { cause },
    );
  }
}

/** Tokens of one text, all arrays of one length. Offsets are UTF-16, end exclusive. */
export interface Encoded {
  readonly ids: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Index of the word (of the pre-split) that each token belongs to. */
  readonly words: Int32Array;
}

/** A word's tokens; `lengths[i]` is piece i's length in the word, or 0 when it covers the whole word. */
interface WordTokens {
  readonly ids: readonly number[];
  readonly lengths: readonly number[];
}

/** WordPiece over the words of `scanWords`, with offsets. Identical to `models/training/tokenizer.py`. */
export class Tokenizer {
  readonly #wordPiece: WordPiece;
  #young = new Map<string, WordTokens>();
  #old = new Map<string, WordTokens>();

  private constructor(wordPiece: WordPiece) {
    this.#wordPiece = wordPiece;
  }

  /** Reads a Hugging Face `tokenizer.json` (WordPiece). Throws `TokenizerError`. */
  static load(tokenizerJsonPath: string): Tokenizer {
    try {
      const json: unknown = JSON.parse(readFileSync(tokenizerJsonPath, "utf8"));
      if (typeof json !== "object" || json === null) throw new TypeError("not a JSON object");
      const wordPiece = new WordPiece(json, {});
      if (wordPiece.token_to_id("[CLS]") !== CLS_ID || wordPiece.token_to_id("[SEP]") !== SEP_ID) {
        throw new TypeError("[CLS] and [SEP] are not 101 and 102");
      }
      return new Tokenizer(wordPiece);
    } catch (error) {
      throw new TokenizerError(tokenizerJsonPath, error);
    }
  }

  /** Tokens of `text` without special tokens. Linear in the text's length; any string is valid input. */
  encode(text: string): Encoded {
    const out = new Columns(Math.max(16, text.length >> 2));
    let word = 0;
    scanWords(text, (wordStart, wordEnd, start, end) => {
      const tokens = this.#word(text, wordStart, wordEnd);
      const count = tokens.ids.length;
      let pieceStart = wordStart;
      for (let i = 0; i < count; i++) {
        const length = tokens.lengths[i] ?? 0;
        const pieceEnd = pieceStart + length;
        out.push(
          tokens.ids[i] ?? UNK_ID,
          length === 0 || i === 0 ? start : pieceStart,
          length === 0 || i === count - 1 ? end : pieceEnd,
          word,
        );
        pieceStart = pieceEnd;
      }
      word++;
    });
    return out.finish();
  }

  #word(text: string, start: number, end: number): WordTokens {
    const length = end - start;
    if (length > MAX_WORD_LENGTH) return UNKNOWN_WORD;
    const raw = text.slice(start, end);
    if (length > MAX_CACHED_LENGTH) return this.#encodeWord(raw);
    const young = this.#young.get(raw);
    if (young !== undefined) return young;
    const tokens = this.#old.get(raw) ?? this.#encodeWord(raw);
    if (this.#young.size >= CACHE_SIZE) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    // V8 keeps the whole file alive through a long slice of it: the key must be a copy.
    this.#young.set(length < 13 ? raw : Buffer.from(raw, "utf16le").toString("utf16le"), tokens);
    return tokens;
  }

  #encodeWord(raw: string): WordTokens {
    const word = normalise(raw);
    if (word === "") return EMPTY_WORD;
    // The package's declarations do not resolve under NodeNext, so the shape is stated here.
    const { ids, tokens }: { ids: number[]; tokens: string[] } = this.#wordPiece.encode(word, {
      add_special_tokens: false,
    });
    const aligned = word.length === raw.length && !ids.includes(UNK_ID);
    const lengths = tokens.map((token, i) => (aligned ? token.length - (i > 0 ? 2 : 0) : 0));
    return { ids, lengths };
  }
}

const UNKNOWN_WORD: WordTokens = { ids: [UNK_ID], lengths: [0] };
const EMPTY_WORD: WordTokens = { ids: [], lengths: [] };

/**
 * BERT's uncased normalisation, done here code point by code point because the JavaScript and the Rust tokenizer
 * differ outside ASCII (final sigma, order of lower-casing and accent stripping).
 */
function normalise(word: string): string {
  if (/^[\0-\x7f]*$/.test(word)) return word.toLowerCase();
  let lowered = "";
  for (const character of word.normalize("NFD").replace(/\p{Mn}/gu, "")) lowered += character.toLowerCase();
  return lowered.normalize("NFD").replace(/\p{Mn}/gu, "");
}

/** Four growing Int32 columns. */
class Columns {
  #length = 0;
  #data: [Int32Array, Int32Array, Int32Array, Int32Array];

  constructor(capacity: number) {
    this.#data = [
      new Int32Array(capacity),
      new Int32Array(capacity),
      new Int32Array(capacity),
      new Int32Array(capacity),
    ];
  }

  push(id: number, start: number, end: number, word: number): void {
    const at = this.#length++;
    if (at >= this.#data[0].length) this.#grow();
    this.#data[0][at] = id;
    this.#data[1][at] = start;
    this.#data[2][at] = end;
    this.#data[3][at] = word;
  }

  #grow(): void {
    for (const column of [0, 1, 2, 3] as const) {
      const larger = new Int32Array(this.#data[column].length * 2);
      larger.set(this.#data[column]);
      this.#data[column] = larger;
    }
  }

  finish(): Encoded {
    const [ids, starts, ends, words] = this.#data;
    const n = this.#length;
    return { ids: ids.slice(0, n), starts: starts.slice(0, n), ends: ends.slice(0, n), words: words.slice(0, n) };
  }
}
