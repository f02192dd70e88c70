// Owns the law of targeted fields: which field governs, what it says of storing and of age, and what the others then count for.
import { describe, expect, it } from "vitest";
import { fateOf } from "../fate.ts";
import { at, type Fields, storedFrom, valuesOf } from "../support.ts";

const CC = "Cache-Control";
const CDN = "CDN-Cache-Control";
const CLOUDFLARE = "Cloudflare-CDN-Cache-Control";
const SURROGATE = "Surrogate-Control";
const TITLE = "RFC %s: %s";

/** CDN-Cache-Control, and Cache-Control beside it; the fate of a second request some seconds later. */
type Row = readonly [section: string, what: string, cdn: string, plain: string, fate: string, afterSeconds?: number];

describe("CDN-Cache-Control and Cache-Control", () => {
  it.for<Row>([
    ["9213 2.2", "a lifetime beside no-store", "max-age=60", "no-store", "fresh"],
    ["9213 2.2", "a lifetime beside private", "max-age=60", "private", "fresh"],
    ["9213 2.2", "a lifetime beside no-cache", "max-age=60", "no-cache", "fresh"],
    [
      "9213 2.2",
      "a lifetime beside must-revalidate: a window counts",
      "max-age=60, stale-while-revalidate=60",
      "must-revalidate",
      "swr",
      61,
    ],
    ["9213 2.2", "a short lifetime beside a long one", "max-age=1", "max-age=3600", "ask: stale", 3],
    ["9213 2.2", "a long lifetime beside a short one", "max-age=3600", "max-age=1", "fresh", 3],
    ["9213 2.2", "a long lifetime beside s-maxage", "max-age=3600", "s-maxage=1", "fresh", 3],
    ["9213 2.2", "max-age=0 beside a lifetime", "max-age=0", "max-age=3600", "out: expired"],
    ["9213 2.2", "no-store beside a lifetime", "no-store", "max-age=60", "out: no-store"],
    ["9213 2.2", "private beside a lifetime", "private", "public, s-maxage=60", "out: private"],
    ["9213 2.2", "no-cache beside a lifetime", "no-cache, max-age=60", "max-age=60", "ask: no-cache"],
    ["9213 2.2", "no lifetime beside one", "public", "max-age=60", "out: no-lifetime"],
    ["9213 2.2", "an unknown word beside a lifetime says nothing", "foo", "max-age=60", "fresh"],
    ["9213 2.2", "windows are not borrowed", "max-age=60", "max-age=60, stale-while-revalidate=60", "ask: stale", 61],
    ["9213 2.1", "an extension beside its lifetime", "foobar, max-age=3600", "no-store", "fresh"],
    ["9213 2.1", "an extension with a string", 'x="no-store, private", max-age=60', "no-store", "fresh"],
    ["9213 2.1", "a parameter says nothing", "max-age=100; no-store", "max-age=60", "fresh", 61],
    ["9213 2.1", "s-maxage is a lifetime for a shared cache", "s-maxage=60", "no-store", "fresh", 59],
    ["9213 2.1", "s-maxage before max-age", "max-age=1, s-maxage=60", "no-store", "fresh", 59],
    ["9213 2.1", "s-maxage forbids stale", "max-age=60, s-maxage=60, stale-while-revalidate=60", "x", "ask: stale", 61],
    [
      "9213 2.1",
      "must-revalidate forbids stale",
      "max-age=60, must-revalidate, stale-while-revalidate=60",
      "x",
      "ask: stale",
      61,
    ],
    ["9213 2.1", "a window", "max-age=60, stale-while-revalidate=60", "no-store", "swr", 61],
    ["9213 2.1", "2^31 is long", "max-age=2147483648", "no-store", "fresh", 2147483646],
    ["9213 2.1", "99999999999 too", "max-age=99999999999", "no-store", "fresh", 2147483646],
  ])(TITLE, ([, , cdn, plain, fate, after = 0]) => {
    expect(fateOf({ [CDN]: cdn, [CC]: plain }, { after })).toBe(fate);
  });

  it.for<Row>([
    ["9213 2.1", "empty", "", "max-age=60", "fresh"],
    ["9213 2.1", "white space alone", " \t", "max-age=60", "fresh"],
    ["9213 2.1", "junk at the end", "max-age=10000, &&&&&", "no-store", "out: no-store"],
    ["9213 2.1", "junk alone", "&&&&&", "max-age=60", "fresh"],
    ["9213 2.1", "a number as a String", 'max-age="10000"', "no-store", "out: no-store"],
    ["9213 2.1", "a number as a Display String", 'max-age=%"10000"', "no-store", "out: no-store"],
    ["9213 2.1", "a space before =", "max-age =100", "max-age=60", "fresh", 59],
    ["9213 2.1", "a space after =", "max-age= 100", "max-age=60", "ask: stale", 61],
    ["9213 2.1", "capitals", "MaX-aGe=100", "max-age=60", "ask: stale", 61],
    ["9213 2.1", "a trailing comma", "no-store,", "max-age=60", "fresh"],
    ["9213 2.1", "an empty member", "max-age=1,, no-store", "max-age=60", "fresh", 59],
    ["9213 2.1", "an unfinished string", 'max-age=100, x="y', "max-age=60", "ask: stale", 61],
    ["9213 2.1", "letters outside ASCII", "max-age=100, \u00e9", "max-age=60", "ask: stale", 61],
    ["9213 2.1", "sixteen digits", "max-age=1000000000000000", "max-age=60", "ask: stale", 61],
  ])("RFC %s: what is no sound Dictionary is as if absent: %s", ([, , cdn, plain, fate, after = 0]) => {
    expect(fateOf({ [CDN]: cdn, [CC]: plain }, { after })).toBe(fate);
  });
});

