// Owns the law of spelling: directives that are quoted, doubled, in conflict, broken or in capitals.
import { describe, expect, it } from "vitest";
import { fateOf, type Line } from "../fate.ts";
import { at } from "../support.ts";

const CC = "Cache-Control";
const PAST = { after: 61 };
const TITLE = "RFC %s: %s";

describe("durations of an answer", () => {
  it.for<Line>([
    ["9111 4.2.1", "of two max-age the first counts, the longer", "max-age=60, max-age=5", "fresh", { after: 59 }],
    [
      "9111 4.2.1",
      "of two max-age the first counts, the shorter",
      "max-age=5, max-age=60",
      "ask: stale",
      { after: 59 },
    ],
    ["9111 4.2.1", "of two s-maxage the first counts", "s-maxage=5, s-maxage=60", "ask: stale", { after: 59 }],
    ["9111 4.2.1", "a broken first is not mended by a second", "max-age=x, max-age=60", "out: expired"],
    ["9111 4.2.1", "a sound first is not spoilt by a second", "max-age=60, max-age=x", "fresh"],
    [
      "9111 4.2.1",
      "of two windows the first counts",
      "max-age=60, stale-while-revalidate=5, stale-while-revalidate=60",
      "ask: stale",
      { after: 66 },
    ],
    ["9111 4.2.1", "quoted and plain are duplicates", 'max-age="60", max-age=5', "fresh", { after: 59 }],
    ["9111 4.2.1", "names in other case are duplicates", "MAX-AGE=60, max-age=5", "fresh", { after: 59 }],
    [
      "9111 4.2.1",
      "lines of other case are duplicates",
      [
        ["CACHE-CONTROL", "max-age=60"],
        ["cache-control", "max-age=5"],
      ],
      "fresh",
      { after: 59 },
    ],
    ["9111 5.2.2.10", "s-maxage wins in any order", "s-maxage=5, max-age=60", "ask: stale", { after: 6 }],
    ["9111 5.2.2.10", "s-maxage wins when it is the longer", "max-age=5, s-maxage=60", "fresh", { after: 59 }],
    [
      "9111 5.2.2.10",
      "s-maxage in another line wins",
      [
        [CC, "max-age=5"],
        [CC, "S-MAXAGE=60"],
      ],
      "fresh",
      { after: 59 },
    ],
    ["9111 5.2.2.10", "s-maxage=0 wins", "max-age=60, s-maxage=0", "out: expired"],
    ["9111 5.2.2.10", "s-maxage without a number is stale", "max-age=60, s-maxage", "out: expired"],
    ["9111 1.2.2", "junk after the number", "max-age=60s", "out: expired"],
    ["9111 1.2.2", "a second number after a space", "max-age=60 60", "out: expired"],
    ["9111 1.2.2", "an exponent", "max-age=1e9", "out: expired"],
    ["9111 1.2.2", "a hexadecimal number", "max-age=0x3c", "out: expired"],
    ["9111 1.2.2", "a fraction", "max-age=60.0", "out: expired"],
    ["9111 1.2.2", "a sign", "max-age=+60", "out: expired"],
    ["9111 1.2.2", "digits of another script", "max-age=\u0666\u0660", "out: expired"],
    ["9111 1.2.2", "a white space that is none of HTTP's", "max-age=60\u00a0", "out: expired"],
    ["9111 1.2.2", "white space inside the quotes", 'max-age=" 60 "', "out: expired"],
    ["9111 1.2.2", "an unfinished quote", 'max-age="60', "out: expired"],
    ["9111 1.2.2", "leading zeros are a number", "max-age=00000000060", "fresh", { after: 59 }],
    ["9111 1.2.2", "2^31 and more is long", "max-age=2147483648", "fresh", { after: 2147483646 }],
    ["9111 1.2.2", "but not longer than 2^31-1", "max-age=99999999999", "ask: stale", { after: 2147483647 }],
    ["9111 1.2.2", "a hundred digits too", `max-age=${"9".repeat(100)}`, "fresh", { after: 2147483646 }],
    ["5861 3", "a broken window is none", "max-age=60, stale-while-revalidate=60s", "ask: stale", PAST],
    ["5861 3", "a window in capitals", "MAX-AGE=60, STALE-WHILE-REVALIDATE=60", "swr", PAST],
    ["5861 3", "a quoted window", 'max-age=60, stale-while-revalidate="60"', "swr", PAST],
    ["9111 5.2.3", "a lifetime in another's string", 'x="max-age=60", max-age=5', "ask: stale", { after: 6 }],
    [
      "9111 5.2.3",
      "a string that ends in an escaped quote",
      'x="\\", max-age=60, \\"", max-age=5',
      "ask: stale",
      { after: 6 },
    ],
    ["9111 5.2.3", "commas in a string are not members", 'x=",,,", max-age=60', "fresh"],
  ])(TITLE, ([, , says, fate, given]) => {
    expect(fateOf(says, given)).toBe(fate);
  });
});

