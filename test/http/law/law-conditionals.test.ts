// Owns the law of client conditionals: lists of entity tags, weak and strong ones, and what counts beside them (RFC 9110 13).
import { describe, expect, it } from "vitest";
import { notModified } from "../../../src/http/message/conditional.ts";
import { at, type Fields, NOW, readerOfHeaders } from "../support.ts";

const OLD = at(-5000);

describe("If-None-Match", () => {
  const lines = (...values: readonly string[]): Fields => values.map((value) => ["If-None-Match", value] as const);

  it.each<[string, string, Fields, string | undefined, boolean]>([
    ["13.1.2", "a list without white space", lines('"x","a","y"'), '"a"', true],
    ["13.1.2", "a list with empty members", lines(', "x",, "a",'), '"a"', true],
    ["13.1.2", "a list over lines", lines('"x"', '"a"'), '"a"', true],
    ["13.1.2", "a list of weak tags", lines('W/"x", W/"a"'), '"a"', true],
    ["8.8.3.2", "weak against weak", lines('W/"a"'), 'W/"a"', true],
    ["8.8.3.2", "strong against weak", lines('"a"'), 'W/"a"', true],
    ["8.8.3", "a tag with a comma", lines('"x", "a,b"'), '"a,b"', true],
    ["8.8.3", "half of a tag with a comma", lines('"a"'), '"a,b"', false],
    ["8.8.3", "a tag that is a star", lines('"*"'), '"*"', true],
    ["8.8.3", "a star in quotes is one tag only", lines('"*"'), '"a"', false],
    ["8.8.3", "a tag with a backslash", lines('"x\\", "a"'), '"a"', true],
    ["8.8.3", "the empty tag", lines('""'), '""', true],
    ["8.8.3", "the empty tag is no star", lines('""'), '"a"', false],
    ["8.8.3", "letters outside ASCII", lines('"\u00e9"'), '"\u00e9"', true],
    ["8.8.3", "the prefix in small letters", lines('w/"a"'), '"a"', false],
    ["8.8.3", "the prefix inside the quotes", lines('"W/a"'), 'W/"a"', false],
    ["8.8.3", "without quotes", lines("a"), '"a"', false],
    ["8.8.3", "in single quotes", lines("'a'"), '"a"', false],
    ["8.8.3", "a space after the prefix", lines('W/ "a"'), '"a"', false],
    ["13.1.2", "a star among tags", lines('*, "a"'), '"a"', false],
    ["13.1.2", "a star in a line of its own", lines('"x"', "*"), '"a"', false],
    ["13.1.2", "a semicolon between", lines('"x"; "a"'), '"a"', false],
    ["13.1.2", "nothing between", lines('"x" "a"'), '"a"', false],
    ["13.1.2", "an unfinished tag behind", lines('"a", "b'), '"a"', false],
    ["13.1.2", "a tag that starts alike", lines('"ab"'), '"a"', false],
    ["13.1.2", "where nothing is tagged", lines('"a"'), undefined, false],
  ])("RFC 9110 %s: %s", (_section, _what, asked, etag, verdict) => {
    expect(notModified(readerOfHeaders(asked), { etag, lastModified: OLD }, NOW)).toBe(verdict);
  });

  it.each<[string, string, boolean]>([
    ["a matching tag", '"a"', true],
    ["another tag", '"b"', false],
    ["a broken list", '"a', false],
    ["an empty list", "", false],
  ])("RFC 9110 13.2.2: If-Modified-Since is not even read beside %s", (_what, tags, verdict) => {
    for (const since of [at(0), at(-9999), "never"]) {
      const field = readerOfHeaders({ "If-None-Match": tags, "If-Modified-Since": since });
      expect(notModified(field, { etag: '"a"', lastModified: OLD }, NOW)).toBe(verdict);
    }
  });
});
