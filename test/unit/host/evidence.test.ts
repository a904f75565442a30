import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";
import { answerText } from "../../../src/host/chat/copy.ts";
import { newExchange } from "../../../src/host/chat/exchange.ts";
import type { AskResult } from "../../../src/protocol/engine.ts";

// Nothing of the window is used here.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "vscode" ? { url: "data:text/javascript,", shortCircuit: true } : next(specifier, context),
});
const { evidenceOf } = await import("../../../src/host/chat/evidence.ts");

const ORIGIN = { root: "file:///w", prefix: "" };

/** A list answer from lines of one file, beside a line of another that is as relevant. */
function listResult(answer: string, lines: readonly string[]): AskResult {
  const place = (file: string, from: number, quote: readonly string[]) => ({
    file,
    from,
    to: from + quote.length - 1,
    quote: quote.join("\n"),
    at: from,
    relevance: 0.9,
    proves: true,
  });
  return {
    question: "Which ones?",
    answer,
    kind: "list",
    abstained: false,
    confidence: 0.9,
    citations: [place("a.ts", 10, lines), place("b.ts", 3, ["other();"])],
    chain: [],
    recalled: 2,
    read: 2,
    ms: 5,
    coverage: 1,
    folder: "/w",
  };
}

async function shown(result: AskResult): Promise<{ items: string[]; copied: string }> {
  const { citations } = await evidenceOf(result, ORIGIN);
  const exchange = newExchange(result.question, []);
  exchange.result = {
    status: "answered",
    text: result.answer ?? "",
    kind: "list",
    sureness: "sure",
    confidence: result.confidence,
    seconds: 1,
    hops: 1,
    recalled: 2,
    read: 2,
  };
  exchange.citations = citations;
  const items = citations.flatMap(({ quote, from, span, view }) =>
    view.answer && span !== undefined
      ? [quote.split("\n")[span.line - from]?.slice(span.column, span.column + span.length) ?? ""]
      : [],
  );
  return { items, copied: answerText(exchange) };
}

test("items of a list that hold commas are marked and copied whole", async () => {
  const calls = ["low: min(a, b)", "high: max(a, b)"];
  const { items, copied } = await shown(listResult("min(a, b)\nmax(a, b)", calls));
  assert.deepEqual(items, ["min(a, b)", "max(a, b)"]);
  assert.equal(copied, "min(a, b)\nmax(a, b)");
});

test("items of a list without commas are one after the other", async () => {
  const { items, copied } = await shown(listResult("red, green", ["const COLOURS = [red,", "  green];"]));
  assert.deepEqual(items, ["red", "green"]);
  assert.equal(copied, "red\ngreen");
});

test("what is copied of a list has no lines of places that do not carry the answer", async () => {
  assert.equal((await shown(listResult("red, green", ["const COLOURS = palette(red);"]))).copied, "red\ngreen");
});

test("items are marked where the list stands, not where they are named before it", async () => {
  const result = listResult("GET, POST", ["// GET and POST are cached", 'const METHODS = ["GET", "POST"];']);
  const [list, ...others] = result.citations;
  assert(list !== undefined);
  const span = { line: 11, column: 18, text: "GET" };
  const { citations } = await evidenceOf({ ...result, citations: [{ ...list, at: 11, span }, ...others] }, ORIGIN);
  assert.deepEqual(
    citations.map((place) => [place.span?.line, place.span?.column]),
    [
      [11, 18],
      [11, 25],
    ],
  );
});

test("a place without a span is shown from its best segment on, and its symbol marked there", async () => {
  const lines = ["close();", "}", "function close() {", "  stop();"];
  const listed = listResult("close (a.ts:12)", lines);
  const [first] = listed.citations;
  assert(first !== undefined);
  const result = { ...listed, kind: "place", citations: [{ ...first, at: 12 }] } as const;
  const [place] = (await evidenceOf(result, ORIGIN)).citations;
  assert.deepEqual([place?.from, place?.span?.line, place?.span?.column], [12, 12, 9]);
  const [yes] = (await evidenceOf({ ...result, kind: "yes", answer: "yes" }, ORIGIN)).citations;
  assert.equal(yes?.quote, "function close() {");
});

test("a chain ends at the answer, and what of the proof is not in it stands aside", async () => {
  const listed = listResult("4096", ["const FRAME_SIZE = 4096;"]);
  const [first, second] = listed.citations;
  assert(first !== undefined && second !== undefined);
  const citations = [first, { ...second, file: "c.ts" }, { ...second, quote: "max = FRAME_SIZE;" }];
  const result = { ...listed, kind: "span", citations, chain: [{ citation: 2, word: "FRAME_SIZE" }] } as const;
  const shownOf = async (confidence: number) => {
    const evidence = await evidenceOf({ ...result, confidence }, ORIGIN);
    return [evidence.citations.map(({ file }) => file), evidence.also.map(({ file }) => file), evidence.hops];
  };
  assert.deepEqual(await shownOf(0.9), [["b.ts", "a.ts"], ["c.ts"], 2]);
  assert.deepEqual(await shownOf(0.1), [["a.ts"], ["c.ts", "b.ts"], 1], "unsure: the best place alone");
});