describe("words in conflict: the restriction wins", () => {
  it.for<Line>([
    ["9111 5.2.2.4", "no-cache and a lifetime", "no-cache, max-age=60", "ask: no-cache"],
    ["9111 5.2.2.4", "no-cache and immutable", "no-cache, immutable, max-age=60", "ask: no-cache"],
    ["9111 5.2.2.4", "no-cache and a window", "no-cache, max-age=60, stale-while-revalidate=60", "ask: no-cache", PAST],
    [
      "9111 5.2.2.4",
      "no-cache and a client's max-stale",
      "no-cache, max-age=60",
      "ask: no-cache",
      { second: { [CC]: "max-stale" } },
    ],
    [
      "9111 5.2.2.4",
      "no-cache in the last of many lines",
      [
        [CC, "max-age=60"],
        [CC, "public"],
        [CC, "NO-CACHE"],
      ],
      "ask: no-cache",
    ],
    ["9111 5.2.2.4", "no-cache after a semicolon", "max-age=60, x; no-cache", "ask: no-cache"],
    [
      "9111 5.2.2.2",
      "must-revalidate and a window",
      "max-age=60, stale-while-revalidate=60, must-revalidate",
      "ask: stale",
      PAST,
    ],
    [
      "9111 5.2.2.2",
      "must-revalidate says nothing of fresh ones",
      "max-age=60, must-revalidate",
      "fresh",
      { after: 59 },
    ],
    [
      "9111 5.2.2.2",
      "must-revalidate after a semicolon",
      "max-age=60, stale-while-revalidate=60; must-revalidate",
      "ask: stale",
      PAST,
    ],
    [
      "9111 5.2.2.2",
      "must-revalidate inside a string",
      'max-age=60, stale-while-revalidate=60, x="must-revalidate"',
      "swr",
      PAST,
    ],
    [
      "9111 5.2.2.8",
      "proxy-revalidate and a window",
      "max-age=60, stale-while-revalidate=60, PROXY-REVALIDATE",
      "ask: stale",
      PAST,
    ],
    [
      "9111 5.2.2.8",
      "proxy-revalidate says nothing of fresh ones",
      "max-age=60, proxy-revalidate",
      "fresh",
      { after: 59 },
    ],
    ["9111 5.2.2.10", "s-maxage and a window", "s-maxage=60, stale-while-revalidate=60", "ask: stale", PAST],
    [
      "9111 5.2.2.10",
      "s-maxage and a client's max-stale",
      "s-maxage=60",
      "ask: stale",
      { ...PAST, second: { [CC]: "max-stale" } },
    ],
    ["9111 5.2.2.7", "private and a lifetime for shared caches", "private, s-maxage=60", "out: private"],
    [
      "9111 5.3",
      "max-age=0 and an Expires to come",
      { [CC]: "max-age=0", Expires: at(60), Date: at(0) },
      "out: expired",
    ],
    ["9111 5.3", "max-age and an Expires that is past", { [CC]: "max-age=60", Expires: at(-60), Date: at(0) }, "fresh"],
    ["8246 2", "immutable gives no lifetime", "immutable", "out: no-lifetime"],
    ["9111 3", "no-cache alone, of a status that lasts by itself", { [CC]: "no-cache", ETag: '"a"' }, "ask: no-cache"],
    [
      "9111 3",
      "of another status it lets nothing in",
      { [CC]: "no-cache", ETag: '"a"' },
      "out: no-lifetime",
      { shape: { status: 302 } },
    ],
    [
      "9111 3",
      "of another status beside public",
      { [CC]: "no-cache, public", ETag: '"a"' },
      "ask: no-cache",
      { shape: { status: 302 } },
    ],
    [
      "9111 3",
      "of another status beside a lifetime",
      { [CC]: "no-cache, max-age=60" },
      "ask: no-cache",
      { shape: { status: 302 } },
    ],
    ["8246 2", "immutable does not lengthen one", "max-age=60, immutable", "ask: stale", PAST],
    ["9111 5.2.2.9", "public gives no lifetime", "public", "out: no-lifetime"],
  ])(TITLE, ([, , says, fate, given]) => {
    expect(fateOf(says, given)).toBe(fate);
  });
});