describe("the other fields of an answer that a targeted field governs", () => {
  it.each<[string, string, Fields, string, number]>([
    [
      "9213 2.2",
      "Expires to come beside max-age=0",
      { [CDN]: "max-age=0", Expires: at(60), Date: at(0) },
      "out: expired",
      0,
    ],
    ["9213 2.2", "Expires past beside a lifetime", { [CDN]: "max-age=60", Expires: at(-60), Date: at(0) }, "fresh", 59],
    ["9213 2.2", "Expires broken beside a lifetime", { [CDN]: "max-age=60", Expires: "0" }, "fresh", 59],
    [
      "9213 2.2",
      "Expires beside no lifetime",
      { [CDN]: "public", Expires: at(60), Date: at(0) },
      "out: no-lifetime",
      0,
    ],
    ["9213 2.2", "Age counts", { [CDN]: "max-age=60", Age: "30" }, "ask: stale", 30],
    ["9213 2.2", "Age beyond the lifetime", { [CDN]: "max-age=3600", Age: "7200", Date: at(0) }, "out: expired", 0],
    ["9213 2.2", "Date counts", { [CDN]: "max-age=60", Date: at(-30) }, "ask: stale", 30],
    ["9213 2.2", "Last-Modified alone", { [CDN]: "public", "Last-Modified": at(-100_000) }, "out: no-lifetime", 0],
    ["9213 2.2", "a validator beside no-cache", { [CDN]: "no-cache", ETag: '"a"' }, "ask: no-cache", 0],
    [
      "9213 2.2",
      "Set-Cookie stays one client's",
      { [CDN]: "public, max-age=60", "Set-Cookie": "a=1" },
      "out: set-cookie",
      0,
    ],
    ["9111 4.1", "Vary stays a star", { [CDN]: "public, max-age=60", Vary: "*" }, "out: vary-star", 0],
  ])(TITLE, (_section, _what, says, fate, after) => {
    expect(fateOf(says, { after })).toBe(fate);
  });
});

describe("precedence", () => {
  const all = { [CLOUDFLARE]: "max-age=40", [CDN]: "max-age=30", [SURROGATE]: "max-age=20", [CC]: "max-age=10" };

  it.each<[string, string, Fields, number]>([
    ["9213 2.2", "the most specific", all, 40],
    ["9213 2.2", "where it is empty, the next", { ...all, [CLOUDFLARE]: "" }, 30],
    ["9213 2.2", "where it is broken, the next", { ...all, [CLOUDFLARE]: "max-age=40,," }, 30],
    ["9213 2.2", "where two are broken, the third", { ...all, [CLOUDFLARE]: "=", [CDN]: "=" }, 20],
    [
      "9213 2.2",
      "where three are no use, Cache-Control",
      { ...all, [CLOUDFLARE]: "=", [CDN]: "=", [SURROGATE]: " " },
      10,
    ],
    ["9213 2.2", "in any order of lines", Object.entries(all).toReversed(), 40],
  ])(TITLE, (_section, _what, says, seconds) => {
    expect(storedFrom(says).lifetimeSeconds).toBe(seconds);
  });

  it.each<[string, Fields]>([
    ["the most specific", { ...all, [CLOUDFLARE]: "no-store" }],
    ["the second, where the first is broken", { ...all, [CLOUDFLARE]: "=", [CDN]: "no-store" }],
    ["the third, where two are empty", { ...all, [CLOUDFLARE]: "", [CDN]: "", [SURROGATE]: "no-store" }],
  ])("RFC 9213 2.2: no-store of the field that governs, %s", (_what, says) => {
    expect(fateOf(says)).toBe("out: no-store");
  });

  it.each<[string, Fields]>([
    ["Cache-Control", { ...all, [CC]: "no-store" }],
    ["Surrogate-Control", { ...all, [SURROGATE]: "no-store" }],
    ["CDN-Cache-Control", { ...all, [CDN]: "no-store" }],
  ])("RFC 9213 2.2: no-store of one that does not govern is not ours: %s", (_what, says) => {
    expect(fateOf(says)).toBe("fresh");
  });

  it("RFC 9213 3.1: the next CDN gets CDN-Cache-Control, nobody what was said to us alone", () => {
    const { headers } = storedFrom(all);
    expect(valuesOf(headers, "cdn-cache-control")).toEqual(["max-age=30"]);
    expect(valuesOf(headers, "cache-control")).toEqual(["max-age=10"]);
    expect(valuesOf(headers, "surrogate-control")).toEqual([]);
    expect(valuesOf(headers, "cloudflare-cdn-cache-control")).toEqual([]);
  });
});
