/**
 * What lines of code say beside values, in most languages alike: which environment variable is read, which text an error
 * has, what a class extends, which handler serves a route.
 */
import type { Segment } from "../../src/engine/corpus/segment.ts";
import type { Corpus } from "./export-corpus.ts";

export type RelationKind = "environment" | "error" | "base" | "route";

/** [segment, kind, subject, object, first token, last token (inclusive) of the object] */
export type RelationRow = readonly [number, RelationKind, string, string, number, number];

/** `object` is what is answered; `subject` what it is asked by, else the definition around it. */
interface Pattern {
  readonly kind: RelationKind;
  readonly pattern: RegExp;
}

const STRING = String.raw`(["'\x60])(?<object>(?:(?!\1)[^\\\n]){8,90})\1`;
const PATTERNS: readonly Pattern[] = [
  {
    kind: "environment",
    pattern:
      /(?:(?<subject>[A-Za-z_]\w{2,})["']?\s*(?::=|[:=])[^\n;,:=]{0,40}?)?(?:process\.env\.|(?:process\.env|os\.environ|\bENV)\[\s*["']|(?:os\.environ\.get|\bENV\.fetch|\bgetenv|\bGetenv|\bLookupEnv|env::var(?:_os)?|GetEnvironmentVariable)\(\s*["'])(?<object>[A-Z][A-Z0-9_]{2,40})\b/dgu,
  },
  {
    kind: "error",
    pattern: new RegExp(
      String.raw`(?:\bthrow\s+(?:new\s+)?[\w.:]+\(|\braise\s+[\w.:]+[(,]|\berrors\.New\(|\bErrorf\(|\bpanic!?\(|\bbail!\(|\bdie\b\(?|\breject\(\s*new\s+\w+\()\s*[a-zA-Z$]?${STRING}`,
      "dgu",
    ),
  },
  {
    kind: "base",
    pattern:
      /^[ \t]*(?:[a-z]+ )*class\s+(?<subject>[A-Za-z_]\w+)(?:<[^<>\n]{0,40}>)?\s+(?:extends|implements)\s+(?<object>[A-Za-z_][\w.]+)/dgmu,
  },
  {
    kind: "base",
    pattern:
      /^[ \t]*(?:[a-z]+ )*class\s+(?<subject>[A-Za-z_]\w+)[ \t]*(?:\(|:[ \t]*(?:public[ \t]+)?|<[ \t]*)(?<object>[A-Za-z_][\w.:]+)/dgmu,
  },
  {
    kind: "base",
    pattern:
      /^[ \t]*impl(?:<[^<>\n]{0,40}>)?\s+(?<object>[A-Za-z_]\w+)(?:<[^<>\n]{0,40}>)?\s+for\s+(?<subject>[A-Za-z_]\w+)/dgmu,
  },
  {
    kind: "route",
    pattern:
      /\.(?:get|post|put|delete|patch|head|all|handle|HandleFunc|Handle|route)\(\s*(["'`])(?<subject>\/[^"'`\s]{0,60})\1\s*,\s*(?:[\w.]+\s*,\s*){0,2}(?<object>[A-Za-z_][\w.]{2,40})\s*\)/dgu,
  },
  {
    kind: "route",
    pattern:
      /@[\w.]+\.(?:route|get|post|put|delete|patch)\(\s*(["'])(?<subject>\/[^"'\s]{0,60})\1[^\n]{0,80}\n(?:\s*@[^\n]*\n)*\s*(?:async\s+)?def\s+(?<object>\w+)/dgu,
  },
];
/** A file of more is data or minified. */
const MOST_CHARACTERS = 400_000;

/** All relations of a corpus whose object stands within one segment. */
export function exportRelations(corpus: Corpus): RelationRow[] {
  const rows: RelationRow[] = [];
  for (const { file, segments } of corpus.byFile.values()) {
    if (file.text.length > MOST_CHARACTERS) continue;
    for (const { kind, pattern } of PATTERNS) {
      for (const match of file.text.matchAll(pattern)) {
        const range = match.indices?.groups?.["object"];
        if (range === undefined) continue;
        const [start, end] = range;
        const index = segments.find((one) => holds(corpus.segments[one]?.segment, start, end));
        const segment = corpus.segments[index ?? -1]?.segment;
        if (index === undefined || segment === undefined) continue;
        const first = segment.tokenEnds.findIndex((tokenEnd) => tokenEnd > start);
        const last = segment.tokenStarts.findLastIndex((tokenStart) => tokenStart < end);
        if (first < 0 || last < first) continue;
        const { subject = segment.symbol, object = "" } = match.groups ?? {};
        if (subject !== "" && subject !== object) rows.push([index, kind, subject, object, first, last]);
      }
    }
  }
  return rows;
}

function holds(segment: Segment | undefined, start: number, end: number): boolean {
  return segment !== undefined && segment.start <= start && end <= segment.end;
}
