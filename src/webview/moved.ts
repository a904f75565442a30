import type { CitationView } from "../protocol/panel.ts";

/** A citation with the line numbers that it has now: those of a quote that moved lie by as much farther on. */
export function whereNow(citation: CitationView): CitationView {
  const { stale } = citation;
  if (stale?.kind !== "moved") return citation;
  const by = stale.toLine - stale.fromLine;
  return {
    ...citation,
    line: citation.line + by,
    lineTo: citation.lineTo + by,
    lines: citation.lines.map((line) => (line === null ? null : { ...line, line: line.line + by })),
  };
}
