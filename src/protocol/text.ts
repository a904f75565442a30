import type { Mark, SnippetLine } from "./panel.ts";

/**
 * Text of a workspace made fit to be shown: nothing in it reorders, hides or overwrites what stands beside it, and a
 * line of a megabyte costs no more than one of a few hundred characters.
 */

/** UTF-16 units of a line that are shown. */
const LINE_UNITS = 400;
/** Units kept before the mark of a cut line. */
const LEAD_UNITS = 80;
const ELLIPSIS = "…";

/**
 * Controls (but tab and line feed), line and paragraph separators, bidi controls, invisible spaces, tag characters and
 * lone surrogates. Joiners inside emoji and scripts (U+200C, U+200D) and variation selectors stay.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** `text` with every hidden character written out, as in "⟨U+202E⟩". A carriage return at the end of a line goes. */
export function visibleText(text: string): string {
  return text.replace(/\r(?=\n|$)/g, "").replace(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** The nearest index at or below `index` that does not split a surrogate pair. */
function wholeIndex(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff && index > 0 ? index - 1 : index;
}

/** The first `units` of `text`; what was cut is shown by "…". */
export function clipText(text: string, units: number): string {
  return text.length <= units ? text : text.slice(0, wholeIndex(text, units)) + ELLIPSIS;
}

/** The mark that a cut line must keep: the answer, else the joining word. */
function mainMark(marks: readonly Mark[]): Mark | undefined {
  return marks.find(({ kind }) => kind === "answer") ?? marks.find(({ kind }) => kind === "via");
}

/**
 * A line cut to `units` around its answer (else its joining word, else its start), with its marks moved along. Lines
 * that fit come back as they are.
 */
export function clipLine(line: SnippetLine, units: number = LINE_UNITS): SnippetLine {
  const { text } = line;
  if (text.length <= units) return line;
  const main = mainMark(line.marks);
  const from =
    main === undefined || main.to <= units
      ? 0
      : wholeIndex(text, Math.max(0, Math.min(main.from - LEAD_UNITS, text.length - units)));
  const to = wholeIndex(text, Math.min(text.length, from + units));
  const head = from > 0 ? ELLIPSIS : "";
  const shift = head.length - from;
  const marks: Mark[] = [];
  for (const mark of line.marks) {
    const start = Math.max(mark.from, from);
    const end = Math.min(mark.to, to);
    if (start < end) marks.push({ kind: mark.kind, from: start + shift, to: end + shift });
  }
  return { ...line, text: head + text.slice(from, to) + (to < text.length ? ELLIPSIS : ""), marks };
}

/** The columns that all lines but blank ones begin with, spaces or tabs. */
function commonIndent(lines: readonly SnippetLine[]): number {
  let indent: string | undefined;
  for (const { text } of lines) {
    if (text.trim() === "") continue;
    const own = /^[ \t]*/.exec(text)?.[0] ?? "";
    if (indent === undefined) indent = own;
    let same = 0;
    while (same < Math.min(indent.length, own.length) && indent[same] === own[same]) same++;
    indent = indent.slice(0, same);
  }
  return indent?.length ?? 0;
}

function withoutIndent(line: SnippetLine, columns: number): SnippetLine {
  if (columns === 0) return line;
  const marks = line.marks
    .filter(({ to }) => to > columns)
    .map((mark) => ({ ...mark, from: Math.max(0, mark.from - columns), to: mark.to - columns }));
  return { ...line, text: line.text.slice(columns), marks };
}

/** Each group of lines between two gaps (`null`) moved to the left edge, marks with it. */
export function dedent(lines: readonly (SnippetLine | null)[]): (SnippetLine | null)[] {
  const result: (SnippetLine | null)[] = [];
  let group: SnippetLine[] = [];
  const flush = (): void => {
    const columns = commonIndent(group);
    for (const line of group) result.push(withoutIndent(line, columns));
    group = [];
  };
  for (const line of lines) {
    if (line !== null) group.push(line);
    else {
      flush();
      result.push(null);
    }
  }
  flush();
  return result;
}

/** A stretch of text and the kinds of marks on it. */
export interface Run {
  readonly text: string;
  readonly kinds: ReadonlySet<Mark["kind"]>;
}

/** `text` cut where a mark begins or ends; marks may overlap and reach past its ends. */
export function runs(text: string, marks: readonly Mark[]): Run[] {
  const cuts = new Set([0, text.length]);
  for (const { from, to } of marks)
    for (const column of [from, to]) if (column > 0 && column < text.length) cuts.add(column);
  const columns = [...cuts].sort((a, b) => a - b);
  const result: Run[] = [];
  for (const [index, from] of columns.entries()) {
    const to = columns[index + 1];
    if (to === undefined) break;
    const kinds = new Set(marks.filter((mark) => mark.from <= from && mark.to >= to).map(({ kind }) => kind));
    result.push({ text: text.slice(from, to), kinds });
  }
  return result;
}
