// Owns the proof of what browsers are told of freshness.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BrowserPolicy, forBrowser } from "../../../src/http/answer/browser.ts";
import type { HeaderPairs } from "../../../src/http/message/fields.ts";
import { at, NOW, valuesOf } from "../support.ts";

const PLAIN: BrowserPolicy = {
  ttl: undefined,
  defaultTtl: undefined,
  minTtl: undefined,
  maxTtl: undefined,
  staleWhileRevalidate: undefined,
  immutable: false,
  validate: false,
};

interface Shape {
  readonly status?: number;
  readonly ageSeconds?: number;
}

function leaving(headers: HeaderPairs, policy: Partial<BrowserPolicy>, { status = 200, ageSeconds = 0 }: Shape = {}) {
  return forBrowser({ status, headers, ageSeconds, nowMs: NOW }, { ...PLAIN, ...policy });
}

/** The Cache-Control a client gets; an empty string where it gets none. */
function told(cacheControl: string | undefined, policy: Partial<BrowserPolicy>, shape?: Shape): string {
  const headers: HeaderPairs = cacheControl === undefined ? [] : [["cache-control", cacheControl]];
  return valuesOf(leaving(headers, policy, shape), "cache-control").join(" | ");
}

const AGED: Shape = { ageSeconds: 5 };

describe("a rule's lifetime", () => {
  it.each<[string, string | undefined, Partial<BrowserPolicy>, string]>([
    ["is what is left when the browser gets it: Age is added", "max-age=900", { ttl: 60 }, "max-age=65"],
    ["where the origin says nothing", undefined, { ttl: 60 }, "max-age=65"],
    ["of nothing is over at once", "max-age=900", { ttl: 0 }, "max-age=5"],
    ["in whole seconds", undefined, { ttl: 1.9 }, "max-age=6"],
    ["RFC 9111 1.2.2: capped", undefined, { ttl: 2 ** 31 - 1 }, "max-age=2147483647"],
    ["takes the place of every max-age", "max-age=9, public, MAX-AGE=8", { ttl: 60 }, "max-age=65, public"],
    ["and of a malformed one", "public, max-age=x", { ttl: 60 }, "max-age=65, public"],
    ["default fills in", "public", { defaultTtl: 60 }, "max-age=65, public"],
    ["default gives way to the origin", "max-age=900", { defaultTtl: 60 }, "max-age=900"],
    ["default gives way to an explicit 0", "max-age=0", { defaultTtl: 60 }, "max-age=0"],
    ["default is bounded", undefined, { defaultTtl: 60, maxTtl: 30 }, "max-age=35"],
    ["max bounds what is left", "max-age=900", { maxTtl: 30 }, "max-age=35"],
    ["max leaves what is below it", "max-age=34", { maxTtl: 30 }, "max-age=34"],
    ["max leaves what is over", "max-age=1", { maxTtl: 30 }, "max-age=1"],
    ["max alone gives nothing", "public", { maxTtl: 30 }, "public"],
    ["min raises what is left", "max-age=7", { minTtl: 30 }, "max-age=35"],
    ["min raises what is over", "max-age=1", { minTtl: 30 }, "max-age=35"],
    ["min leaves what is above it", "max-age=900", { minTtl: 30 }, "max-age=900"],
    ["min alone gives nothing", "public", { minTtl: 30 }, "public"],
    ["s-maxage is for others and stays", "s-maxage=900", { defaultTtl: 60 }, "max-age=65, s-maxage=900"],
  ])("%s", (_, cacheControl, policy, expected) => {
    expect(told(cacheControl, policy, AGED)).toBe(expected);
  });
});

