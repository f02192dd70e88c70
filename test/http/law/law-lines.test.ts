// Owns the law of field lines: many lines are one list, and what Connection names is not there, but for restrictions.
import { describe, expect, it } from "vitest";
import { fateOf } from "../fate.ts";
import { at, type Fields, requestOf, responseOf } from "../support.ts";

const CC = "Cache-Control";
const TITLE = "RFC %s: %s";

describe("several lines are one list", () => {
  it.each<[string, string, Fields, string, string | undefined]>([
    [
      "9110 5.3",
      "in order, whatever lies between",
      [
        ["Vary", "a"],
        ["X", "1"],
        ["vary", "b"],
      ],
      "vary",
      "a, b",
    ],
    [
      "9110 5.3",
      "with empty ones",
      [
        ["Vary", ""],
        ["VARY", "b"],
      ],
      "vary",
      ", b",
    ],
    [
      "9110 5.3",
      "a name that only starts alike is another",
      [
        ["Vary-", "a"],
        ["Vary", "b"],
      ],
      "vary",
      "b",
    ],
    [
      "9110 7.6.1",
      "what Connection names is not there",
      [
        ["X-A", "1"],
        ["Connection", "close, X-a"],
      ],
      "x-a",
      undefined,
    ],
    [
      "9110 7.6.1",
      "in any of its lines",
      [
        ["X-A", "1"],
        ["Connection", "close"],
        ["Connection", "x-a"],
      ],
      "x-a",
      undefined,
    ],
  ])(TITLE, (_section, _what, fields, name, value) => {
    expect(responseOf(fields).field(name)).toBe(value);
  });

  it("RFC 9110 5.3: of a request too", () => {
    const request = requestOf([
      ["accept", "a"],
      ["Accept", "b"],
    ]);
    expect(request.field("accept")).toBe("a, b");
  });

  it("RFC 9110 7.6.1: a restriction is for all recipients: Connection does not take it away", () => {
    const says: Fields = [
      ["Connection", "cache-control"],
      [CC, "no-store"],
      ["Last-Modified", at(-100_000)],
      ["Date", at(0)],
    ];
    expect(fateOf(says)).toBe("out: no-store");
  });
});
