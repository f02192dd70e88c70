// Owns the law of selection: which requests a stored response answers, and what becomes of it when its Vary changes.
import { describe, expect, it } from "vitest";
import { variantOf } from "../../../src/http/select/vary.ts";
import { fateOf, fateOfStored, type Line } from "../fate.ts";
import { at, type Fields, NOW, requestOf, settled, storedFrom } from "../support.ts";

const CC = "Cache-Control";
const TITLE = "RFC %s: %s";
const MISS = "ask: vary-miss";
const varying = (vary: string): Readonly<Record<string, string>> => ({ [CC]: "max-age=60", Vary: vary });

it.for<Line>([
  ["9111 4.1", "in capitals", { [CC]: "max-age=60", VARY: "X-A" }, MISS, { second: { "x-a": "1" } }],
  [
    "9111 4.1",
    "a star in the second line",
    [
      [CC, "max-age=60"],
      ["Vary", "x-a"],
      ["vary", "*"],
    ],
    "out: vary-star",
  ],
  ["9111 4.1", "a star in quotes is neither star nor name", varying('"*"'), "out: vary-unreadable"],
  [
    "9111 4.1",
    "an empty second line",
    [
      [CC, "max-age=60"],
      ["Vary", "x-a"],
      ["Vary", ""],
    ],
    "fresh",
  ],
  ["9110 5.6.3", "a white space that is none of HTTP's", varying("x-a\u00a0"), "out: vary-unreadable"],
  ["9111 4.1", "a field that neither client sends", varying("x-a"), "fresh"],
  ["9111 4.1", "a field that only the first client sends", varying("x-a"), MISS, { first: { "x-a": "1" } }],
  [
    "9111 4.1",
    "a field that both leave to their connection",
    varying("x-a"),
    "fresh",
    {
      first: { "x-a": "1", Connection: "x-a" },
      second: { "x-a": "2", Connection: "X-A" },
    },
  ],
  [
    "9111 4.1",
    "a miss that the client forbids to ask for",
    varying("x-a"),
    "504",
    { second: { "x-a": "1", [CC]: "only-if-cached" } },
  ],
])("RFC %s: Vary, %s", ([, , says, fate, given]) => {
  expect(fateOf(says, given)).toBe(fate);
});

describe("two requests select the same", () => {
  const says = varying("X-A, Accept-Language");

  it.each<[string, string, Fields, Fields, boolean]>([
    ["9110 5.6.3", "white space around a value", { "x-a": " 1\t" }, { "x-a": "1" }, true],
    ["9110 5.5", "a space that HTTP does not strip", { "x-a": "1\u00a0" }, { "x-a": "1" }, false],
    ["9110 5.1", "names in other case", { "X-A": "1" }, { "x-a": "1" }, true],
    ["9111 4.1", "a value in other case", { "x-a": "A" }, { "x-a": "a" }, false],
    [
      "9110 5.3",
      "two lines and one",
      [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
      { "x-a": "1, 2" },
      true,
    ],
    [
      "9110 5.3",
      "two lines in another order",
      [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
      { "x-a": "2, 1" },
      false,
    ],
    ["9110 12.5.4", "languages", { "accept-language": "EN;q=0.5 ,de" }, { "accept-language": "de,en; q=0.50" }, true],
    [
      "9110 12.5.4",
      "lines of languages",
      [
        ["accept-language", "de"],
        ["Accept-Language", "en"],
      ],
      { "accept-language": "en, de" },
      true,
    ],
    [
      "9110 12.4.2",
      "another preference",
      { "accept-language": "en;q=0.5, de" },
      { "accept-language": "en, de" },
      false,
    ],
    [
      "9110 12.5.4",
      "a language in quotes is another",
      { "accept-language": '"en"' },
      { "accept-language": "en" },
      false,
    ],
  ])(TITLE, (_section, _what, first, second, same) => {
    expect(fateOf(says, { first, second })).toBe(same ? "fresh" : MISS);
  });
});

// the same resource answers with one Vary to some and another to others (RFC 9111 4.1)
describe("Vary that differs between variants", () => {
  const plain = storedFrom(varying("X-A"), {}, { request: requestOf({ "x-a": "1" }) });
  const refined = storedFrom(varying("X-A, X-B"), {}, { request: requestOf({ "x-a": "2", "x-b": "1" }) });
  const bare = storedFrom({ [CC]: "max-age=60" });

  it.each<[string, string, Fields, readonly [plain: string, refined: string, bare: string]]>([
    ["9111 4.1", "the first variant, whatever X-B is", { "x-a": "1", "x-b": "9" }, ["fresh", MISS, "fresh"]],
    ["9111 4.1", "the second variant and its X-B", { "x-a": "2", "x-b": "1" }, [MISS, "fresh", "fresh"]],
    ["9111 4.1", "the second variant and another X-B", { "x-a": "2", "x-b": "2" }, [MISS, MISS, "fresh"]],
    ["9111 4.1", "the second variant without X-B", { "x-a": "2" }, [MISS, MISS, "fresh"]],
    ["9111 4.1", "nothing selecting", {}, [MISS, MISS, "fresh"]],
  ])(TITLE, (_section, _what, second, fates) => {
    expect([plain, refined, bare].map((stored) => fateOfStored(stored, { second }))).toEqual(fates);
  });
});

describe("a 304 and Vary", () => {
  const first = { a: "1", b: "1" };
  const held = storedFrom({ ...varying("A"), ETag: '"v"', Date: at(0) }, {}, { request: requestOf(first) });

  /** The stored response after a 304 to the client that sent `first`. */
  const validated = (says: Fields, asked: Fields = first) =>
    settled(says, { status: 304, receivedAtMs: NOW }, { stored: held, request: requestOf(asked) });

  it.each<[string, string, Fields, readonly string[]]>([
    ["9111 3.2", "without Vary leaves it", {}, ["a"]],
    ["9111 3.2", "with the same leaves it", { vary: "a" }, ["a"]],
    ["9111 3.2", "with one more narrows it", { Vary: "A, B" }, ["a", "b"]],
    ["9111 4.1", "with another adds to it: the body was selected by both", { Vary: "B" }, ["a", "b"]],
    ["9111 4.1", "with an empty one frees the body for nobody", { Vary: "" }, ["a"]],
  ])(TITLE, (_section, _what, says, names) => {
    const verdict = validated(says);
    if (verdict.verdict !== "refresh") throw new Error("expected a refresh");
    expect(verdict.refusal).toBeUndefined();
    expect(verdict.stored.variant).toEqual(variantOf(names, requestOf(first).field));
  });

  it("RFC 9111 4.1: what it varies on now has the value of the request it answered", () => {
    const verdict = validated({ Vary: "A, B" });
    if (verdict.verdict !== "refresh") throw new Error("expected a refresh");
    expect(fateOfStored(verdict.stored, { second: first })).toBe("fresh");
    expect(fateOfStored(verdict.stored, { second: { a: "1", b: "2" } })).toBe(MISS);
  });

  it.each<[string, string]>([
    ["a star", "*"],
    ["Cookie", "A, Cookie"],
    ["Authorization", "authorization"],
    ["what is no name", "X A"],
  ])("RFC 9111 4.1: with %s is delivered, and no longer stored", (_what, vary) => {
    expect(validated({ Vary: vary })).toMatchObject({ verdict: "refresh", refusal: expect.stringMatching(/^vary-/) });
  });
});
