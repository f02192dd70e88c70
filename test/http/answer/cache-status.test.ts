// Owns the proof of Cache-Status and X-Cache: valid structured fields that say what happened.
import fc from "fast-check";
import { parseList } from "structured-headers";
import { describe, expect, it } from "vitest";
import { cacheStatus, type Outcome, xCache } from "../../../src/http/answer/cache-status.ts";
import { REASONS, type ReasonCode } from "../../../src/http/law/reasons.ts";

const CODES = Object.keys(REASONS) as ReasonCode[];

describe("Cache-Status", () => {
  it.each<[string, Outcome, string]>([
    [
      "RFC 9211 2.1, 2.4: a hit",
      { reason: "fresh", tier: "memory", hit: true, ttlSeconds: 30 },
      "strata; hit; ttl=30; detail=fresh/memory",
    ],
    [
      "RFC 9211 2.4: a stale hit has a negative ttl",
      { reason: "stale-while-revalidate", tier: "colo", hit: true, ttlSeconds: -3 },
      "strata; hit; ttl=-3; detail=stale-while-revalidate/colo",
    ],
    [
      "RFC 9211 2.2, 2.3, 2.5: a stored miss",
      { reason: "uri-miss", hit: false, fwdStatus: 200, stored: true, settled: "stored" },
      "strata; fwd=uri-miss; fwd-status=200; stored; detail=uri-miss",
    ],
    [
      "RFC 9211 2.5: a miss that was not stored says why",
      { reason: "uri-miss", hit: false, fwdStatus: 200, stored: false, settled: "no-store" },
      "strata; fwd=uri-miss; fwd-status=200; detail=uri-miss/no-store",
    ],
    [
      "RFC 9211 2.2: another variant",
      { reason: "vary-miss", hit: false, fwdStatus: 200, settled: "private" },
      "strata; fwd=vary-miss; fwd-status=200; detail=vary-miss/private",
    ],
    [
      "RFC 9211 2.2: validated",
      { reason: "stale", hit: false, fwdStatus: 304, stored: true, settled: "validated", ttlSeconds: 60 },
      "strata; fwd=stale; fwd-status=304; stored; ttl=60; detail=stale/validated",
    ],
    [
      "RFC 9211 2.2: the client insisted",
      { reason: "request-no-cache", hit: false, fwdStatus: 200, stored: true, settled: "stored" },
      "strata; fwd=request; fwd-status=200; stored; detail=request-no-cache",
    ],
    [
      "RFC 9211 2.2: another method",
      { reason: "method", hit: false, fwdStatus: 201 },
      "strata; fwd=method; fwd-status=201; detail=method",
    ],
    [
      "RFC 9211 2.2: passed by",
      { reason: "rule", hit: false, fwdStatus: 200 },
      "strata; fwd=bypass; fwd-status=200; detail=rule",
    ],
    ["RFC 9211 2: not forwarded, not hit", { reason: "only-if-cached", hit: false }, "strata; detail=only-if-cached"],
  ])("%s", (_, outcome, text) => {
    expect(cacheStatus(outcome, undefined)).toBe(text);
  });

  it("RFC 9211 2: follows what caches nearer to the origin said", () => {
    const outcome: Outcome = { reason: "fresh", hit: true };
    expect(cacheStatus(outcome, "inner; hit")).toBe("inner; hit, strata; hit; detail=fresh");
    expect(cacheStatus(outcome, "")).toBe("strata; hit; detail=fresh");
  });

  it("RFC 9211 2, RFC 9651 3.1: is a List of one Token with known parameters, whatever the outcome", () => {
    const outcome = fc.record<Outcome>({
      reason: fc.constantFrom(...CODES),
      tier: fc.option(fc.constantFrom("memory", "colo", "global"), { nil: undefined }),
      hit: fc.boolean(),
      ttlSeconds: fc.option(fc.integer(), { nil: undefined }),
      fwdStatus: fc.option(fc.integer({ min: 100, max: 599 }), { nil: undefined }),
      stored: fc.option(fc.boolean(), { nil: undefined }),
      settled: fc.option(fc.constantFrom(...CODES), { nil: undefined }),
    });
    fc.assert(
      fc.property(outcome, (each) => {
        const [member, ...more] = parseList(cacheStatus(each, undefined));
        expect(more).toEqual([]);
        const parameters = member?.[1];
        expect(String(member?.[0])).toBe("strata");
        expect(parameters?.get("hit")).toBe(each.hit ? true : undefined);
        // 2.2: hit and fwd exclude each other
        expect(parameters?.has("hit") && parameters.has("fwd")).toBe(false);
        expect(parameters?.get("ttl")).toBe(each.ttlSeconds);
        expect(parameters?.get("fwd-status")).toBe(each.fwdStatus);
        expect(String(parameters?.get("detail"))).toMatch(new RegExp(`^${each.reason}(/|$)`));
      }),
    );
  });
});

it.each<[string, Outcome, string]>([
  ["fresh", { reason: "fresh", hit: true }, "HIT"],
  ["stale while revalidating", { reason: "stale-while-revalidate", hit: true }, "STALE"],
  ["max-stale", { reason: "max-stale", hit: true }, "STALE"],
  ["stale if error", { reason: "stale", hit: false, fwdStatus: 503, settled: "stale-if-error" }, "STALE"],
  ["validated", { reason: "stale", hit: false, settled: "validated" }, "REVALIDATED"],
  ["validated and new", { reason: "stale", hit: false, settled: "stored" }, "MISS"],
  ["a miss", { reason: "uri-miss", hit: false, settled: "stored" }, "MISS"],
  ["a miss that is not stored", { reason: "uri-miss", hit: false, settled: "no-store" }, "MISS"],
  ["a purged response", { reason: "purged", hit: false, settled: "stored" }, "MISS"],
  ["another method", { reason: "method", hit: false }, "BYPASS"],
  ["a rule", { reason: "rule", hit: false }, "BYPASS"],
])("X-Cache: %s", (_, outcome, word) => {
  expect(xCache(outcome)).toBe(word);
});
