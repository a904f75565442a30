import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Mark, SnippetLine } from "../../../src/protocol/panel.ts";
import { clipLine, clipText, dedent, runs, visibleText } from "../../../src/protocol/text.ts";

const line = (text: string, ...marks: readonly Mark[]): SnippetLine => ({ line: 1, text, quoted: true, marks });
const answer = (from: number, to: number): Mark => ({ from, to, kind: "answer" });
const marked = ({ text, marks }: SnippetLine): string[] => marks.map(({ from, to }) => text.slice(from, to));

describe("visibleText", () => {
  it("writes out what reorders, hides or controls", () => {
    assert.equal(visibleText("a\u202eb\u2066c"), "a⟨U+202E⟩b⟨U+2066⟩c");
    assert.equal(visibleText("\u001b[31mred"), "⟨U+001B⟩[31mred");
    assert.equal(visibleText("a\u200b\u00ad\ufeff\u{e0041}\ud800z"), "a⟨U+200B⟩⟨U+00AD⟩⟨U+FEFF⟩⟨U+E0041⟩⟨U+D800⟩z");
    assert.equal(visibleText("a\rb"), "a⟨U+000D⟩b");
  });

  it("leaves text, tabs, line ends and joined emoji alone", () => {
    const text = 'if (a) {\n\treturn "שלום 👩‍💻 ❤️";\n}';
    assert.equal(visibleText(text), text);
    assert.equal(visibleText("a\r\nb\r"), "a\nb");
  });
});

describe("clipText", () => {
  it("never splits a pair of surrogates", () => {
    assert.equal(clipText("ab😀c", 3), "ab…");
    assert.equal(clipText("ab😀c", 4), "ab😀…");
    assert.equal(clipText("abc", 3), "abc");
  });
});

describe("clipLine", () => {
  const long = `${"x".repeat(5000)}needle${"y".repeat(5000)}`;

  it("keeps the mark and some of what stands before it", () => {
    const cut = clipLine(line(long, answer(5000, 5006)), 400);
    assert.deepEqual(marked(cut), ["needle"]);
    assert.match(cut.text, /^…x{80}needley+…$/);
    assert.equal(cut.text.length, 402);
  });

  it("prefers the answer to the joining word, and cuts a mark that is too long itself", () => {
    const via: Mark = { from: 0, to: 4, kind: "via" };
    assert.deepEqual(marked(clipLine(line(long, via, answer(5000, 5006)))), ["needle"]);
    const [whole = ""] = marked(clipLine(line(long, answer(100, 9000)), 400));
    assert(whole.length > 300 && whole.length <= 400);
  });

  it("shows the start of a line without a mark, and a short line as it is", () => {
    assert.equal(clipLine(line(long), 10).text, "xxxxxxxxxx…");
    const short = line("short", answer(0, 5));
    assert.equal(clipLine(short), short);
  });

  it("keeps a mark at the very end", () => {
    assert.deepEqual(marked(clipLine(line(`${"x".repeat(5000)}end`, answer(5000, 5003)), 400)), ["end"]);
  });
});

describe("dedent", () => {
  it("moves each group to the edge, marks with it, blank lines aside", () => {
    const result = dedent([line("    a"), line(""), line("      b", answer(6, 7)), null, line("\tc")]);
    assert.deepEqual(
      result.map((each) => each?.text ?? null),
      ["a", "", "  b", null, "c"],
    );
    assert.deepEqual(marked(result[2] ?? line("")), ["b"]);
  });
});

describe("runs", () => {
  it("cuts text where marks begin and end, overlapping ones too", () => {
    const marks: Mark[] = [answer(2, 6), { from: 4, to: 9, kind: "string" }];
    assert.deepEqual(
      runs("abcdefgh", marks).map(({ text, kinds }) => [text, [...kinds].sort().join(" ")]),
      [
        ["ab", ""],
        ["cd", "answer"],
        ["ef", "answer string"],
        ["gh", "string"],
      ],
    );
  });

  it("survives marks that fit nothing", () => {
    assert.equal(
      runs("ab", [answer(5, 9), answer(-3, 1)])
        .map(({ text }) => text)
        .join(""),
      "ab",
    );
  });
});
