import { setImmediate } from "node:timers/promises";
import type { Mark } from "../../protocol/panel.ts";

type Kind = Extract<Mark["kind"], "keyword" | "string" | "number" | "comment">;

/** Kinds of highlight.js that the panel has a colour for; the others show as plain text. */
const KINDS: Readonly<Record<string, Kind>> = {
  "hljs-keyword": "keyword",
  "hljs-literal": "keyword",
  "hljs-built_in": "keyword",
  "hljs-type": "keyword",
  "hljs-variable language_": "keyword",
  "hljs-string": "string",
  "hljs-regexp": "string",
  "hljs-attr-value": "string",
  "hljs-number": "number",
  "hljs-comment": "comment",
  "hljs-doctag": "comment",
};

/** Endings that highlight.js knows by another name. */
const LANGUAGES: Readonly<Record<string, string>> = {
  mts: "typescript",
  cts: "typescript",
  h: "c",
  hpp: "cpp",
  cc: "cpp",
  vue: "xml",
  svelte: "xml",
  yml: "yaml",
  zsh: "bash",
};

/** The parts of a syntax tree of lowlight that matter here. */
interface Tree {
  readonly type: string;
  readonly value?: string;
  readonly properties?: { readonly className?: unknown };
  readonly children?: readonly Tree[];
}

/** Loaded at the first citation: an editor that never asks does not pay for it. */
async function load() {
  const { common, createLowlight } = await import("lowlight");
  const lowlight = createLowlight();
  for (const [name, grammar] of Object.entries(common)) {
    // Together they would block the editor's other extensions.
    await setImmediate();
    lowlight.register(name, grammar);
  }
  return lowlight;
}

let loading: ReturnType<typeof load> | undefined;

/** Syntax marks of each of the lines, by the ending of the file's name. Lines should be short: all are parsed. */
export async function syntaxMarks(file: string, lines: readonly string[]): Promise<Mark[][]> {
  loading ??= load();
  const lowlight = await loading;
  const ending = /\.([^./]+)$/.exec(file)?.[1]?.toLowerCase() ?? "";
  const language = LANGUAGES[ending] ?? ending;
  const marks: Mark[][] = lines.map(() => []);
  if (!lowlight.registered(language)) return marks;
  let line = 0;
  let column = 0;
  const walk = (node: Tree, kind: Kind | undefined): void => {
    if (node.type === "text") {
      for (const [index, part] of (node.value ?? "").split("\n").entries()) {
        if (index > 0) {
          line++;
          column = 0;
        }
        if (kind !== undefined && part !== "") marks[line]?.push({ kind, from: column, to: column + part.length });
        column += part.length;
      }
      return;
    }
    const names: unknown = node.properties?.className;
    const own = Array.isArray(names) ? (KINDS[names.join(" ")] ?? KINDS[String(names[0])]) : undefined;
    for (const child of node.children ?? []) walk(child, own ?? kind);
  };
  walk(lowlight.highlight(language, lines.join("\n")) as Tree, undefined);
  return marks;
}
