// Owns the proof of the shared field grammar: lists, quoted strings, tokens, delta-seconds.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deltaSeconds, isToken, readerOf, splitList, unquote } from "../../../src/http/message/fields.ts";

describe("lists", () => {
  it.each([
    ["RFC 9110 5.6.1: members are trimmed", " a ,\tb ", ["a", "b"]],
    ["RFC 9110 5.6.1.2: empty members are dropped", ",a,, ,b,", ["a", "b"]],
    ["RFC 9110 5.6.1.2: a list of nothing is empty", " , ,", []],
    ["RFC 9110 5.6.4: a quoted comma does not separate", 'a="1,2",b', ['a="1,2"', "b"]],
    ["RFC 9110 5.6.4: an escaped quote does not end the string", 'a="1\\",2",b', ['a="1\\",2"', "b"]],
    ["RFC 9110 5.6.4: an escaped backslash does not escape the quote", 'a="1\\\\",b', ['a="1\\\\"', "b"]],
    ["RFC 9110 5.6.4: a backslash outside quotes is ordinary", "a\\,b", ["a\\", "b"]],
    ["RFC 9110 5.6.4: an unterminated string keeps the rest together", 'a="1,b,c', ['a="1,b,c']],
  ])("%s", (_, value, members) => {
    expect(splitList(value)).toEqual(members);
  });

  it("splits at semicolons where asked, commas then being ordinary", () => {
    expect(splitList('text/html;p="a;b"; q=0.5, x', ";")).toEqual(["text/html", 'p="a;b"', "q=0.5, x"]);
  });

  it("joins back what it split (RFC 9110 5.3)", () => {
    const member = fc.stringMatching(/^[a-z0-9=]{1,8}$/);
    const quoted = fc.string({ unit: fc.constantFrom("a", ",", " ", ";"), maxLength: 6 }).map((text) => `x="${text}"`);
    fc.assert(
      fc.property(fc.array(fc.oneof(member, quoted)), (members) => {
        expect(splitList(members.join(" , "))).toEqual(members);
      }),
    );
  });

  it("never throws, and never yields an empty or untrimmed member", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("," as const, ";" as const), (value, delimiter) => {
        for (const member of splitList(value, delimiter)) {
          expect(member).not.toBe("");
          expect(member).not.toMatch(/^[ \t]|[ \t]$/);
        }
      }),
    );
  });
});

describe("quoted strings", () => {
  it.each([
    ["RFC 9110 5.6.4: the quotes go", '"a b"', "a b"],
    ["RFC 9110 5.6.4: escapes are undone", '"a\\"b\\\\c"', 'a"b\\c'],
    ["RFC 9110 5.6.4: an escaped ordinary character is itself", '"\\a"', "a"],
    ["RFC 9110 5.6.4: the empty string", '""', ""],
    ["a token stays", "abc", "abc"],
    ["a lone quote stays", '"', '"'],
    ["an unterminated string stays, quote and all", '"60', '"60'],
  ])("%s", (_, value, content) => {
    expect(unquote(value)).toBe(content);
  });

  it("undoes quoting of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(unquote(`"${text.replace(/["\\]/g, "\\$&")}"`)).toBe(text);
      }),
    );
  });
});

describe("delta-seconds", () => {
  it.each([
    ["RFC 9111 1.2.2: digits", "60", 60],
    ["RFC 9111 1.2.2: zero", "0", 0],
    ["RFC 9111 1.2.2: leading zeros", "0060", 60],
    ["RFC 9111 1.2.2: the largest value", "2147483647", 2147483647],
    ["RFC 9111 1.2.2: 2^31 is capped", "2147483648", 2147483647],
    ["RFC 9111 1.2.2: any longer number is capped", "9".repeat(400), 2147483647],
    ["RFC 9111 1.2.2: no sign", "-1", undefined],
    ["RFC 9111 1.2.2: no plus", "+1", undefined],
    ["RFC 9111 1.2.2: no fraction", "1.5", undefined],
    ["RFC 9111 1.2.2: no exponent", "1e3", undefined],
    ["RFC 9111 1.2.2: no hexadecimal", "0x10", undefined],
    ["RFC 9111 1.2.2: no junk after the number", "60a", undefined],
    ["RFC 9111 1.2.2: no second number", "60 60", undefined],
    ["RFC 9111 1.2.2: no line feed after the number", "60\n", undefined],
    ["RFC 9111 1.2.2: at least one digit", "", undefined],
    ["RFC 9111 1.2.2: only ASCII digits", "\u0661", undefined],
  ])("%s", (_, text, value) => {
    expect(deltaSeconds(text)).toBe(value);
  });
});

it.each([
  ["a-b_c.d!#$%&'*+^`|~9", true],
  ["", false],
  ["a b", false],
  ["a,b", false],
  ['"a"', false],
  ["a:b", false],
  ["\u00e9", false],
])("RFC 9110 5.6.2: %j is a token: %s", (text, verdict) => {
  expect(isToken(text)).toBe(verdict);
});

describe("a reader over pairs", () => {
  it("RFC 9110 5.1, 5.3: joins lines of one name in order, whatever their case", () => {
    const field = readerOf([
      ["Vary", "a"],
      ["x", "1"],
      ["vArY", "b"],
    ]);
    expect(field("vary")).toBe("a, b");
    expect(field("x")).toBe("1");
  });

  it("RFC 9110 5.5: an empty value is not an absent field", () => {
    expect(readerOf([["x", ""]])("x")).toBe("");
  });

  it.each(["__proto__", "constructor", "tostring", "hasownproperty"])("has no field %s of its own", (name) => {
    expect(readerOf([])(name)).toBeUndefined();
  });
});
