// Owns the law of storing: no-store and must-understand, in any spelling and company.
import { describe, expect, it } from "vitest";
import { fateOf, type Line } from "../fate.ts";
import type { Fields } from "../support.ts";

const CC = "Cache-Control";
const AUTHORIZATION = { Authorization: "Bearer x" };

describe("no-store", () => {
  const lines = (...values: readonly string[]): Fields => values.map((value) => [CC, value] as const);

  it.for<Line>([
    ["9111 5.2.2.5", "alone", "no-store", "out: no-store"],
    ["9111 5.2.2.5", "before a lifetime", "no-store, max-age=60", "out: no-store"],
    ["9111 5.2.2.5", "after one", "max-age=60, no-store", "out: no-store"],
    ["9111 5.2.2.5", "beside public", "public, no-store", "out: no-store"],
    ["9111 5.2.2.5", "beside immutable", "immutable, no-store", "out: no-store"],
    ["9111 5.2.2.5", "in the second line", lines("max-age=60", "no-store"), "out: no-store"],
    ["9111 5.2.2.5", "in the first line", lines("no-store", "max-age=60"), "out: no-store"],
    ["9111 5.2.2.5", "twice", "no-store, no-store", "out: no-store"],
    ["9111 5.2.2.5", "among empty members", ", ,no-store,,", "out: no-store"],
    ["9111 5.2", "in any case", "max-age=60, nO-sTORe", "out: no-store"],
    ["9111 5.2", "without white space", "max-age=60,no-store", "out: no-store"],
    ["9111 5.2", "with tabs", "max-age=60\t,\tno-store", "out: no-store"],
    ["9111 5.2.2.5", "spelled with an argument", 'no-store="", max-age=60', "out: no-store"],
    ["9111 5.2.3", "after a quoted comma", 'x="a,b", no-store', "out: no-store"],
    ["9111 5.2.3", "after a quoted quote", 'x="a\\"", no-store', "out: no-store"],
    ["9111 5.2.3", "after a quoted backslash", 'x="a\\\\", no-store', "out: no-store"],
    ["9111 5.2.3", "inside a string", 'max-age=60, x="a, no-store, b"', "fresh"],
    ["9111 5.2.3", "inside a string, after a quote", 'max-age=60, x="\\", no-store, "', "fresh"],
    ["9111 5.2.3", "as the end of a name", "max-age=60, x-no-store", "fresh"],
    ["9111 5.2.3", "as the start of a name", "max-age=60, no-store-x", "fresh"],
    ["9111 5.2.3", "as the value of another", "max-age=60, x=no-store", "fresh"],
    ["9111 5.2", "in an unfinished string", 'max-age=60, x="no-store', "out: no-store"],
    ["9111 5.2", "behind a string split over lines", lines('max-age=60, x="a', 'b", no-store'), "out: no-store"],
    ["9111 5.2", "after a semicolon", "max-age=60; no-store", "out: no-store"],
    ["9111 5.2", "after a colon", "max-age=60, Cache-Control:no-store", "out: no-store"],
    ["9111 5.4", "of Pragma says nothing in a response", { [CC]: "max-age=60", Pragma: "no-store, no-cache" }, "fresh"],
    ["9111 5.2.1.5", "of the first client", "max-age=60", "out: request-no-store", { first: { [CC]: "NO-STORE" } }],
    ["9111 5.2.1.5", "of the first client as a string", "max-age=60", "fresh", { first: { [CC]: 'x="no-store"' } }],
    [
      "9111 5.2.1.5",
      "of the first client, broken",
      "max-age=60",
      "out: request-no-store",
      { first: { [CC]: "max-age=0; no-store" } },
    ],
    ["9111 5.2.1.5", "of the second client", "max-age=60", "fresh", { second: { [CC]: "no-store" } }],
    [
      "9111 5.2.1.5",
      "of a client that does not count",
      "max-age=60",
      "fresh",
      { first: { [CC]: "no-store" }, policy: { honourClient: false } },
    ],
  ])("RFC %s: %s", ([, , says, fate, given]) => {
    expect(fateOf(says, given)).toBe(fate);
  });
});

describe("must-understand", () => {
  const says = "must-understand, no-store, max-age=60";

  it.each<number>([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501])(
    "RFC 9111 5.2.2.3: lifts no-store on a status whose rules we know: %d",
    (status) => {
      expect(fateOf(says, { shape: { status } })).toBe("fresh");
    },
  );

  it.each<number>([201, 202, 205, 226, 299, 305, 399, 400, 401, 403, 418, 429, 499, 500, 503, 599])(
    "RFC 9111 5.2.2.3: forbids storing on any other: %d",
    (status) => {
      expect(fateOf(says, { shape: { status } })).toBe("out: must-understand");
      expect(fateOf("must-understand, public, max-age=60", { shape: { status } })).toBe("out: must-understand");
    },
  );

  it.for<Line>([
    ["9111 5.2.2.3", "in any case", "NO-STORE, Must-Understand, max-age=60", "fresh"],
    ["9111 5.2.2.3", "lifts no-store, not the need of a lifetime", "must-understand, no-store", "out: no-lifetime"],
    ["9111 5.2.2.3", "does not lift private", "must-understand, no-store, private, max-age=60", "out: private"],
    ["9111 5.2.2.3", "does not lift no-cache", "must-understand, no-store, no-cache, max-age=60", "ask: no-cache"],
    [
      "9111 5.2.2.3",
      "does not lift a client's no-store",
      says,
      "out: request-no-store",
      { first: { [CC]: "no-store" } },
    ],
    [
      "9111 5.2.2.3",
      "does not share an authenticated answer",
      says,
      "out: authorization-response",
      { first: AUTHORIZATION },
    ],
    ["9111 5.2.2.3", "inside a string it lifts nothing", 'x="must-understand", no-store, max-age=60', "out: no-store"],
    [
      "9111 5.2.2.3",
      "as the end of a name it lifts nothing",
      "x-must-understand, no-store, max-age=60",
      "out: no-store",
    ],
    ["9111 5.2.2.3", "after a semicolon it lifts nothing", "no-store; must-understand, max-age=60", "out: no-store"],
    [
      "9111 5.2.2.3",
      "in a field that does not govern it lifts nothing",
      { [CC]: "must-understand", "CDN-Cache-Control": "no-store, max-age=60" },
      "out: no-store",
    ],
    [
      "9111 5.2.2.3",
      "in the field that governs",
      { [CC]: "no-store", "CDN-Cache-Control": "no-store, must-understand, max-age=60" },
      "fresh",
    ],
  ])("RFC %s: %s", ([, , says, fate, given]) => {
    expect(fateOf(says, given)).toBe(fate);
  });
});
