import { DatabaseSync } from "node:sqlite";
import type { Place } from "../metrics.ts";
import type { SourceFile } from "./corpus.ts";
import { codeTerms, queryTerms } from "./terms.ts";

/** How the windows are cut and searched; the defaults are the strongest of those tried on train (notes.md). */
export interface Bm25Options {
  /** Lines from one window's start to the next one's. */
  readonly stride: number;
  /** Put the file's path into each of its windows. */
  readonly path: boolean;
}

export const WINDOW_LINES = 40;

/**
 * BM25 (SQLite FTS5: k1 = 1.2, b = 0.75, porter stemming) over windows of 40 lines with code-aware terms.
 * Of windows that share a line only the best is cited, so that five citations are five places.
 */
export class Bm25Peer {
  readonly #database = new DatabaseSync(":memory:");
  readonly #places: Place[] = [];

  constructor(files: readonly SourceFile[], options: Bm25Options = { stride: 10, path: true }) {
    this.#database.exec("CREATE VIRTUAL TABLE windows USING fts5(terms, content='', tokenize='porter unicode61')");
    const insert = this.#database.prepare("INSERT INTO windows(rowid, terms) VALUES (?, ?)");
    this.#database.exec("BEGIN");
    for (const { path, text } of files) {
      const lines = text.split("\n");
      if (lines.at(-1) === "") lines.pop();
      const head = options.path ? `${path}\n` : "";
      for (let start = 0; start < lines.length; start += options.stride) {
        const window = lines.slice(start, start + WINDOW_LINES);
        insert.run(this.#places.length, codeTerms(head + window.join("\n")).join(" "));
        this.#places.push({ file: path, from: start + 1, to: start + window.length });
        if (start + WINDOW_LINES >= lines.length) break;
      }
    }
    this.#database.exec("COMMIT");
  }

  /** The best `k` places, best first; fewer where fewer windows share a term with the question. */
  search(question: string, k: number): readonly Place[] {
    const terms = queryTerms(question);
    if (terms.length === 0) return [];
    const rows = this.#database
      // Overlapping windows are dropped below: ask for enough that k remain.
      .prepare("SELECT rowid AS id FROM windows WHERE windows MATCH ? ORDER BY rank LIMIT ?")
      .all(terms.map((term) => `"${term}"`).join(" OR "), 10 * k + 20);
    const found: Place[] = [];
    for (const row of rows) {
      const place = this.#places[Number(row["id"])];
      if (place === undefined || found.some((other) => overlap(place, other))) continue;
      found.push(place);
      if (found.length === k) break;
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Whether two places share a line. */
export function overlap(a: Place, b: Place): boolean {
  return a.file === b.file && a.from <= b.to && a.to >= b.from;
}
