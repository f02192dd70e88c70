// Owns the proof of which client conditionals a 304 answers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { notModified } from "../../../src/http/message/conditional.ts";
import { at, NOW, readerOfHeaders } from "../support.ts";

const MODIFIED = at(-1000);
const BOTH = { etag: '"a"', lastModified: MODIFIED };
const ETAG_ONLY = { etag: '"a"', lastModified: undefined };
const DATE_ONLY = { etag: undefined, lastModified: MODIFIED };
const NEITHER = { etag: undefined, lastModified: undefined };

describe("If-None-Match", () => {
  it.each([
    ["13.1.2: the stored tag", '"a"', BOTH, true],
    ["13.1.2: in a list", '"x", "a"', BOTH, true],
    ["13.1.2: weakly", 'W/"a"', BOTH, true],
    ["13.1.2: a stored weak tag", '"a"', { ...BOTH, etag: 'W/"a"' }, true],
    ["13.1.2: another tag", '"b"', BOTH, false],
    ["13.1.2: any", "*", BOTH, true],
    ["13.1.2: any, where there is no tag", "*", NEITHER, true],
    ["13.1.2: a tag, where there is none", '"a"', DATE_ONLY, false],
    ["13.1.2: an empty list", "", BOTH, false],
    ["13.1.2: unquoted", "a", BOTH, false],
    ["13.1.2: one malformed member", '"a", b', BOTH, false],
    ["13.1.2: other case", '"A"', BOTH, false],
  ])("RFC 9110 %s", (_, value, stored, verdict) => {
    expect(notModified(readerOfHeaders({ "If-None-Match": value }), stored, NOW)).toBe(verdict);
  });

  it.each([
    ["another tag and a good date", '"b"', at(0), false],
    ["a malformed tag and a good date", "b", at(0), false],
    ["the tag and an old date", '"a"', at(-2000), true],
    ["the tag and a malformed date", '"a"', "yesterday", true],
  ])("RFC 9110 13.1.3, 13.2.2: decides alone: %s", (_, tag, since, verdict) => {
    const field = readerOfHeaders({ "if-none-match": tag, "if-modified-since": since });
    expect(notModified(field, BOTH, NOW)).toBe(verdict);
  });
});

describe("If-Modified-Since", () => {
  it.each([
    ["13.1.3: the same second", MODIFIED, BOTH, true],
    ["13.1.3: later", at(-999), BOTH, true],
    ["13.1.3: earlier", at(-1001), BOTH, false],
    ["13.1.3: no modification date is stored", at(0), ETAG_ONLY, false],
    ["13.1.3: the stored date is malformed", at(0), { ...BOTH, lastModified: "now" }, false],
    ["13.1.3: malformed", "now", BOTH, false],
    ["13.1.3: not even with the stored text", "now", { ...BOTH, lastModified: "now" }, false],
    ["13.1.3: a wrong zone", MODIFIED.replace("GMT", "UTC"), BOTH, false],
    ["13.1.3: more than one member", `${at(0)}, ${at(0)}`, BOTH, false],
    ["13.1.3: RFC 850 form", "Thursday, 15-Jan-26 12:00:00 GMT", BOTH, true],
    ["13.1.3: asctime form", "Thu Jan 15 12:00:00 2026", BOTH, true],
  ])("RFC 9110 %s", (_, value, stored, verdict) => {
    expect(notModified(readerOfHeaders({ "If-Modified-Since": value }), stored, NOW)).toBe(verdict);
  });
});

it("RFC 9110 13.1: a request without conditionals gets the whole", () => {
  expect(notModified(readerOfHeaders({}), BOTH, NOW)).toBe(false);
  expect(notModified(readerOfHeaders({ "If-Match": '"a"', "If-Range": '"a"' }), BOTH, NOW)).toBe(false);
});

it("never claims a match for a tag that is not the stored one", () => {
  const tag = fc.string({ unit: fc.constantFrom("a", "b", ",", "W", "/"), maxLength: 3 }).map((text) => `"${text}"`);
  fc.assert(
    fc.property(fc.array(tag), tag, (tags, etag) => {
      const field = readerOfHeaders({ "if-none-match": tags.join(", "), "if-modified-since": at(0) });
      expect(notModified(field, { etag, lastModified: MODIFIED }, NOW)).toBe(tags.includes(etag));
    }),
  );
});
