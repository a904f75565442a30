import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Bm25Peer } from "../../bench/peers/bm25.ts";
import { fuse } from "../../bench/peers/fusion.ts";
import { codeTerms, queryTerms } from "../../bench/peers/terms.ts";

describe("terms", () => {
  it("are identifiers with their pieces, numbers and words", () => {
    assert.deepEqual(codeTerms("maxPayload: MAX_SIZE"), ["maxpayload", "max", "payload", "maxsize", "max", "size"]);
    assert.deepEqual(codeTerms("parseHTTPRequest2(0x1f, größe)"), [
      ...["parsehttprequest2", "parse", "http", "request", "2"],
      ...["0x1f", "0", "x", "1", "f", "größe"],
    ]);
    assert.deepEqual(codeTerms("$ _ ;"), []);
  });

  it("of a question leave out stop words unless there is nothing else", () => {
    assert.deepEqual(queryTerms("What is the maxPayload of the server?"), ["maxpayload", "max", "payload", "server"]);
    assert.deepEqual(queryTerms("what is it"), ["what", "is", "it"]);
  });
});

describe("BM25 peer", () => {
  const filler = Array.from({ length: 100 }, (_, i) => `// nothing ${i}`);
  const text = filler.with(70, "const closeTimeout = 30000;").join("\n");
  const files = [
    { path: "lib/a.js", text },
    { path: "lib/b.js", text: "const other = 1;\n" },
  ];

  it("finds the window, by a stem and a piece of a name, once", () => {
    using peer = new Bm25Peer(files);
    const found = peer.search("how long are timeouts when closing?", 5);
    assert.equal(found.length, 1);
    const [window] = found;
    assert.ok(window?.file === "lib/a.js" && window.from <= 71 && window.to >= 71);
    assert.ok(window.to - window.from < 40);
  });

  it("covers each line, the last one included", () => {
    using peer = new Bm25Peer([{ path: "x.js", text: filler.with(99, "lastword").join("\n") }]);
    assert.equal(peer.search("lastword", 1)[0]?.to, 100);
  });

  it("finds by path and survives words of its query language", () => {
    using peer = new Bm25Peer(files);
    assert.equal(peer.search('b.js OR NOT "other" NEAR(', 5)[0]?.file, "lib/b.js");
    assert.deepEqual(peer.search("?!", 5), []);
  });
});

describe("rank fusion", () => {
  const place = (file: string, from: number, to: number): { file: string; from: number; to: number } => ({
    file,
    from,
    to,
  });

  it("prefers what both found and never cites a line twice", () => {
    const lexical = [place("a", 1, 40), place("b", 1, 40), place("c", 1, 40)];
    const dense = [place("d", 1, 9), place("b", 30, 38), place("e", 1, 9)];
    const fused = fuse(lexical, dense, 3);
    assert.deepEqual(fused[0], place("b", 1, 40));
    assert.deepEqual(fused.slice(1), [place("a", 1, 40), place("d", 1, 9)]);
  });

  it("is each ranking alone where the other is empty", () => {
    const only = [place("a", 1, 2), place("a", 3, 4)];
    assert.deepEqual(fuse(only, [], 5), only);
    assert.deepEqual(fuse([], only, 1), only.slice(0, 1));
  });
});
