import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { readSource, type Source } from "../../../src/engine/corpus/decode.ts";

const folder = mkdtempSync(path.join(tmpdir(), "armt-decode-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function read(name: string, content: Buffer | string): Promise<Source> {
  writeFileSync(path.join(folder, name), content);
  const result = await readSource(path.join(folder, name));
  assert.ok(!("skip" in result), name);
  return result;
}

test("decodes UTF-8, UTF-16 and invalid UTF-8 to what a reader sees", async () => {
  const text = "é 😀\r\nzweite\n";
  const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
  assert.equal((await read("plain.txt", text)).text, text);
  assert.equal((await read("bom.txt", `\ufeff${text}`)).text, text);
  assert.deepEqual(await read("le.txt", utf16).then(({ text: found, encoding }) => [found, encoding]), [
    text,
    "utf-16le",
  ]);
  const be = await read("be.txt", Buffer.from(utf16).swap16());
  assert.deepEqual([be.text, be.encoding], [text, "utf-16be"]);
  const odd = await read("odd.txt", Buffer.concat([utf16, Buffer.from([0x41])]));
  assert.equal(odd.text, text);
  const invalid = await read("invalid.txt", Buffer.from([0x61, 0xff, 0x0a, 0xe2, 0x82]));
  assert.deepEqual([invalid.text, invalid.encoding], ["a\ufffd\n\ufffd", "invalid-utf-8"]);
});

test("gives size, time and hash of the bytes on disk", async () => {
  const source = await read("hash.txt", "\ufeffabc\n");
  assert.equal(source.bytes, 7);
  assert.equal(source.hash, createHash("sha256").update("\ufeffabc\n").digest("base64url").slice(0, 22));
  assert.ok(source.mtimeMs > 0);
});

test("gives a reason for what it does not read", async () => {
  const at = (name: string) => path.join(folder, name);
  writeFileSync(at("nul"), Buffer.from([1, 0, 2]));
  writeFileSync(at("large.js"), "a\n".repeat(600_000));
  writeFileSync(at("empty.js"), "");
  writeFileSync(at("long.js"), "x".repeat(20_000));
  assert.deepEqual(await readSource(at("nul")), { skip: "binary" });
  assert.deepEqual(await readSource(at("large.js")), { skip: "too-large" });
  assert.deepEqual(await readSource(at("empty.js")), { skip: "empty" });
  assert.deepEqual(await readSource(at("long.js")), { skip: "minified" });
  assert.deepEqual(await readSource(at("missing.js")), { skip: "unreadable" });
  assert.ok(!("skip" in (await readSource(at("large.js"), { maxBytes: 2_000_000 }))));
  if (process.platform !== "win32") {
    symlinkSync("long.js", at("link.js"));
    assert.deepEqual(await readSource(at("link.js")), { skip: "link" });
    assert.deepEqual(await readSource(folder), { skip: "special" });
  }
});
