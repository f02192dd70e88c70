// Owns the proof of entity tags: lists and the weak comparison.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEtagList, weakMatch } from "../../../src/http/message/etag.ts";

describe("lists", () => {
  it.each([
    ["RFC 9110 8.8.3: one", '"a"', ['"a"']],
    ["RFC 9110 8.8.3: weak", 'W/"a"', ['W/"a"']],
    ["RFC 9110 8.8.3: the empty tag", '""', ['""']],
    ["RFC 9110 13.1.2: several", '"a", W/"b","c"', ['"a"', 'W/"b"', '"c"']],
    ["RFC 9110 8.8.3: a comma belongs to the tag", '"a,b", "c"', ['"a,b"', '"c"']],
    ["RFC 9110 8.8.3: a backslash escapes nothing", '"a\\", "b"', ['"a\\"', '"b"']],
    ["RFC 9110 8.8.3: obs-text", '"\u00e9"', ['"\u00e9"']],
    ["RFC 9110 5.6.1.2: empty members between and behind", '"a",, "b" ,', ['"a"', '"b"']],
    ["RFC 9110 5.6.1.2: an empty member in front", ', "a"', ['"a"']],
    ["RFC 9110 5.6.3: white space around", ' \t"a" ', ['"a"']],
    ["RFC 9110 13.1.2: any", "*", "*"],
    ["RFC 9110 13.1.2: any, with white space", " * ", "*"],
    ["RFC 9110 13.1.2: nothing", "", []],
    ["RFC 9110 13.1.2: any among others is malformed", '*, "a"', undefined],
    ["RFC 9110 8.8.3: unquoted is malformed", "a", undefined],
    ["RFC 9110 8.8.3: small w is malformed", 'w/"a"', undefined],
    ["RFC 9110 8.8.3: a space inside is malformed", '"a b"', undefined],
    ["RFC 9110 8.8.3: unterminated is malformed", '"a", "b', undefined],
    ["RFC 9110 8.8.3: no comma between is malformed", '"a" "b"', undefined],
    ["RFC 9110 8.8.3: no separator at all is malformed", '"a""b"', undefined],
    ["RFC 9110 8.8.3: DEL is malformed", '"\u007f"', undefined],
    ["one malformed member spoils the list", '"a", b', undefined],
  ])("%s", (_, value, tags) => {
    expect(parseEtagList(value)).toEqual(tags);
  });

  it("never throws; what it accepts it reads back the same", () => {
    const piece = fc.constantFrom('"', "W/", "a", ",", " ", "*", "\\", "\u00ff");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(piece).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(text, (value) => {
        const tags = parseEtagList(value);
        if (tags === undefined || tags === "*") return;
        expect(parseEtagList(tags.join(", "))).toEqual(tags);
      }),
    );
  });

  it("reads back every list of valid tags", () => {
    const opaque = fc.string({ unit: fc.constantFrom("!", "#", "a", ",", "~", "\u0080", "*", "W", "/"), maxLength: 5 });
    const tag = fc.tuple(fc.boolean(), opaque).map(([weak, text]) => `${weak ? "W/" : ""}"${text}"`);
    fc.assert(
      fc.property(fc.array(tag), (tags) => {
        expect(parseEtagList(tags.join(" , "))).toEqual(tags);
      }),
    );
  });
});

it.each([
  ["strong and strong", '"a"', '"a"', true],
  ["weak and weak", 'W/"a"', 'W/"a"', true],
  ["weak and strong", 'W/"a"', '"a"', true],
  ["other tag", '"a"', '"b"', false],
  ["other case", '"a"', '"A"', false],
  ["the prefix inside the quotes", '"W/a"', 'W/"a"', false],
])("RFC 9110 8.8.3.2: weak comparison, %s", (_, a, b, verdict) => {
  expect(weakMatch(a, b)).toBe(verdict);
  expect(weakMatch(b, a)).toBe(verdict);
});
