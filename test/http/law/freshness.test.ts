// Owns the proof of lifetimes and ages.
import { describe, expect, it } from "vitest";
import { initialAge, type LifetimePolicy, lifetimeOf, type TtlPolicy } from "../../../src/http/law/freshness.ts";
import {
  at,
  type Fields,
  NOW,
  POLICY,
  requestOf,
  responseOf,
  type ResponseShape,
  settled,
  storedFrom,
} from "../support.ts";

const CC = "cache-control";

function lifetime(
  fields: Fields,
  policy: Partial<LifetimePolicy> = {},
  request = requestOf(),
  shape: ResponseShape = {},
): { readonly seconds: number; readonly source: string } {
  return lifetimeOf(request, responseOf(fields, shape), { ...POLICY, ...policy });
}

describe("explicit lifetimes", () => {
  it.each([
    ["RFC 9111 4.2.1: s-maxage first", { [CC]: "max-age=60, s-maxage=5", expires: at(900) }, 5, "s-maxage"],
    ["RFC 9111 4.2.1: then max-age", { [CC]: "max-age=60", expires: at(900), date: at(0) }, 60, "max-age"],
    ["RFC 9111 4.2.1: then Expires minus Date", { expires: at(900), date: at(-100) }, 1000, "expires"],
    ["RFC 9111 4.2.1: Expires beside other directives", { [CC]: "public", expires: at(9), date: at(0) }, 9, "expires"],
    ["RFC 9111 5.2.2.10: a malformed s-maxage is stale", { [CC]: "s-maxage=x, max-age=60" }, 0, "s-maxage"],
    ["RFC 9111 5.3: a malformed max-age is not rescued", { [CC]: "max-age=x", expires: at(900) }, 0, "max-age"],
    ["RFC 9111 5.3: max-age=0 is not rescued", { [CC]: "max-age=0", expires: at(900), date: at(0) }, 0, "max-age"],
    ["RFC 9111 5.3: max-age wins over a past Expires", { [CC]: "max-age=60", expires: at(-900) }, 60, "max-age"],
    ["RFC 9111 5.3: max-age wins over a broken Expires", { [CC]: "max-age=60", expires: "0" }, 60, "max-age"],
    ["RFC 9110 6.6.1: an absent Date is the time of receipt", { expires: at(900) }, 900, "expires"],
    ["RFC 9110 6.6.1: an unreadable Date likewise", { expires: at(900), date: "now" }, 900, "expires"],
    ["RFC 9111 4.2.1: a future Date stays", { expires: at(900), date: at(600) }, 300, "expires"],
    ["RFC 9111 4.2.1: Expires equal to Date", { expires: at(0), date: at(0) }, 0, "expires"],
    ["RFC 9111 4.2.1: Expires before Date", { expires: at(-5), date: at(0) }, 0, "expires"],
  ])("%s", (_, fields, seconds, source) => {
    expect(lifetime(fields)).toEqual({ seconds, source });
  });

  it.each([
    ["0", "0"],
    ["-1", "-1"],
    ["nothing", ""],
    ["UTC zone", at(900).replace("GMT", "UTC")],
    ["AEST zone", at(900).replace("GMT", "AEST")],
    ["no comma", at(900).replace(",", "")],
    ["dashes", at(900).replaceAll(/(\d) (\w{3}) (\d)/g, "$1-$2-$3")],
    ["periods", at(900).replaceAll(":", ".")],
    ["one-digit hour", at(900).replace(/ \d(\d:\d\d:)/, " $1")],
    ["double spaces", at(900).replaceAll(" ", "  ")],
    ["two lines", `${at(900)}, ${at(900)}`],
    ["two-digit year outside RFC 850", at(900).replace("2026", "26")],
  ])("RFC 9111 5.3: an Expires that is no date is already past: %s", (_, expires) => {
    expect(lifetime({ expires, date: at(0) })).toEqual({ seconds: 0, source: "expires" });
  });

  it.each([
    ["IMF-fixdate", at(900)],
    ["IMF-fixdate in small letters", at(900).toLowerCase()],
    ["RFC 850", "Thursday, 15-Jan-26 12:15:00 GMT"],
    ["asctime", "Thu Jan 15 12:15:00 2026"],
  ])("RFC 9111 5.3: an Expires in the form %s", (_, expires) => {
    expect(lifetime({ expires, date: at(0) }).seconds).toBe(900);
  });

  it.each([
    ["its max-age", { "cdn-cache-control": "max-age=7", [CC]: "max-age=60" }, 7, "max-age"],
    ["not Cache-Control's", { "cdn-cache-control": "public", [CC]: "max-age=60, s-maxage=5" }, 0, "none"],
    ["not Expires", { "cdn-cache-control": "public", expires: at(900) }, 0, "none"],
    ["nor Expires beside Surrogate-Control", { "surrogate-control": "public", expires: at(900) }, 0, "none"],
    ["but not one without a word for caches", { "cdn-cache-control": "foo", [CC]: "max-age=60" }, 60, "max-age"],
    [
      "nor a stale window alone",
      { "cdn-cache-control": "stale-if-error=9", expires: at(900), date: at(0) },
      900,
      "expires",
    ],
  ])("RFC 9213 2.2: where a targeted field governs, %s", (_, fields, seconds, source) => {
    expect(lifetime(fields)).toEqual({ seconds, source });
  });
});

