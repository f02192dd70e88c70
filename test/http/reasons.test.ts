// Owns the proof that every reason code is fit for Cache-Status, logs and metrics.
import { describe, expect, it } from "vitest";
import { fwdOf, newerMayExist, type ReasonCode, REASONS } from "../../src/http/reasons.ts";

const CODES = Object.keys(REASONS) as ReasonCode[];

describe("reasons", () => {
  it.each(CODES)("%s is a token and is explained", (code) => {
    expect(code).toMatch(/^[a-z0-9-]+$/);
    expect(REASONS[code].means).toMatch(/\w/);
  });

  it("RFC 9211 2.2: use its words for why a request went forward", () => {
    const words = ["bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial", undefined];
    for (const code of CODES) expect(words).toContain(fwdOf(code));
  });

  it("RFC 9211 2.2: what was answered from what is held did not go forward", () => {
    for (const code of ["fresh", "max-stale", "stale-while-revalidate"] as const) expect(fwdOf(code)).toBeUndefined();
  });

  it("a farther tier is asked only where it may hold a better response", () => {
    expect(CODES.filter(newerMayExist).sort()).toEqual([
      "partial",
      "purge-floor",
      "purge-log-changed",
      "purged",
      "soft-purged",
      "stale",
      "stale-while-revalidate",
    ]);
  });
});
