// Owns the law of requests: a client's directives about stored responses, in every spelling (RFC 9111 5.2.1).
import { describe, expect, it } from "vitest";
import { fateOf } from "../fate.ts";
import type { Fields } from "../support.ts";

const CC = "Cache-Control";
const TITLE = "RFC %s: %s";

type Asked = readonly [section: string, what: string, asks: string | Fields, afterSeconds: number, fate: string];

const fate = (says: string, asks: string | Fields, after: number): string =>
  fateOf(says, { after, second: typeof asks === "string" ? { [CC]: asks } : asks });

describe("of what is fresh for 60 seconds, and stale for 60 while it is refreshed", () => {
  const says = "max-age=60, stale-while-revalidate=60";

  it.each<Asked>([
    ["9111 5.2.1.1", "exactly as old as wanted", "max-age=20", 20, "fresh"],
    ["9111 5.2.1.1", "in capitals", "MAX-AGE=10", 20, "ask: request-max-age"],
    ["9111 5.2.1.1", "quoted", 'max-age="10"', 20, "ask: request-max-age"],
    ["9111 5.2.1.1", "the first of two counts", "max-age=10, max-age=30", 20, "ask: request-max-age"],
    [
      "9111 5.2.1.1",
      "the first line counts",
      [
        [CC, "max-age=30"],
        ["cache-control", "max-age=10"],
      ],
      20,
      "fresh",
    ],
    ["9111 5.2.1.1", "junk after the number wants the newest", "max-age=30s", 20, "ask: request-max-age"],
    ["9111 5.2.1.1", "an exponent wants the newest", "max-age=1e9", 20, "ask: request-max-age"],
    ["9111 5.2.1.1", "a negative wants the newest", "max-age=-1", 20, "ask: request-max-age"],
    ["9111 5.2.1.1", "no number wants the newest", "max-age", 20, "ask: request-max-age"],
    ["9111 5.2.1.1", "a number beyond 2^31", "max-age=99999999999", 20, "fresh"],
    ["9111 5.2.1.1", "inside a string", 'x="max-age=0"', 20, "fresh"],
    ["9111 5.2.1.1", "wants no stale one, however old it may be", "max-age=600", 61, "ask: stale"],
    ["9111 5.2.1.3", "as long as wanted", "min-fresh=40", 20, "fresh"],
    ["9111 5.2.1.3", "not as long as wanted", "min-fresh=41", 20, "ask: request-max-age"],
    ["9111 5.2.1.3", "junk after the number", "min-fresh=1x", 20, "ask: request-max-age"],
    ["9111 5.2.1.3", "the first of two counts", "min-fresh=1, min-fresh=59", 20, "fresh"],
    ["9111 5.2.1.3", "min-fresh=0 wants no stale one", "min-fresh=0", 61, "ask: stale"],
    ["9111 5.2.1.4", "no-cache with an argument", "no-cache=x", 20, "ask: request-no-cache"],
    ["9111 5.2.1.4", "no-cache after a semicolon", "max-age=60; no-cache", 20, "ask: request-no-cache"],
    ["9111 5.2.1.4", "no-cache in an unfinished string", 'x="no-cache', 20, "ask: request-no-cache"],
    ["9111 5.2.1.4", "no-cache inside a string", 'x="no-cache"', 20, "fresh"],
    [
      "9111 5.2.1.4",
      "no-cache in the second line",
      [
        [CC, "max-age=60"],
        [CC, "no-cache"],
      ],
      20,
      "ask: request-no-cache",
    ],
    ["9111 5.2.1.4", "no-cache where a stale one would do", "no-cache", 61, "ask: request-no-cache"],
    ["9111 5.2.1.5", "no-store may be answered from the store", "no-store", 61, "swr"],
    ["9111 5.2.1.6", "no-transform says nothing of age", "no-transform", 20, "fresh"],
    ["9111 5.2.1.7", "only-if-cached takes what is stale and allowed", "Only-If-Cached", 61, "swr"],
    ["9111 5.2.1.7", "only-if-cached and nothing usable", "only-if-cached", 120, "504"],
    ["9111 5.2.1.7", "only-if-cached and no-cache contradict each other", "only-if-cached, no-cache", 20, "504"],
    ["9111 5.2.1.7", "only-if-cached inside a string", 'x="only-if-cached"', 120, "ask: stale"],
    ["9111 5.2.2", "directives of answers say nothing in a request", "must-revalidate, s-maxage=0, private", 61, "swr"],
    ["5861 4", "a client's stale-if-error says nothing here", "stale-if-error=60", 20, "fresh"],
    ["9111 5.4", "Pragma in capitals", { PRAGMA: "NO-CACHE" }, 20, "ask: request-no-cache"],
    ["9111 5.4", "Pragma inside a string", { Pragma: 'x="no-cache"' }, 20, "fresh"],
    ["9111 5.4", "Pragma beside any Cache-Control", { Pragma: "no-cache", [CC]: "x" }, 20, "fresh"],
    [
      "9110 7.6.1",
      "Connection cannot take it away",
      { [CC]: "no-cache", Connection: "cache-control" },
      20,
      "ask: request-no-cache",
    ],
  ])(TITLE, (_section, _what, asks, after, expected) => {
    expect(fate(says, asks, after)).toBe(expected);
  });
});

