import assert from "node:assert/strict";
import { test } from "node:test";
import { proseOf } from "../../../models/training/export-prose.ts";

test("a comment's markers, tags and later paragraphs are taken away", () => {
  const comment = [
    "/**",
    " * Returns the number of {@link Retry} attempts that",
    " * are left for `request`.",
    " *",
    " * Not part of the first paragraph.",
    " * @param request the request to look at",
    " */",
  ].join("\n");
  assert.equal(proseOf(comment), "Returns the number of Retry attempts that are left for request.");
  assert.equal(
    proseOf("// keep the socket open\n// until the peer closes it"),
    "keep the socket open until the peer closes it",
  );
  assert.equal(
    proseOf('"""Close the file that is behind this stream.\n\n    :param x: y\n    """'),
    "Close the file that is behind this stream.",
  );
  assert.equal(proseOf("# @param size how many bytes may be read at once"), undefined);
});

test("directives, licences, code and banners are no descriptions", () => {
  for (const comment of [
    "// eslint-disable-next-line no-console -- we have to print this",
    "// TODO: this should be done in the background",
    "/* Copyright (c) 2020 the authors of this file. All rights reserved. */",
    "// const value = compute(the, other, thing);",
    "// if (this.done) return the_value",
    "// =====================",
    "// see above",
    "/* istanbul ignore next: it is not reached */",
  ]) {
    assert.equal(proseOf(comment), undefined, comment);
  }
});
