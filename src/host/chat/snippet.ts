import type { Citation } from "../../engine/types.ts";
import type { CitationView, Mark, SnippetLine } from "../../protocol/panel.ts";
import { clipLine } from "../../protocol/text.ts";
import { splitPath } from "../paths.ts";
import type { CitedPlace } from "./exchange.ts";
import { syntaxMarks } from "./highlight.ts";
import { wordsIn } from "./via.ts";

const MOST_LINES = 7;
/** Lines of an answer that are shown; a longer one is cut. */
const MOST_QUOTED = 5;

/** Lines of a quote with what is marked in them. */
interface Draft {
  readonly line: number;
  readonly text: string;
  readonly quoted: boolean;
  marks: Mark[];
}

/** What a citation is shown with. */
export interface Showing {
  readonly id: string;
  /** Workspace folder, as a URI, and what stands before its paths. */
  readonly root: string;
  readonly prefix: string;
  /** The answer stands here. */
  readonly answer: boolean;
  /** The place proves nothing (nearest to a question that was not answered): nothing is highlighted. */
  readonly nearest?: boolean;
  /** The words that lead here and on from here; the second is shown. */
  readonly viaFrom?: string | undefined;
  readonly viaTo?: string | undefined;
  /** Instead of the citation's own span: a stretch of one of its lines. */
  readonly span?: { readonly line: number; readonly column: number; readonly text: string } | undefined;
}

/** A citation of the engine as a place that is shown, at most seven lines around what matters in it. */
export async function citedPlace(citation: Citation, showing: Showing): Promise<CitedPlace> {
  const { id, root, prefix, answer, nearest = false, viaTo } = showing;
  const lines = citation.quote.split("\n");
  const span = nearest ? undefined : (showing.span ?? citation.span);
  const answerMarks = span === undefined ? [] : spanMarks(lines, citation.from, span);
  const via = [showing.viaFrom, viaTo].filter((word) => word !== undefined);
  const [from, to] = quotedRange(lines, citation, answerMarks, via);
  const drafts = shownLines(lines, citation.from, from, to, via).map((number): Draft | null =>
    number === null
      ? null
      : {
          line: number,
          text: lines[number - citation.from] ?? "",
          quoted: number >= from && number <= to,
          marks: [],
        },
  );
  for (const draft of drafts) {
    if (draft === null) continue;
    draft.marks = answerMarks.filter(({ line }) => line === draft.line).map(({ mark }) => mark);
    for (const word of via)
      for (const at of wordsIn(draft.text, word)) draft.marks.push({ kind: "via", from: at.from, to: at.to });
  }
  const { name, folder } = splitPath(prefix + citation.file);
  const view: CitationView = {
    id,
    name,
    folder,
    line: from,
    lineTo: to,
    lines: await coloured(citation.file, drafts),
    answer,
    ...(viaTo === undefined ? {} : { via: viaTo }),
  };
  const first = answerMarks[0];
  return {
    view,
    root,
    file: citation.file,
    from,
    to,
    quote: lines.slice(from - citation.from, to - citation.from + 1).join("\n"),
    span:
      first === undefined
        ? undefined
        : { line: first.line, column: first.mark.from, length: first.mark.to - first.mark.from },
  };
}

/** The span as marks of the lines that it runs through; none if it does not stand there. */
function spanMarks(
  lines: readonly string[],
  first: number,
  span: { readonly line: number; readonly column: number; readonly text: string },
): { readonly line: number; readonly mark: Mark }[] {
  return span.text.split("\n").flatMap((part, offset) => {
    const line = span.line + offset;
    const column = offset === 0 ? span.column : 0;
    const text = lines[line - first] ?? "";
    if (part.trim() === "" || text.slice(column, column + part.length) !== part) return [];
    // The indent of a further line is no part of the answer.
    const from = column + (offset === 0 ? 0 : part.length - part.trimStart().length);
    return [{ line, mark: { kind: "answer", from, to: column + part.length } as const }];
  });
}

/** First and last line of what is quoted: the answer's, else the joining word's, else where the best segment's code begins. */
function quotedRange(
  lines: readonly string[],
  { from: first, at }: Pick<Citation, "from" | "at">,
  answer: readonly { readonly line: number }[],
  via: readonly string[],
): readonly [number, number] {
  const start = answer[0]?.line;
  if (start !== undefined) return [start, Math.min(answer.at(-1)?.line ?? start, start + MOST_QUOTED - 1)];
  const joins = lines.findIndex((text) => via.some((word) => wordsIn(text, word).length > 0));
  if (joins >= 0) return [first + joins, first + joins];
  const begin = Math.min(Math.max(0, at - first), lines.length - 1);
  const code = lines
    .slice(begin)
    .findIndex((text) => /[\p{L}\p{N}]/u.test(text) && !/^\s*(?:\/\/|\/?\*|#|--|;)/.test(text));
  const line = first + begin + Math.max(0, code);
  return [line, line];
}

/** The lines to show: what is quoted, a line around it, the nearest ones with a joining word; `null` for a gap. */
function shownLines(
  lines: readonly string[],
  first: number,
  from: number,
  to: number,
  via: readonly string[],
): (number | null)[] {
  const chosen = new Set<number>();
  for (let line = from; line <= to; line++) chosen.add(line);
  for (const word of via) {
    const holds = lines.flatMap((text, index) => (wordsIn(text, word).length > 0 ? [first + index] : []));
    const nearest = holds.sort((a, b) => Math.abs(a - from) - Math.abs(b - from))[0];
    if (nearest !== undefined && chosen.size < MOST_LINES) chosen.add(nearest);
  }
  // Two lines around the quote are enough, and a blank one ends them.
  for (const step of [-1, 1, -2, 2]) {
    const line = step < 0 ? from + step : to + step;
    const inner = step === -2 ? from - 1 : step === 2 ? to + 1 : line;
    const blank = [line, inner].some((each) => (lines[each - first] ?? "").trim() === "");
    if (!blank && chosen.size < Math.min(MOST_LINES - 1, to - from + 4)) chosen.add(line);
  }
  const sorted = [...chosen].sort((a, b) => a - b);
  return sorted.flatMap((line, index) => {
    const before = sorted[index - 1];
    return before !== undefined && line > before + 1 ? [null, line] : [line];
  });
}

/** Long lines cut, then syntax colours added: nothing longer than what is shown is parsed. */
async function coloured(file: string, drafts: readonly (Draft | null)[]): Promise<(SnippetLine | null)[]> {
  const clipped = drafts.map((draft) => (draft === null ? null : clipLine(draft)));
  const syntax = await syntaxMarks(
    file,
    clipped.map((line) => line?.text ?? ""),
  );
  return clipped.map((line, index) =>
    line === null ? null : { ...line, marks: [...line.marks, ...(syntax[index] ?? [])] },
  );
}
