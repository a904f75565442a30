import type { Citation } from "../../engine/types.ts";
import type { AskResult } from "../../protocol/engine.ts";
import { surenessOf } from "../../protocol/sureness.ts";
import { type CitedPlace, listItems } from "./exchange.ts";
import { citedPlace } from "./snippet.ts";

const NEAREST = 3;
const ALSO = 3;

/** Where the paths of a result start: the folder's URI, and what stands before its paths where there are several. */
export interface Origin {
  readonly root: string;
  readonly prefix: string;
}

export interface Evidence {
  readonly citations: readonly CitedPlace[];
  readonly also: readonly CitedPlace[];
  /** Places that lead to each other; 1 where none does. */
  readonly hops: number;
}

/** The places of a result in the order in which they lead on, the answer last; of "not found" the nearest ones. */
export async function evidenceOf(result: AskResult, origin: Origin): Promise<Evidence> {
  const show = (citation: Citation, at: number, more: Partial<Parameters<typeof citedPlace>[1]> = {}) =>
    citedPlace(citation, { ...origin, id: `${at}`, answer: false, ...more });
  if (result.abstained) {
    const nearest = result.citations.slice(0, NEAREST);
    const citations = await Promise.all(nearest.map((citation, at) => show(citation, at, { nearest: true })));
    return { citations, also: [], hops: 1 };
  }
  const [best] = result.citations;
  if (best === undefined) return { citations: [], also: [], hops: 1 };
  if (result.kind === "list") {
    const items = itemsOf(result.answer ?? "", best);
    const citations = await Promise.all(items.map((span, at) => show(best, at, { answer: true, span })));
    if (citations.length > 1) return { citations, also: [], hops: 1 };
  }
  const others = result.citations.slice(1);
  if (surenessOf(result.confidence) === "unsure") {
    const citations = [await show(best, 0, { answer: true, span: symbolSpan(result, best) })];
    const also = await Promise.all(
      others.slice(0, ALSO).map((citation, at) => show(citation, at + 1, { nearest: true })),
    );
    return { citations, also, hops: 1 };
  }
  const proof = others.filter(({ proves }) => proves);
  const { chain } = result;
  if (chain.length === 0) {
    const citations = await Promise.all(
      [best, ...proof].map((citation, at) =>
        show(citation, at, at === 0 ? { answer: true, span: symbolSpan(result, best) } : {}),
      ),
    );
    return { citations, also: [], hops: 1 };
  }
  const places = [...chain.flatMap(({ citation }) => result.citations[citation] ?? []), best];
  const aside = proof.filter((citation) => !places.includes(citation));
  const also = await Promise.all(aside.map((citation, at) => show(citation, places.length + at, { nearest: true })));
  const citations = await Promise.all(
    places.map((citation, at) =>
      show(citation, at, {
        answer: citation === best,
        viaFrom: chain[at - 1]?.word,
        viaTo: chain[at]?.word,
        ...(citation === best ? { span: symbolSpan(result, best) } : {}),
      }),
    ),
  );
  return { citations, also, hops: places.length };
}

type Span = NonNullable<Citation["span"]>;

/** The items of a list where they stand in the quote from its span on, or from its best segment on. */
function itemsOf(answer: string, { quote, from, at, span }: Citation): Span[] {
  const spans: Span[] = [];
  const before = quote.split("\n").slice(0, (span?.line ?? at) - from);
  let offset = before.reduce((sum, line) => sum + line.length + 1, span?.column ?? 0);
  for (const item of listItems(answer)) {
    const found = quote.indexOf(item, offset);
    if (item === "" || found < 0) continue;
    const lines = quote.slice(0, found).split("\n");
    spans.push({ line: from + lines.length - 1, column: lines.at(-1)?.length ?? 0, text: item });
    offset = found + item.length;
  }
  return spans;
}

/** A place is answered by its symbol, which is marked where the quote names it. */
function symbolSpan({ kind, answer }: AskResult, citation: Citation): Span | undefined {
  if (citation.span !== undefined || kind !== "place" || answer === null) return citation.span;
  const symbol =
    answer
      .replace(/ \([^()]*\)$/, "")
      .split(/[.#:]+/)
      .at(-1) ?? "";
  return symbol === "" ? undefined : itemsOf(symbol, citation)[0];
}
