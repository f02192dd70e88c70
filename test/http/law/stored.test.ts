// Owns the proof of a stored response's arithmetic and of which validators it offers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ageSeconds,
  originValidators,
  remainingSeconds,
  type Stored,
  storageSeconds,
  storedValidators,
} from "../../../src/http/law/stored.ts";
import { at, NOW, responseOf, storedOf } from "../support.ts";

describe("age", () => {
  it.each([
    ["at receipt", 0, 0, 0],
    ["the initial age counts", 7, 0, 7],
    ["resident time is added", 7, 5000, 12],
    ["rounded down", 0, 1999, 1],
    ["fractions of the initial age count", 0.6, 500, 1],
    ["a clock that went back changes nothing", 7, -5000, 7],
  ])("RFC 9111 4.2.3: %s", (_, initialAgeSeconds, laterMs, age) => {
    expect(ageSeconds(storedOf({ initialAgeSeconds }), NOW + laterMs)).toBe(age);
  });

  it.each([
    ["all of it at receipt", 0, 0, 60],
    ["less the initial age", 50, 0, 10],
    ["none at the lifetime's end", 0, 60_000, 0],
    ["negative afterwards", 0, 61_000, -1],
    ["negative on arrival", 90, 0, -30],
  ])("RFC 9111 4.2: remaining freshness: %s", (_, initialAgeSeconds, laterMs, remaining) => {
    expect(remainingSeconds(storedOf({ initialAgeSeconds }), NOW + laterMs)).toBe(remaining);
  });

  it("RFC 9111 4.2: only grows, and what remains only shrinks, by the same amount", () => {
    const age = fc.integer({ min: 0, max: 2 ** 31 });
    const moment = fc.integer({ min: -10_000, max: 10 ** 9 });
    fc.assert(
      fc.property(age, age, moment, moment, (initialAgeSeconds, lifetimeSeconds, a, b) => {
        const stored = storedOf({ initialAgeSeconds, lifetimeSeconds });
        const [sooner, later] = [NOW + Math.min(a, b), NOW + Math.max(a, b)];
        expect(ageSeconds(stored, later)).toBeGreaterThanOrEqual(ageSeconds(stored, sooner));
        expect(remainingSeconds(stored, later)).toBeLessThanOrEqual(remainingSeconds(stored, sooner));
        expect(ageSeconds(stored, sooner)).toBe(Math.floor(lifetimeSeconds - remainingSeconds(stored, sooner)));
      }),
    );
  });
});

describe("how long it is worth keeping", () => {
  const HOUR = 3600;
  const MONTH = 30 * 24 * HOUR;

  it.each<[string, Partial<Stored>, number]>([
    ["while fresh", {}, 60],
    ["less its age on arrival", { initialAgeSeconds: 20 }, 40],
    ["the longer window after that", { staleWhileRevalidateSeconds: 30, staleIfErrorSeconds: 90 }, 150],
    ["an hour more with an ETag", { etag: '"a"' }, 60 + HOUR],
    ["an hour more with Last-Modified", { lastModified: at(-9) }, 60 + HOUR],
    ["the longer of window and hour", { etag: '"a"', staleIfErrorSeconds: 2 * HOUR }, 60 + 2 * HOUR],
    ["not at all when over on arrival", { initialAgeSeconds: 90 }, 0],
    ["in whole seconds, rounded up", { initialAgeSeconds: 0.5 }, 60],
    ["at most 30 days", { lifetimeSeconds: 2 ** 31 - 1 }, MONTH],
    ["at most 30 days, windows too", { staleWhileRevalidateSeconds: 2 ** 31 - 1 }, MONTH],
  ])("%s", (_, parts, seconds) => {
    expect(storageSeconds(storedOf(parts))).toBe(seconds);
  });
});

describe("validators", () => {
  it.each([
    ["none", {}, []],
    ["an ETag", { etag: '"a"' }, [["if-none-match", '"a"']]],
    ["a date", { lastModified: "x" }, [["if-modified-since", "x"]]],
    [
      "both",
      { etag: '"a"', lastModified: "x" },
      [
        ["if-none-match", '"a"'],
        ["if-modified-since", "x"],
      ],
    ],
  ])("RFC 9111 4.3.1: upstream goes %s", (_, parts, pairs) => {
    expect(storedValidators(storedOf(parts))).toEqual(pairs);
  });

  it.each([
    ["strong", { ETag: '"a"' }, '"a"'],
    ["weak", { etag: 'W/"a"' }, 'W/"a"'],
    ["empty", { etag: '""' }, '""'],
    ["none", {}, undefined],
    ["unquoted is none", { etag: "a" }, undefined],
    ["half quoted is none", { etag: '"a' }, undefined],
    ["small w is none", { etag: 'w/"a"' }, undefined],
    ["any is none", { etag: "*" }, undefined],
    ["two lines are none", { etag: '"a", "b"' }, undefined],
  ])("RFC 9110 8.8.3: an origin's ETag, %s", (_, fields, etag) => {
    expect(originValidators(responseOf(fields)).etag).toBe(etag);
  });

  it.each([
    ["a date", at(-9), at(-9)],
    ["text is none", "yesterday", undefined],
    ["two lines are none", `${at(-9)}, ${at(-9)}`, undefined],
  ])("RFC 9110 8.8.2: an origin's Last-Modified, %s", (_, value, kept) => {
    expect(originValidators(responseOf({ "last-modified": value })).lastModified).toBe(kept);
  });
});
