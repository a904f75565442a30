import type { Fact } from "./facts.ts";

/** A question that the workspace should answer, and from where. */
export interface ExampleCandidate {
  readonly question: string;
  /** Relative to the workspace, with forward slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly name: string;
  /** What the answer must hold; absent where the place is the answer. */
  readonly value?: string;
}

/** A file with the facts that it tells. */
export interface FactFile {
  readonly path: string;
  readonly text: string;
  readonly facts: readonly Fact[];
}

const KINDS = ["value", "function", "type"] as const satisfies readonly Fact["kind"][];
/** Of one file, so that they are spread over the workspace. */
const OF_A_FILE = 2;
const SETTING = /default|max|min|timeout|limit|size|interval|retries|delay|port|version/i;
/** What a name of one word counts less: it may as well be a word of another thing. */
const FEW_WORDS = 1000;
const NOT_SOURCE =
  /(?:^|\/)(?:__tests__|bench(?:marks?)?|demos?|dist|docs?|examples?|fixtures?|min|samples?|specs?|t|tests?|testing|third_party|vendor)\/|(?:^|\/)(?:conftest|setup|test)_?[\w.-]*$|[._-](?:test|tests|spec|min|pb|generated)\.\w+$/i;

/** Whether a file is likely to be the project's own source: a test or an example tells little of it. */
export function isSource(path: string): boolean {
  return !NOT_SOURCE.test(path);
}

/** "DEFAULT_MAX_FRAME_SIZE" and "maxFrameSize" as words: "default max frame size". */
export function inWords(name: string): string {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .replaceAll(/[_$]+/g, " ")
    .trim()
    .toLowerCase();
}

/**
 * Questions about facts that stand in one place only, those first that other files speak of; values, functions and types
 * in turn.
 */
export function exampleCandidates(files: readonly FactFile[], most: number): ExampleCandidate[] {
  const named = Map.groupBy(
    files.flatMap((file) => file.facts.map((fact) => ({ file, fact }))),
    ({ fact }) => inWords(fact.name),
  );
  const mentions = mentioned(files);
  const single = [...named.values()].flatMap((all) => {
    const [only] = all;
    if (only === undefined || all.length > 1) return [];
    const { name, kind, value = "" } = only.fact;
    // What a text is for does not show in most names.
    if (kind === "value" && !/^-?\d/.test(value) && !SETTING.test(name)) return [];
    const weight =
      (mentions.get(name) ?? 0) +
      (kind === "value" && SETTING.test(name) ? 2 : 0) -
      (inWords(name).includes(" ") ? 0 : FEW_WORDS);
    return [{ ...only, weight }];
  });
  single.sort((a, b) => b.weight - a.weight);
  const taken = new Map<FactFile, number>();
  const spread = single.filter(({ file }) => {
    const before = taken.get(file) ?? 0;
    taken.set(file, before + 1);
    return before < OF_A_FILE * KINDS.length;
  });
  const queues = KINDS.map((kind) => spread.filter(({ fact }) => fact.kind === kind));
  const longest = Math.max(...queues.map(({ length }) => length));
  const turns = Array.from({ length: longest }, (_, at) => queues.flatMap((queue) => queue[at] ?? [])).flat();
  return turns.slice(0, most).map(({ file, fact }) => candidateOf(file, fact));
}

function candidateOf({ path }: FactFile, { name, line, value }: Fact): ExampleCandidate {
  const place = { file: path, line, name };
  return value === undefined
    ? { question: `Where is ${name} defined?`, ...place }
    : { question: `What is the ${inWords(name)}?`, ...place, value };
}

/** How many files speak of a name. */
function mentioned(files: readonly FactFile[]): ReadonlyMap<string, number> {
  const names = new Set(files.flatMap(({ facts }) => facts.map(({ name }) => name)));
  const counts = new Map<string, number>();
  for (const { text } of files)
    for (const word of new Set(text.match(/[\w$]+/g)))
      if (names.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