describe("of what is fresh for 60 seconds, without a window", () => {
  it.each<Asked>([
    ["9111 5.2.1.2", "max-stale, any", "max-stale", 61, "max-stale"],
    ["9111 5.2.1.2", "max-stale, in capitals", "MAX-STALE=10", 61, "max-stale"],
    ["9111 5.2.1.2", "max-stale, quoted", 'max-stale="10"', 61, "max-stale"],
    ["9111 5.2.1.2", "exactly as stale as accepted", "max-stale=10", 70, "max-stale"],
    ["9111 5.2.1.2", "staler than accepted", "max-stale=10", 71, "ask: stale"],
    ["9111 5.2.1.2", "the first of two counts", "max-stale=5, max-stale=50", 70, "ask: stale"],
    ["9111 5.2.1.2", "junk after the number accepts nothing", "max-stale=10s", 61, "ask: stale"],
    ["9111 5.2.1.2", "a number beyond 2^31", "max-stale=99999999999", 1e6, "max-stale"],
    ["9111 5.2.1.1", "max-age with max-stale accepts a stale one", "max-age=99, max-stale=10", 65, "max-stale"],
    ["9111 5.2.1.1", "max-age with max-stale, of any age", "max-stale, max-age=99", 65, "max-stale"],
    ["9111 5.2.1.1", "max-age with max-stale, older than wanted", "max-age=62, max-stale=10", 65, "ask: stale"],
    ["9111 5.2.1.1", "max-age with max-stale, staler than accepted", "max-age=99, max-stale=10", 75, "ask: stale"],
    ["9111 5.2.1.3", "min-fresh with max-stale wants a fresh one", "min-fresh=1, max-stale=10", 65, "ask: stale"],
    ["9111 5.2.1.4", "no-cache with max-stale", "max-stale, no-cache", 65, "ask: request-no-cache"],
    ["9111 5.2.1.7", "only-if-cached with max-stale", "only-if-cached, max-stale=10", 65, "max-stale"],
    ["9111 5.2.1.7", "only-if-cached with too small a max-stale", "only-if-cached, max-stale=10", 75, "504"],
  ])(TITLE, (_section, _what, asks, after, expected) => {
    expect(fate("max-age=60", asks, after)).toBe(expected);
  });

  it.each<[string, string]>([
    ["9111 5.2.2.2", "max-age=60, must-revalidate"],
    ["9111 5.2.2.8", "max-age=60, proxy-revalidate"],
    ["9111 5.2.2.10", "s-maxage=60"],
  ])("RFC %s, 5.2.1.2: max-stale does not undo %s", (_section, says) => {
    expect(fate(says, "max-stale", 59)).toBe("fresh");
    expect(fate(says, "max-stale", 60)).toBe("ask: stale");
    expect(fate(says, "max-stale, only-if-cached", 60)).toBe("504");
  });
});
