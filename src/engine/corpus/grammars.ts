import { createRequire } from "node:module";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { Language, Parser, type Tree } from "web-tree-sitter";

/** Grammar name (of `@vscode/tree-sitter-wasm`) by file extension or base name, lower-cased. C is parsed as C++. */
const GRAMMARS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    typescript: "ts mts cts",
    tsx: "tsx",
    javascript: "js mjs cjs jsx",
    python: "py pyi pyw",
    java: "java",
    cpp: "c h cc cpp cxx hpp hh hxx inl ipp cu cuh",
    "c-sharp": "cs",
    go: "go",
    rust: "rs",
    ruby: "rb rake gemspec ru rakefile gemfile",
    php: "php phtml",
    css: "css",
    bash: "sh bash zsh ksh bats",
    powershell: "ps1 psm1",
  }).flatMap(([grammar, names]) => names.split(" ").map((name) => [name, grammar] as const)),
);

/** Every grammar that may be loaded. */
export const GRAMMAR_NAMES: ReadonlySet<string> = new Set(GRAMMARS.values());

/** Parsing is stopped after this many progress callbacks: a count, not a time, so that results are repeatable. */
const MAX_PROGRESS_CALLBACKS = 200_000;

/** The grammar for a path, or undefined where lines have to do. */
export function grammarOf(file: string): string | undefined {
  const base = path.posix.basename(file).toLowerCase();
  const dot = base.lastIndexOf(".");
  return GRAMMARS.get(dot < 0 ? base : base.slice(dot + 1));
}

/** Loads grammars on first use and keeps one parser for each. */
export class Grammars {
  readonly #folder: string;
  readonly #parsers = new Map<string, Promise<Parser>>();
  #ready: Promise<void> | undefined;

  /** `folder` holds `tree-sitter-<grammar>.wasm`; by default the installed package's. */
  constructor(folder?: string) {
    this.#folder =
      folder ??
      path.dirname(createRequire(import.meta.url).resolve("@vscode/tree-sitter-wasm/wasm/tree-sitter-cpp.wasm"));
  }

  /**
   * Parses `text` and hands the tree to `use`; the tree is deleted afterwards. Undefined when the grammar cannot be
   * loaded or the parser gives up: the caller falls back to lines.
   */
  async withTree<T>(grammar: string, text: string, use: (tree: Tree) => T): Promise<T | undefined> {
    let tree: Tree | null;
    let parser: Parser;
    try {
      parser = await this.#parser(grammar);
      let callbacks = 0;
      tree = parser.parse(text, null, { progressCallback: () => ++callbacks > MAX_PROGRESS_CALLBACKS });
    } catch {
      // A trap leaves the parser in an unknown state: the next file gets a fresh one.
      this.#parsers.delete(grammar);
      return undefined;
    }
    if (tree === null) {
      parser.reset();
      return undefined;
    }
    try {
      return use(tree);
    } finally {
      tree.delete();
    }
  }

  #parser(grammar: string): Promise<Parser> {
    let parser = this.#parsers.get(grammar);
    if (parser === undefined) {
      parser = this.#load(grammar);
      this.#parsers.set(grammar, parser);
    }
    return parser;
  }

  async #load(grammar: string): Promise<Parser> {
    // V8's optimizing compiler takes gigabytes for the large functions of a grammar, and parsing is no faster for it.
    setFlagsFromString("--no-wasm-tier-up");
    setFlagsFromString("--no-wasm-dynamic-tiering");
    this.#ready ??= Parser.init();
    await this.#ready;
    const parser = new Parser();
    parser.setLanguage(await Language.load(path.join(this.#folder, `tree-sitter-${grammar}.wasm`)));
    return parser;
  }
}
