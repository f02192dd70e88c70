// Owns the proof of which lengths and transfer codings of a message are believed (RFC 9112 6).
import { describe, expect, it } from "vitest";
import { responseFacts } from "../../../src/http/message/facts.ts";
import { declaredLength } from "../../../src/http/message/fields.ts";
import { fateOf } from "../fate.ts";

const facts = (headers: [string, string][]) => responseFacts(200, headers, 0, 0);

describe("RFC 9112 6.3: Content-Length beside Transfer-Encoding", () => {
  it.each([
    ["chunked", "3"],
    ["Chunked", "5"],
    ["gzip, chunked", "3"],
    ["identity", "3"],
    ["", "3"],
  ])("%j overrides %s", (coding, length) => {
    const { headers, field } = facts([
      ["Content-Length", length],
      ["Transfer-Encoding", coding],
      ["Content-Type", "text/plain"],
    ]);
    expect(declaredLength(field)).toBeUndefined();
    expect(headers).toEqual([["Content-Type", "text/plain"]]);
  });

  it("alone it counts", () => {
    expect(declaredLength(facts([["Content-Length", "3"]]).field)).toBe(3);
  });
});

describe("RFC 9112 6.1: a transfer coding that is not undone", () => {
  it.each([
    ["chunked", "fresh"],
    ["Chunked", "fresh"],
    ["identity", "fresh"],
    ["identity, chunked", "fresh"],
    ["", "fresh"],
    ["gzip", "out: transfer-coding"],
    ["gzip, chunked", "out: transfer-coding"],
    ["chunked, gzip", "out: transfer-coding"],
    ["chunked, chunked", "out: transfer-coding"],
    ["x-gzip", "out: transfer-coding"],
    ["foo, chunked", "out: transfer-coding"],
    ["x-foo", "out: transfer-coding"],
    ["foo;q=1", "out: transfer-coding"],
    ["foo", "fresh"],
    ["deflate", "out: transfer-coding"],
    ["xchunked", "out: transfer-coding"],
    ["chunked;q=1", "out: transfer-coding"],
    ['"chunked"', "out: transfer-coding"],
    ["\u000bchunked", "out: transfer-coding"],
  ])("%j: %s", (coding, fate) => {
    expect(fateOf({ "Cache-Control": "max-age=60", "Transfer-Encoding": coding })).toBe(fate);
  });

  it("another reason against storing comes first, so that it withdraws the stored response", () => {
    expect(fateOf({ "Cache-Control": "no-store", "Transfer-Encoding": "gzip" })).toBe("out: no-store");
  });
});