describe("the origin's restrictions stay", () => {
  const EVERY: Partial<BrowserPolicy> = { ttl: 60, staleWhileRevalidate: 30, immutable: true };

  it.each<[string, string, string]>([
    ["RFC 9111 5.2.2.5: no-store", "no-store, max-age=9", "no-store, max-age=9"],
    ["RFC 9111 5.2.2.5: in any case", "No-Store", "No-Store"],
    ["RFC 9111 5.2.2.5: within what cannot be read", 'foo="no-store', 'foo="no-store'],
    ["RFC 9111 5.2.2.4: no-cache", "no-cache, max-age=9", "no-cache, max-age=9"],
    ["RFC 9111 5.2.2.4: qualified", 'no-cache="x"', 'no-cache="x"'],
    ["RFC 9111 5.2.2.7: private", "private", "max-age=60, immutable, stale-while-revalidate=30, private"],
    [
      "RFC 9111 5.2.2.2: must-revalidate, and no stale answers",
      "must-revalidate",
      "max-age=60, immutable, must-revalidate",
    ],
    [
      "RFC 9111 5.2.3: what nobody knows",
      'a="b, c", d',
      'max-age=60, immutable, stale-while-revalidate=30, a="b, c", d',
    ],
    [
      "RFC 9111 5.2.2.6: no-transform",
      "no-transform",
      "max-age=60, immutable, stale-while-revalidate=30, no-transform",
    ],
  ])("%s", (_, cacheControl, expected) => {
    expect(told(cacheControl, EVERY)).toBe(expected);
  });

  it("nothing of ours stands behind an unterminated quoted string", () => {
    expect(told('foo="bar', { ttl: 60 })).toBe('max-age=60, foo="bar');
  });

  it.each([302, 304, 403, 500, 503])("RFC 9110 15: status %i is left alone", (status) => {
    expect(told("max-age=9", { ...EVERY, validate: true }, { status })).toBe("max-age=9");
  });

  it.each([200, 203, 204, 301, 308, 404, 410])("RFC 9110 15: status %i may have a lifetime", (status) => {
    expect(told("max-age=9", { ttl: 60 }, { status })).toBe("max-age=60");
  });
});

describe("Expires", () => {
  const dated = (expires: string): HeaderPairs => [
    ["Date", at(-100)],
    ["Expires", expires],
  ];
  const fields = (headers: HeaderPairs): Readonly<Record<string, string>> =>
    Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));

  it.each<[string, HeaderPairs, Partial<BrowserPolicy>, string | undefined]>([
    ["RFC 9111 5.3: gives way to the rule's max-age", dated(at(900)), { ttl: 60 }, "max-age=160"],
    ["RFC 9111 5.3: is the origin's lifetime, counted from Date", dated(at(900)), { maxTtl: 60 }, "max-age=160"],
    ["RFC 9111 5.3: is explicit, so that no default fills in", dated(at(-900)), { defaultTtl: 60 }, undefined],
    ["RFC 9111 5.3: that is no date is explicit too", dated("0"), { defaultTtl: 60 }, undefined],
    ["RFC 9111 5.3: within the bounds it stays", dated(at(10)), { maxTtl: 60 }, undefined],
    ["RFC 9110 6.6.1: without Date it counts from now", [["expires", at(900)]], { maxTtl: 60 }, "max-age=160"],
  ])("%s", (_, headers, policy, expected) => {
    const found = fields(leaving(headers, policy, { ageSeconds: 100 }));
    expect(found["cache-control"]).toBe(expected);
    expect("expires" in found).toBe(expected === undefined);
  });

  it("RFC 9111 5.3: goes where no-cache is written, since it would disagree", () => {
    expect(fields(leaving(dated(at(900)), { validate: true }))).toEqual({
      date: at(-100),
      "cache-control": "no-cache",
    });
  });

  it("stays beside a stale window", () => {
    const found = fields(leaving(dated(at(900)), { staleWhileRevalidate: 30 }));
    expect(found).toMatchObject({ expires: at(900), "cache-control": "stale-while-revalidate=30" });
  });
});

describe("immutable", () => {
  it.each<[string, string | undefined, Partial<BrowserPolicy>, string]>([
    ["RFC 8246 2: with a lifetime", undefined, { ttl: 60 }, "max-age=65, immutable"],
    ["RFC 8246 2: with the origin's", "max-age=900", { defaultTtl: 60 }, "immutable, max-age=900"],
    ["RFC 8246 2: once", "max-age=900, immutable", { defaultTtl: 60 }, "max-age=900, immutable"],
    ["RFC 8246 2: not without a lifetime", "public", {}, "public"],
    ["RFC 8246 2: not where it is over", "max-age=5", { defaultTtl: 60 }, "max-age=5"],
    ["RFC 8246 2: not with a lifetime of nothing", undefined, { ttl: 0 }, "max-age=5"],
  ])("%s", (_, cacheControl, policy, expected) => {
    expect(told(cacheControl, { ...policy, immutable: true }, AGED)).toBe(expected);
  });
});