describe("heuristic lifetimes", () => {
  const OLD = { "last-modified": at(-1000), date: at(0) };

  it.each([
    ["RFC 9111 4.2.2: a tenth of the age since modification", OLD, {}, 200, 100],
    ["RFC 9111 4.2.2: in whole seconds", { ...OLD, "last-modified": at(-1009) }, {}, 200, 100],
    ["RFC 9111 4.2.2: capped", { ...OLD, "last-modified": at(-400_000_000) }, {}, 200, 604_800],
    ["RFC 9111 4.2.2: counted from Date", { ...OLD, date: at(-500) }, {}, 200, 50],
    ["RFC 9111 4.2.2: a cacheable failure", OLD, {}, 404, 100],
    ["RFC 9110 15.1: a status that may not be guessed", OLD, {}, 302, 0],
    ["RFC 9110 15.1: an error that may not be guessed", OLD, {}, 500, 0],
    ["RFC 9111 4.2.2: public allows it for any status", { ...OLD, [CC]: "public" }, {}, 302, 100],
    ["RFC 9111 4.2.2: without Last-Modified", { date: at(0) }, {}, 200, 0],
    ["RFC 9111 4.2.2: with an unreadable one", { "last-modified": "x", date: at(0) }, {}, 200, 0],
    ["RFC 9111 4.2.2: with a future one", { "last-modified": at(900), date: at(0) }, {}, 200, 0],
    ["RFC 9213 2.2: where a targeted field governs", { ...OLD, "surrogate-control": "must-revalidate" }, {}, 200, 0],
    ["a capability says nothing of freshness", { ...OLD, "surrogate-control": 'content="ESI/1.0"' }, {}, 200, 100],
    ["not for a request with any Cookie", OLD, { Cookie: "theme=dark" }, 200, 0],
    ["not for a request with Authorization", OLD, { Authorization: "x" }, 200, 0],
    ["not where a cookie is set", { ...OLD, "set-cookie": "a=1" }, {}, 200, 0],
  ])("%s", (_, fields, asked, status, seconds) => {
    const found = lifetime(fields, {}, requestOf(asked), { status });
    expect(found).toEqual({ seconds, source: seconds > 0 ? "heuristic" : "none" });
  });
});

describe("a rule's lifetimes", () => {
  it.each([
    ["ttl replaces the origin's", { [CC]: "max-age=60" }, { ttl: 5 }, 5, "rule"],
    ["ttl 0 too", { [CC]: "max-age=60" }, { ttl: 0 }, 0, "rule"],
    ["default fills in", {}, { defaultTtl: 5 }, 5, "rule"],
    ["default gives way to the origin", { [CC]: "max-age=60" }, { defaultTtl: 5 }, 60, "max-age"],
    ["default gives way to an explicit 0", { [CC]: "max-age=0" }, { defaultTtl: 5 }, 0, "max-age"],
    ["default comes before a guess", { "last-modified": at(-1000) }, { defaultTtl: 5 }, 5, "rule"],
    ["min raises, which is the rule's word", { [CC]: "max-age=1" }, { minTtl: 5 }, 5, "rule"],
    ["min below the origin's leaves it", { [CC]: "max-age=9" }, { minTtl: 5 }, 9, "max-age"],
    ["max lowers", { [CC]: "max-age=60" }, { maxTtl: 5 }, 5, "max-age"],
    ["max lowers s-maxage", { [CC]: "s-maxage=60" }, { maxTtl: 5 }, 5, "s-maxage"],
    ["max lowers Expires", { expires: at(60), date: at(0) }, { maxTtl: 5 }, 5, "expires"],
    ["max lowers a guess", { "last-modified": at(-1000), date: at(0) }, { maxTtl: 5 }, 5, "heuristic"],
    ["max lowers the default", {}, { defaultTtl: 60, maxTtl: 5 }, 5, "rule"],
  ])("%s", (_, fields, policy, seconds, source) => {
    expect(lifetime(fields, policy)).toEqual({ seconds, source });
  });
});

