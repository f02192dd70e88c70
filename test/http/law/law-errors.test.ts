// Owns the law of errors that one request may have provoked: how long they answer for others, status by status.
import { describe, expect, it } from "vitest";
import { mayDependOnRequest } from "../../../src/http/message/status-table.ts";
import { at, requestOf, storedFrom } from "../support.ts";

const PROVOKED = [
  400, 401, 403, 405, 406, 408, 411, 412, 413, 414, 415, 417, 421, 422, 425, 426, 428, 429, 431, 500, 501, 502, 503,
  504, 505, 507, 511, 599,
];
const OF_RESOURCE = [200, 203, 204, 301, 302, 307, 308, 404, 410, 451];

type Said = Readonly<Record<string, string>>;

const remaining = (says: Said, status: number, policy = {}, asked: Said = {}): number => {
  const stored = storedFrom({ date: at(0), ...says }, { status }, { request: requestOf(asked) }, policy);
  return stored.lifetimeSeconds - stored.initialAgeSeconds;
};

it.each(PROVOKED)("RFC 9110 15.5, 15.6: %i lasts ten seconds at most, and not a moment stale", (status) => {
  expect(mayDependOnRequest(status)).toBe(true);
  for (const says of [
    "max-age=31536000",
    "s-maxage=3600",
    "public, max-age=3600, stale-while-revalidate=600, stale-if-error=600",
  ]) {
    expect(remaining({ "cache-control": says }, status)).toBe(10);
    const stored = storedFrom({ "cache-control": says, date: at(0) }, { status });
    expect([stored.staleWhileRevalidateSeconds, stored.staleIfErrorSeconds, stored.staleAllowed]).toEqual([
      0,
      0,
      false,
    ]);
  }
  expect(remaining({ "cdn-cache-control": "max-age=60" }, status)).toBe(10);
  expect(remaining({ expires: at(60) }, status)).toBe(10);
  expect(remaining({ "cache-control": "max-age=5" }, status)).toBe(5);
  // counted from when it came, not from when it was made
  expect(remaining({ "cache-control": "max-age=3600", age: "100" }, status)).toBe(10);
});

it.each(OF_RESOURCE)("RFC 9111 4.2: %i lasts as long as it says", (status) => {
  expect(mayDependOnRequest(status)).toBe(false);
  expect(remaining({ "cache-control": "max-age=3600" }, status)).toBe(3600);
});

describe("a rule", () => {
  const ruled = (key: string, ttl: object) => ({
    byStatus: new Map([[key, { ttl: undefined, defaultTtl: undefined, minTtl: undefined, maxTtl: undefined, ...ttl }]]),
  });

  it.each(PROVOKED)("that names %i itself means it", (status) => {
    expect(remaining({}, status, ruled(String(status), { ttl: 60 }))).toBe(60);
    expect(remaining({ "cache-control": "max-age=3600" }, status, ruled(String(status), { maxTtl: 90 }))).toBe(90);
  });

  it.each(PROVOKED)("that names the class of %i does not reach what the request may have provoked", (status) => {
    const policy = ruled(`${String(Math.floor(status / 100))}xx`, { ttl: 60 });
    expect(remaining({}, status, policy)).toBe(60);
    // the origin says that all may have it, so it is stored; but not for as long as the rule says
    for (const asked of [{ cookie: "odd=1" }, { cookie: "sid=1" }, { authorization: "x" }])
      expect(remaining({ "cache-control": "public, max-age=3600" }, status, policy, asked)).toBe(10);
    expect(remaining({ "cache-control": "max-age=3600", vary: "x-odd" }, status, policy, { "x-odd": "1" })).toBe(10);
  });

  it("for all statuses gives errors nothing", () => {
    expect(remaining({ "cache-control": "max-age=3600" }, 500, { ttl: 60 })).toBe(10);
  });
});