describe("validate", () => {
  it.each<[string, string | undefined, string]>([
    ["RFC 9111 5.2.2.4: asks each time", undefined, "no-cache"],
    ["in the place of lifetimes", "max-age=900, stale-while-revalidate=5, immutable", "no-cache"],
    [
      "beside everything else",
      "private, s-maxage=9, must-revalidate",
      "no-cache, private, s-maxage=9, must-revalidate",
    ],
    ["once", "no-cache, max-age=9", "no-cache, max-age=9"],
    ["not instead of no-store", "no-store", "no-store"],
  ])("%s", (_, cacheControl, expected) => {
    expect(told(cacheControl, { validate: true })).toBe(expected);
  });
});

describe("a stale window", () => {
  it.each<[string, string | undefined, string]>([
    ["RFC 5861 3: is added", "max-age=900", "stale-while-revalidate=30, max-age=900"],
    [
      "RFC 5861 3: replaces the origin's",
      "max-age=9, stale-while-revalidate=5",
      "stale-while-revalidate=30, max-age=9",
    ],
    ["RFC 5861 3: as it is needs no writing", "stale-while-revalidate=30, a", "stale-while-revalidate=30, a"],
    ["RFC 9111 5.2.2.2: not with must-revalidate", "max-age=9, must-revalidate", "max-age=9, must-revalidate"],
  ])("%s", (_, cacheControl, expected) => {
    expect(told(cacheControl, { staleWhileRevalidate: 30 })).toBe(expected);
  });
});

describe("the header section", () => {
  it("without a policy is the same object", () => {
    const headers: HeaderPairs = [["cache-control", "max-age=9"]];
    expect(forBrowser({ status: 200, headers, ageSeconds: 0, nowMs: NOW }, undefined)).toBe(headers);
    expect(leaving(headers, {})).toBe(headers);
  });

  it("several lines become one; other fields stay as they are", () => {
    const headers: HeaderPairs = [
      ["CACHE-CONTROL", "max-age=9"],
      ["CDN-Cache-Control", "max-age=7"],
      ["Vary", "Accept"],
      ["cache-control", "public"],
    ];
    expect(leaving(headers, { ttl: 60 })).toEqual([
      ["CDN-Cache-Control", "max-age=7"],
      ["Vary", "Accept"],
      ["Cache-Control", "max-age=60, public"],
    ]);
  });

  it("RFC 9213 2: a targeted field is not the browser's, so the default fills in", () => {
    expect(valuesOf(leaving([["cdn-cache-control", "max-age=900"]], { defaultTtl: 60 }), "cache-control")).toEqual([
      "max-age=60",
    ]);
  });
});

describe("for every response", () => {
  const seconds = fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined });
  const policy: fc.Arbitrary<BrowserPolicy> = fc.record({
    ttl: seconds,
    defaultTtl: seconds,
    minTtl: fc.constantFrom(undefined, 0, 10),
    maxTtl: fc.constantFrom(undefined, 20, 50),
    staleWhileRevalidate: seconds,
    immutable: fc.boolean(),
    validate: fc.boolean(),
  });
  const directive = fc.constantFrom(
    "max-age=30",
    "max-age=0",
    "no-store",
    "no-cache",
    "private",
    "must-revalidate",
    "public",
    "s-maxage=9",
    "immutable",
    "stale-while-revalidate=5",
    'x="a, b"',
    '"',
    "max-age",
    "",
  );
  const cacheControl = fc.oneof(
    fc.array(directive, { maxLength: 5 }).map((directives) => directives.join(", ")),
    fc.string({ unit: "binary" }),
  );
  const ageSeconds = fc.integer({ min: 0, max: 60 });

  it("doing it twice is doing it once, and nothing throws", () => {
    fc.assert(
      fc.property(cacheControl, policy, ageSeconds, (text, rule, age) => {
        const once = leaving([["cache-control", text]], rule, { ageSeconds: age });
        expect(leaving(once, rule, { ageSeconds: age })).toEqual(once);
      }),
    );
  });

  it("restrictions stay", () => {
    fc.assert(
      fc.property(fc.array(directive, { maxLength: 5 }), policy, (directives, rule) => {
        const restrictions = directives.filter((one) => /^(?:no-store|no-cache|private|must-revalidate)$/.test(one));
        const text = told(directives.join(", "), rule);
        for (const restriction of restrictions) expect(text).toContain(restriction);
      }),
    );
  });

  it("a number is exactly what the browser has left", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(undefined, "public", "max-age=30", "private"),
        fc.nat(1000),
        ageSeconds,
        (text, ttl, age) => {
          const [, maxAge] = /max-age=(\d+)/.exec(told(text, { ttl }, { ageSeconds: age })) ?? [];
          expect(Number(maxAge) - age).toBe(ttl);
        },
      ),
    );
  });
});