describe("a rule's lifetimes by status", () => {
  const NONE: TtlPolicy = { ttl: undefined, defaultTtl: undefined, minTtl: undefined, maxTtl: undefined };
  const byStatus = (lifetimes: Readonly<Record<string, Partial<TtlPolicy>>>): LifetimePolicy["byStatus"] =>
    new Map(Object.entries(lifetimes).map(([status, ttl]) => [status, { ...NONE, ...ttl }]));
  const NEGATIVE = byStatus({ "404": { ttl: 60 }, "5xx": { defaultTtl: 5, maxTtl: 30 }, "503": { ttl: 0 } });

  it.each<[string, number, Fields, Partial<LifetimePolicy>, number, string]>([
    ["a number replaces the origin's", 404, { [CC]: "max-age=9" }, {}, 60, "rule"],
    ["a number goes before edge.ttl", 404, {}, { ttl: 900 }, 60, "rule"],
    ["other statuses keep edge.ttl", 410, {}, { ttl: 900 }, 900, "rule"],
    ["a class fills in, for a status that edge.ttl does not touch", 500, {}, { ttl: 900 }, 5, "rule"],
    ["a class bounds", 502, { [CC]: "max-age=900" }, {}, 30, "max-age"],
    ["a class gives way to an explicit 0", 502, { [CC]: "max-age=0" }, {}, 0, "max-age"],
    ["an exact status goes before its class", 503, { [CC]: "max-age=9" }, {}, 0, "rule"],
    ["bounds of edge.ttl do not count beside it", 404, {}, { maxTtl: 1 }, 60, "rule"],
    ["nor do they count beside its range", 500, { [CC]: "max-age=1" }, { minTtl: 9 }, 1, "max-age"],
    ["nor its default", 500, {}, { defaultTtl: 900 }, 5, "rule"],
    ["a status nobody names is left to the origin", 403, {}, {}, 0, "none"],
  ])("%s", (_, status, fields, policy, seconds, source) => {
    expect(lifetime(fields, { byStatus: NEGATIVE, ...policy }, requestOf(), { status })).toEqual({ seconds, source });
  });

  it.each([
    ["RFC 9111 3.3: a part has the lifetime of its whole", 206, { seconds: 60, source: "rule" }],
    ["RFC 9111 4.3: a validation answer has none", 304, { seconds: 0, source: "none" }],
  ])("%s", (_, status, expected) => {
    const all = byStatus({ "2xx": { ttl: 60 }, "3xx": { ttl: 60 }, "206": { ttl: 1 }, "304": { ttl: 60 } });
    expect(lifetime({}, { byStatus: all }, requestOf(), { status })).toEqual(expected);
  });

  it("RFC 9111 3.3: a rule's lifetime is for parts too", () => {
    expect(lifetime({ [CC]: "max-age=600" }, { ttl: 5 }, requestOf(), { status: 206 }).seconds).toBe(5);
  });

  it.each(["no-store", "private", "PRIVATE, max-age=9"])("never makes %s storable", (value) => {
    expect(settled({ [CC]: value }, { status: 404 }, {}, { byStatus: NEGATIVE }).verdict).toBe("pass-through");
  });

  it("stores an error that says nothing", () => {
    expect(storedFrom({}, { status: 500 }, {}, { byStatus: NEGATIVE }).lifetimeSeconds).toBe(5);
    expect(settled({}, { status: 500 }).verdict).toBe("pass-through");
  });
});

describe("corrected initial age", () => {
  const LATER = { requestedAtMs: NOW - 3000, receivedAtMs: NOW };

  it.each([
    ["RFC 9111 4.2.3: nothing known", {}, {}, 0],
    ["RFC 9111 4.2.3: the apparent age", { date: at(-10) }, {}, 10],
    ["RFC 9111 4.2.3: never negative", { date: at(10) }, {}, 0],
    ["RFC 9111 4.2.3: the Age field", { age: "7", date: at(0) }, {}, 7],
    ["RFC 9111 4.2.3: the larger of both", { age: "7", date: at(-10) }, {}, 10],
    ["RFC 9111 4.2.3: the response delay counts with Age", { age: "7", date: at(0) }, LATER, 10],
    ["RFC 9111 4.2.3: and alone", { date: at(0) }, LATER, 3],
    ["RFC 9111 4.2.3: but not with Date", { age: "1", date: at(-10) }, LATER, 10],
    ["RFC 9110 6.6.1: an unreadable Date says nothing", { date: "now", age: "2" }, {}, 2],
    ["RFC 9111 5.1: the first member counts", { age: "7200, 0" }, {}, 7200],
    ["RFC 9111 5.1: also when it is the smaller", { age: "0, 7200" }, {}, 0],
    ["RFC 9111 5.1: a negative is ignored", { age: "-7" }, {}, 0],
    ["RFC 9111 5.1: a fraction is ignored", { age: "7.5" }, {}, 0],
    ["RFC 9111 5.1: text is ignored", { age: "abc" }, {}, 0],
    ["RFC 9111 5.1: junk after the number is ignored", { age: "7 seconds" }, {}, 0],
    ["RFC 9111 5.1: a parameter is ignored with its number", { age: "7;x=1" }, {}, 0],
    ["RFC 9111 5.1: a quoted number is ignored", { age: '"7"' }, {}, 0],
    ["RFC 9111 5.1: an ignored first member is not replaced", { age: "x, 7" }, {}, 0],
    ["RFC 9111 5.1: an empty field is ignored", { age: "" }, {}, 0],
    ["RFC 9111 1.2.2: capped", { age: "99999999999" }, {}, 2147483647],
  ])("%s", (_, fields, shape, seconds) => {
    expect(initialAge(responseOf(fields, shape))).toBe(seconds);
  });

  it("RFC 9111 5.1: several lines are one list", () => {
    const lines: Fields = [
      ["Age", "7200"],
      ["age", "0"],
    ];
    expect(initialAge(responseOf(lines))).toBe(7200);
  });
});
