// Owns the proof that a configuration is checked as a whole and completed with defaults.
import { describe, expect, it } from "vitest";
import { SiteError } from "../../src/error.ts";
import { defineSite, type Rule, type SiteInput, withOrigin } from "../../src/policy/define.ts";
import { ruleFor } from "../../src/policy/match.ts";
import { TRACKING_PARAMETERS } from "../../src/policy/tracking-parameters.ts";

function problems(input: unknown): readonly string[] {
  try {
    defineSite(input as SiteInput);
  } catch (error) {
    if (error instanceof SiteError) return error.problems;
    throw error;
  }
  return [];
}

describe("an empty site", () => {
  it("is safe: nothing shared, nothing invented, purges obeyed within a second", () => {
    const site = defineSite({});
    expect(site.rules).toEqual([]);
    expect(site.maxLagMs).toBe(1000);
    expect(site.memory).toEqual({ bytes: 32 * 2 ** 20, bodyBytes: 2 ** 20 });
    expect(site.global).toEqual({ minTtlSeconds: 300 });
    expect(site.serverTiming).toBe(false);
    expect(site.defaultRule).toMatchObject({
      name: "(default)",
      bypass: false,
      honourClient: true,
      sharedRoute: false,
      ttl: undefined,
      defaultTtl: undefined,
      minTtl: undefined,
      maxTtl: undefined,
      staleWhileRevalidate: undefined,
      staleIfError: undefined,
      purgesEverywhere: false,
      maxLagMs: 1000,
      onUnknown: "revalidate",
      global: true,
      byStatus: new Map(),
      query: undefined,
      vary: undefined,
      maxVariants: 16,
      browser: undefined,
      etag: true,
      stripSetCookie: false,
      deceptionGuard: true,
    });
    expect(site.defaultRule.tagsOf("/")).toEqual([]);
  });
});

describe("a rule", () => {
  it("is completed", () => {
    const site = defineSite({
      purge: { maxLag: 2, onUnknown: "serve" },
      rules: [
        {
          match: "/a/*",
          edge: { ttl: 5, swr: 6, sie: 7 },
          auth: "shared",
          tags: ["t"],
          client: "ignore",
          global: false,
        },
        { match: "/b", edge: { ttl: { min: 1, default: 2, max: 3 } }, purge: { maxLag: 0, onUnknown: "revalidate" } },
        { match: "/c", bypass: true },
      ],
    });
    expect(site.rules).toMatchObject([
      {
        name: "/a/*",
        ttl: 5,
        staleWhileRevalidate: 6,
        staleIfError: 7,
        sharedRoute: true,
        honourClient: false,
        global: false,
        maxLagMs: 2000,
        onUnknown: "serve",
      },
      { ttl: undefined, minTtl: 1, defaultTtl: 2, maxTtl: 3, maxLagMs: 0, onUnknown: "revalidate", honourClient: true },
      { bypass: true },
    ]);
  });

  it("has a version that changes with its wording and with who counts as authenticated", () => {
    const version = (input: SiteInput): string | undefined => defineSite(input).rules[0]?.version;
    const plain = version({ rules: [{ match: "/a" }] });
    expect(version({ rules: [{ match: "/a" }] })).toBe(plain);
    expect(version({ rules: [{ match: "/a" }, { match: "/b" }] })).toBe(plain);
    expect(version({ rules: [{ match: "/b" }] })).not.toBe(plain);
    expect(version({ rules: [{ match: "/a", edge: { ttl: 1 } }] })).not.toBe(plain);
    expect(version({ rules: [{ match: "/a", auth: "shared" }] })).not.toBe(plain);
    expect(version({ session: { cookies: ["x"] }, rules: [{ match: "/a" }] })).not.toBe(plain);
    const cookies = (list: string[]) => version({ session: { cookies: list }, rules: [{ match: "/a" }] });
    expect(cookies(["x", "y"])).toBe(cookies(["y", "x"]));
    // members in another order are the same wording
    const [a, b] = [
      { match: "/a", edge: { ttl: 1, swr: 2 } },
      { edge: { swr: 2, ttl: 1 }, match: "/a" },
    ];
    expect(version({ rules: [a] })).toBe(version({ rules: [b] }));
  });
});

/** The rule that these options make. */
function ruleOf(options: Omit<NonNullable<SiteInput["rules"]>[number], "match">): Rule {
  return ruleFor(defineSite({ rules: [{ match: "/*", ...options }] }), "/");
}

describe("a rule's options", () => {
  it("status lifetimes: a number replaces, an object bounds and fills in", () => {
    const none = { ttl: undefined, defaultTtl: undefined, minTtl: undefined, maxTtl: undefined };
    expect(ruleOf({ edge: { status: { 404: 60, "5xx": { default: 5, max: 30 } } } }).byStatus).toEqual(
      new Map([
        ["404", { ...none, ttl: 60 }],
        ["5xx", { ...none, defaultTtl: 5, maxTtl: 30 }],
      ]),
    );
  });

  it("query: allowed, denied, sorted", () => {
    const allow = ruleOf({ query: { allow: ["a", "f-*"] } }).query;
    expect(["a", "f-1", "b", "A"].map((name) => allow?.keeps(name))).toEqual([true, true, false, false]);
    const deny = ruleOf({ query: { deny: TRACKING_PARAMETERS, sort: true } }).query;
    expect(["id", "utm_source", "gclid"].map((name) => deny?.keeps(name))).toEqual([true, false, false]);
    expect([allow?.sort, deny?.sort]).toEqual([false, true]);
    expect(ruleOf({ query: { allow: [] } }).query?.keeps("a")).toBe(false);
    expect(ruleOf({ query: { sort: true } }).query?.keeps("a")).toBe(true);
    for (const query of [{}, { sort: false }]) expect(ruleOf({ query }).query).toBeUndefined();
  });

  it("vary: every field a rule declares", () => {
    const { vary, maxVariants } = ruleOf({
      vary: {
        languages: ["en", "pt-BR"],
        media: ["image/AVIF"],
        encodings: ["zstd", "br"],
        device: true,
        cookies: ["theme", "ab-*"],
        headers: { "X-Tier": ["Gold", "silver"] },
        max: 4,
      },
    });
    expect(vary).toMatchObject({
      languages: ["en", "pt-BR"],
      media: ["image/avif"],
      encodings: ["zstd", "br"],
      device: true,
      headers: new Map([["x-tier", ["Gold", "silver"]]]),
    });
    expect(["theme", "ab-1", "sid", "Theme"].map((name) => vary?.cookies?.(name))).toEqual([true, true, false, false]);
    expect(maxVariants).toBe(4);
  });

  it("vary with nothing but a number of variants declares nothing", () => {
    expect(ruleOf({ vary: { max: 256 } })).toMatchObject({ vary: undefined, maxVariants: 256 });
  });

  it("browser: lifetimes, and whether Strata makes validators", () => {
    const none = { ttl: undefined, defaultTtl: undefined, minTtl: undefined, maxTtl: undefined };
    const plain = { ...none, staleWhileRevalidate: undefined, immutable: false, validate: false };
    expect(ruleOf({ browser: { ttl: 60, swr: 5, immutable: true } }).browser).toEqual({
      ...plain,
      ttl: 60,
      staleWhileRevalidate: 5,
      immutable: true,
    });
    expect(ruleOf({ browser: { ttl: { min: 1, default: 2, max: 3 } } }).browser).toEqual({
      ...plain,
      minTtl: 1,
      defaultTtl: 2,
      maxTtl: 3,
    });
    expect(ruleOf({ browser: { validate: true } }).browser).toEqual({ ...plain, validate: true });
    expect(ruleOf({ browser: { etag: false } })).toMatchObject({ browser: undefined, etag: false });
    expect(ruleOf({ browser: {} })).toMatchObject({ browser: undefined, etag: true });
  });

  it("cookies of responses, and the deception guard", () => {
    expect(ruleOf({ setCookie: "strip", guard: false })).toMatchObject({ stripSetCookie: true, deceptionGuard: false });
    expect(ruleOf({ guard: true }).deceptionGuard).toBe(true);
  });

  it("how the origin is waited for, and when it rests: the rule's before the site's before the defaults", () => {
    const none = { share: 0.5, requests: 50, windowSeconds: 10, restSeconds: 5 };
    const of = (site: SiteInput["origin"], rule: SiteInput["origin"]): Rule =>
      ruleFor(defineSite({ origin: site, rules: [{ match: "/*", origin: rule }] }), "/");
    expect(of(undefined, undefined)).toMatchObject({ deadlineMs: 30_000, patienceMs: 2000, breaker: none });
    expect(of({ deadline: 9, patience: 1 }, { patience: 3 })).toMatchObject({ deadlineMs: 9000, patienceMs: 3000 });
    expect(of({ breaker: { share: 1, rest: 9 } }, { breaker: { rest: 7, requests: 3, window: 60 } }).breaker).toEqual({
      share: 1,
      requests: 3,
      windowSeconds: 60,
      restSeconds: 7,
    });
    expect(of({ breaker: { rest: 9 } }, undefined).breaker).toEqual({ ...none, restSeconds: 9 });
    expect(of({ breaker: false }, undefined).breaker).toBeUndefined();
    expect(of({ breaker: { rest: 9 } }, { breaker: false }).breaker).toBeUndefined();
    expect(of({ breaker: false }, { breaker: {} }).breaker).toEqual(none);
    expect(defineSite({ origin: { breaker: false, deadline: 7 } }).defaultRule).toMatchObject({
      breaker: undefined,
      deadlineMs: 7000,
    });
  });

  it("codings that text leaves in", () => {
    expect(ruleOf({}).compress).toEqual(["br", "zstd", "gzip"]);
    expect(ruleOf({ compress: ["gzip", "br"] }).compress).toEqual(["gzip", "br"]);
    expect(ruleOf({ compress: false }).compress).toEqual([]);
  });

  it.each<[string, Parameters<typeof ruleOf>[0]]>([
    ["how answers are encoded", { compress: ["gzip"] }],
    ["what browsers are told", { browser: { ttl: 60, swr: 1, immutable: true } }],
    ["how purges are read", { purge: { maxLag: 9, onUnknown: "serve" } }],
    ["how many variants are kept", { vary: { max: 3 } }],
    ["who waits for whom", { collapse: "global" }],
    ["how the origin is asked", { origin: { deadline: 1, patience: 1, breaker: { rest: 9 } } }],
  ])("the version does not change with %s: no stored byte does", (_, options) => {
    expect(ruleOf(options).version).toBe(ruleOf({}).version);
  });

  it("the version changes with everything that shapes what is stored", () => {
    const options: readonly Parameters<typeof ruleOf>[0][] = [
      {},
      { edge: { status: { 404: 1 } } },
      { edge: { status: { 404: 2 } } },
      { edge: { status: { "4xx": 1 } } },
      { query: { allow: ["a"] } },
      { query: { deny: ["a"] } },
      { query: { deny: ["a"], sort: true } },
      { vary: { languages: ["en", "de"] } },
      { vary: { languages: ["de", "en"] } },
      { vary: { media: ["image/avif"] } },
      { vary: { encodings: ["br"] } },
      { vary: { device: true } },
      { vary: { cookies: ["a"] } },
      { vary: { headers: { "x-a": ["a"] } } },
      { vary: { headers: { "x-a": ["b"] } } },
      { browser: { etag: false } },
      { setCookie: "strip" },
      { guard: false },
      { auth: "shared" },
      { client: "ignore" },
      { tags: ["a"] },
      { global: false },
    ];
    const versions = options.map((one) => ruleOf(one).version);
    expect(new Set(versions).size).toBe(options.length);
  });
});

describe("session cookies", () => {
  it.each([
    ["x", true],
    ["X", true],
    ["xy", false],
    ["pre-1", true],
    ["pre-", true],
    ["PRE-a.b", true],
    ["apre-1", false],
    ["a.b", true],
    ["aXb", false],
    ["sid", false],
    ["", false],
  ])("only the site's list: %j is one: %s", (name, verdict) => {
    const { naming } = defineSite({ session: { cookies: { only: ["x", "pre-*", "a.b"] } } }).defaultRule;
    expect(naming.cookieGroupOf(name, "1") === "session").toBe(verdict);
  });

  it("an empty list and no other means none", () => {
    const { naming } = defineSite({ session: { cookies: { only: [] } } }).defaultRule;
    expect(naming.cookieGroupOf("sid", "1")).toBe("unknown");
  });

  it("a list adds to the known names", () => {
    const { naming } = defineSite({ session: { cookies: ["mine"] } }).defaultRule;
    expect(["mine", "sid", "other"].map((name) => naming.cookieGroupOf(name, "1"))).toEqual([
      "session",
      "session",
      "unknown",
    ]);
  });
});

const RULE_PROBLEMS: readonly (readonly [string, object, string])[] = [
  ["a breaker that is true", { origin: { breaker: true } }, "origin.breaker: must be false or { share, requests"],
  ["a breaker's share of nothing", { origin: { breaker: { share: 0 } } }, "origin.breaker.share: must be above 0"],
  ["a breaker's share of too much", { origin: { breaker: { share: 50 } } }, "origin.breaker.share: must be at most 1"],
  ["half a request", { origin: { breaker: { requests: 0.5 } } }, "origin.breaker.requests: must be a whole number"],
  ["a breaker of no request", { origin: { breaker: { requests: 0 } } }, "origin.breaker.requests: must be at least 1"],
  ["a window of an hour", { origin: { breaker: { window: 3600 } } }, "origin.breaker.window: must be at most 60"],
  ["a rest of nothing", { origin: { breaker: { rest: 0 } } }, "origin.breaker.rest: must be at least 1 second"],
  ["a breaker's unknown member", { origin: { breaker: { rests: 1 } } }, "origin.breaker.rests: unknown option"],
  ["a status that is none", { edge: { status: { "99": 1 } } }, "edge.status.99: its key must be a status or a class"],
  ["an interim status", { edge: { status: { "103": 1 } } }, "edge.status.103: its key must be"],
  ["a class of interim statuses", { edge: { status: { "1xx": 1 } } }, "edge.status.1xx: its key must be"],
  ["a status that is never stored", { edge: { status: { "416": 1 } } }, "edge.status.416: its key must be"],
  ["an interim status", { edge: { status: { "103": 1 } } }, "edge.status.103: its key must be"],
  ["a part's status", { edge: { status: { "206": 1 } } }, "edge.status.206: its key must be"],
  ["a validation's status", { edge: { status: { "304": 1 } } }, "edge.status.304: its key must be"],
  ["a status of four digits", { edge: { status: { "4040": 1 } } }, "edge.status.4040: its key must be"],
  ["a status lifetime below nothing", { edge: { status: { "404": -1 } } }, "edge.status.404: must not be negative"],
  ["its bounds crossed", { edge: { status: { "5xx": { min: 2, max: 1 } } } }, "edge.status.5xx: min must not be"],
  ["text for it", { edge: { status: { "404": "1" } } }, "edge.status.404: must be a number of seconds"],
  ["an allow list beside a deny list", { query: { allow: ["a"], deny: ["b"] } }, "query.deny: must not stand beside"],
  ["an empty parameter name", { query: { allow: ["a", ""] } }, "query.allow[1]: must not be empty"],
  ["a parameter with its value", { query: { deny: ["a=1"] } }, "query.deny[0]: must be the name of a parameter"],
  ["a word for a list", { query: { deny: "a" } }, "query.deny: must be a list"],
  ["a word for sort", { query: { sort: "yes" } }, "query.sort: must be true or false"],
  ["no languages", { vary: { languages: [] } }, "vary.languages: must not be empty"],
  ["a language twice", { vary: { languages: ["en-GB", "EN-gb"] } }, "vary.languages[1]: is there twice"],
  ["a language with an underscore", { vary: { languages: ["en_GB"] } }, "vary.languages[0]: must be a language tag"],
  ["a language range", { vary: { languages: ["en-*"] } }, "vary.languages[0]: must be a language tag"],
  ["no language at all", { vary: { languages: [""] } }, "vary.languages[0]: must be a language tag"],
  ["a number for a language", { vary: { languages: ["en", 1] } }, "vary.languages[1]: must be a language tag"],
  ["a media range", { vary: { media: ["image/*"] } }, "vary.media[0]: must be a media type"],
  ["a media type with a parameter", { vary: { media: ["a/b;c=d"] } }, "vary.media[0]: must be a media type"],
  ["a media type twice", { vary: { media: ["a/b", "A/B"] } }, "vary.media[1]: is there twice"],
  ["an unknown coding", { vary: { encodings: ["deflate"] } }, 'vary.encodings[0]: must be "br", "zstd" or "gzip"'],
  ["identity, which is always there", { vary: { encodings: ["identity"] } }, "vary.encodings[0]: must be"],
  ["a coding twice", { vary: { encodings: ["br", "gzip", "br"] } }, "vary.encodings[2]: is there twice"],
  ["a device of no use", { vary: { device: false } }, "vary.device: must be true or absent"],
  ["every cookie", { vary: { cookies: ["*"] } }, "vary.cookies[0]: must name a cookie"],
  ["every cookie, again", { vary: { cookies: ["**"] } }, "vary.cookies[0]: must name a cookie"],
  ["a cookie that is no name", { vary: { cookies: ["a=b"] } }, "vary.cookies[0]: must be a cookie name"],
  ["no headers", { vary: { headers: {} } }, "vary.headers: must not be empty"],
  ["a header without values", { vary: { headers: { "x-a": [] } } }, "vary.headers.x-a: must not be empty"],
  ["a value twice", { vary: { headers: { "x-a": ["a", "A"] } } }, "vary.headers.x-a[1]: is there twice"],
  ["an empty value", { vary: { headers: { "x-a": [""] } } }, "vary.headers.x-a[0]: must be visible characters"],
  ["a value with a line feed", { vary: { headers: { "x-a": ["a\nb"] } } }, "vary.headers.x-a[0]: must be visible"],
  ["a value with white space around it", { vary: { headers: { "x-a": [" a"] } } }, "vary.headers.x-a[0]: must be"],
  ["a header that is no name", { vary: { headers: { "x a": ["a"] } } }, "vary.headers.x a: its key must be"],
  [
    "a header twice",
    { vary: { headers: { "x-a": ["a"], "X-A": ["b"] } } },
    "vary.headers: must not name a header twice",
  ],
  ["no variant", { vary: { max: 0 } }, "vary.max: must be at least 1"],
  ["too many variants", { vary: { max: 257 } }, "vary.max: must be at most 256"],
  ["half a variant", { vary: { max: 1.5 } }, "vary.max: must be a whole number"],
  ["a lifetime to ask each time for", { browser: { ttl: 1, validate: true } }, "browser.validate: asks each time"],
  ["a window to ask each time for", { browser: { swr: 1, validate: true } }, "browser.validate: asks each time"],
  ["what never changes but is asked for", { browser: { immutable: true, validate: true } }, "browser.validate: asks"],
  ["immutable for how long?", { browser: { immutable: true } }, "browser.immutable: needs a ttl"],
  ["immutable within bounds only", { browser: { immutable: true, ttl: { max: 9 } } }, "browser.immutable: needs a ttl"],
  [
    "a browser lifetime below nothing",
    { browser: { ttl: { default: -1 } } },
    "browser.ttl.default: must not be negative",
  ],
  ["an unknown browser option", { browser: { sie: 1 } }, "browser.sie: unknown option"],
  ["another wish for cookies", { setCookie: "keep" }, 'setCookie: must be "strip" or absent'],
  ["no word for compression", { compress: true }, 'compress: must be false or a list of "br", "zstd", "gzip"'],
  ["compression by nothing", { compress: [] }, "compress: must not be empty"],
  ["an unknown coding", { compress: ["lzma"] }, 'compress[0]: must be "br", "zstd" or "gzip"'],
  ["a coding twice", { compress: ["br", "br"] }, "compress[1]: is there twice"],
  ["a word for the guard", { guard: "off" }, "guard: must be true or false"],
];

describe("problems", () => {
  it.each<[string, unknown, string]>([
    ["not an object", "x", "(site): must be Object"],
    ["nothing at all", null, "(site): must be Object"],
    ["an unknown option", { rulez: [] }, "rulez: unknown option"],
    ["an unknown option of a rule", { rules: [{ match: "/", tll: 1 }] }, "rules[0].tll: unknown option"],
    ["an unknown option inside", { rules: [{ match: "/", edge: { tll: 1 } }] }, "rules[0].edge.tll: unknown option"],
    ["a missing pattern", { rules: [{ match: "/" }, {}] }, "rules[1].match: is missing"],
    ["a pattern that is no path", { rules: [{ match: "a" }] }, 'rules[0].match: must start with "/" (got "a")'],
    ["a pattern with a query", { rules: [{ match: "/a?b" }] }, "rules[0].match: must not contain a query"],
    ["a negative lifetime", { rules: [{ match: "/", edge: { ttl: -1 } }] }, "rules[0].edge.ttl: "],
    ["text for a lifetime", { rules: [{ match: "/", edge: { ttl: "60" } }] }, "rules[0].edge.ttl: "],
    ["no number", { rules: [{ match: "/", edge: { swr: Number.NaN } }] }, "rules[0].edge.swr: "],
    ["endless", { rules: [{ match: "/", edge: { sie: Infinity } }] }, "rules[0].edge.sie: "],
    ["2^31 seconds", { rules: [{ match: "/", edge: { swr: 2 ** 31 } }] }, "rules[0].edge.swr: must be at most"],
    ["a bound that is negative", { rules: [{ match: "/", edge: { ttl: { min: -1 } } }] }, "rules[0].edge.ttl.min: "],
    ["min over max", { rules: [{ match: "/", edge: { ttl: { min: 2, max: 1 } } }] }, "rules[0].edge.ttl: "],
    ["an unknown bound", { rules: [{ match: "/", edge: { ttl: { mn: 1 } } }] }, "rules[0].edge.ttl.mn: unknown option"],
    ["a word for auth", { rules: [{ match: "/", auth: "public" }] }, 'rules[0].auth: must be "shared"'],
    ["a tag with a comma", { rules: [{ match: "/", tags: ["a,b"] }] }, "rules[0].tags[0]: must not contain"],
    ["a tag with a space", { rules: [{ match: "/", tags: ["a", "a b"] }] }, "rules[0].tags[1]: must not contain"],
    ["a tag with a control character", { rules: [{ match: "/", tags: ["a\u0001"] }] }, "rules[0].tags[0]: must not"],
    ["half a character", { rules: [{ match: "/", tags: ["\ud800"] }] }, "rules[0].tags[0]: must not"],
    ["an empty tag", { rules: [{ match: "/", tags: [""] }] }, "rules[0].tags[0]: must not be empty"],
    ["a long tag", { rules: [{ match: "/", tags: ["x".repeat(1025)] }] }, "rules[0].tags[0]: must be at most 1024"],
    [
      "too many tags",
      { rules: [{ match: "/", tags: Array.from({ length: 101 }, String) }] },
      "rules[0].tags: must hold",
    ],
    ["a lag over a minute", { purge: { maxLag: 61 } }, "purge.maxLag: must be at most 60 seconds"],
    ["a lag below nothing", { rules: [{ match: "/", purge: { maxLag: -1 } }] }, "rules[0].purge.maxLag: "],
    ["an unknown word", { purge: { onUnknown: "ignore" } }, "purge.onUnknown: must be"],
    ["a cookie that is no name", { session: { cookies: ["a b"] } }, "session.cookies[0]: must be a cookie name"],
    ["a cookie without a name", { session: { cookies: [""] } }, "session.cookies[0]: must be a cookie name"],
    ["a list that is text", { session: { harmless: "a" } }, "session.harmless: must be a list of names"],
    ["a list beside only", { session: { cookies: { only: ["a"], more: [] } } }, "session.cookies.more: unknown option"],
    ["a field that is no name", { fields: { drop: ["a b"] } }, "fields.drop[0]: must be the name of a field"],
    ["all fields", { fields: { plain: ["*"] } }, "fields.plain[0]: must name something"],
    ["a word for unknown fields", { fields: { unknown: "refuse" } }, 'fields.unknown: must be "shared" or "unshared"'],
    [
      "more memory than there is",
      { tiers: { memory: { bytes: 97 * 2 ** 20 } } },
      "tiers.memory.bytes: must leave room",
    ],
    ["half a byte", { tiers: { memory: { bodyBytes: 0.5 } } }, "tiers.memory.bodyBytes: must be a whole number"],
    ["less than KV keeps", { tiers: { global: { minTtl: 59 } } }, "tiers.global.minTtl: must be at least 60"],
    ["a word for serverTiming", { serverTiming: "on" }, "serverTiming: must be true or false"],
    ["a number for a flag", { rules: [{ match: "/", bypass: 1 }] }, "rules[0].bypass: must be true or false"],
    ...RULE_PROBLEMS.map(([what, options, problem]): [string, unknown, string] => [
      what,
      { rules: [{ match: "/", ...options }] },
      `rules[0].${problem}`,
    ]),
  ])("%s", (_, input, problem) => {
    const found = problems(input);
    const place = problem.slice(0, problem.indexOf(": "));
    expect(found[0]?.startsWith(problem), found[0]).toBe(true);
    for (const line of found) expect(line.startsWith(place), line).toBe(true);
  });

  it.each([
    ["Accept-Language", "vary.languages"],
    ["accept", "vary.media"],
    ["accept-encoding", "vary.encodings"],
    ["user-agent", "vary.device"],
    ["COOKIE", "vary.cookies"],
  ])("a header with an option of its own is sent there: %s", (name, option) => {
    expect(problems({ rules: [{ match: "/", vary: { headers: { [name]: ["a"] } } }] })).toEqual([
      `rules[0].vary.headers.${name}: has an option of its own: ${option} (got "${name}")`,
    ]);
  });

  it.each(
    (
      "authorization host range if-range if-none-match if-modified-since if-match connection te upgrade transfer-encoding " +
      "proxy-authorization x-forwarded-for X-Forwarded-Host forwarded x_original_url cache-control Pragma x-request-id traceparent Tracestate"
    ).split(" "),
  )("a header that may not choose an answer: %s", (name) => {
    const found = problems({ rules: [{ match: "/", vary: { headers: { [name]: ["a"] } } }] });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`rules[0].vary.headers.${name}: must be a header`);
  });

  it("are all named at once", () => {
    const found = problems({
      purge: { maxLag: 99 },
      rules: [{ match: "x" }, { match: "/", edge: { swr: -1, sie: -1 } }],
      typo: 1,
    });
    expect(found.map((line) => line.slice(0, line.indexOf(":"))).sort()).toEqual([
      "purge.maxLag",
      "rules[0].match",
      "rules[1].edge.sie",
      "rules[1].edge.swr",
      "typo",
    ]);
  });

  it.each<[string, unknown]>([
    ["a BigInt", { rules: [{ match: "/", edge: { swr: 10n } }] }],
    ["a function", { rules: [{ match: "/", edge: { swr: () => 1 } }] }],
    ["a symbol", { rules: [{ match: "/", edge: { swr: Symbol("x") } }] }],
    ["a loop", { rules: [{ match: "/", edge: { swr: loop() } }] }],
  ])("are named even where %s stands", (_, input) => {
    expect(problems(input)).toHaveLength(1);
  });

  it("show what was found, shortened", () => {
    expect(problems({ rules: [{ match: "x".repeat(500) }] })[0]?.length).toBeLessThan(200);
  });
});

describe("how long the origin is waited for", () => {
  it("has defaults, and the rule's own in milliseconds", () => {
    const site = defineSite({ rules: [{ match: "/*", origin: { deadline: 5, patience: 0.5 } }] });
    expect(site.rules[0]).toMatchObject({ deadlineMs: 5000, patienceMs: 500 });
    expect(site.defaultRule).toMatchObject({ deadlineMs: 30_000, patienceMs: 2000 });
  });

  it.each([
    [{ deadline: 0 }, "rules[0].origin.deadline: must be at least 0.1 seconds"],
    [{ deadline: 301 }, "rules[0].origin.deadline: must be at most 300 seconds"],
    [{ patience: -1 }, "rules[0].origin.patience: must not be negative"],
    [{ retries: 3 }, "rules[0].origin.retries: unknown option"],
  ])("not %j", (origin, problem) => {
    expect(problems({ rules: [{ match: "/*", origin }] })).toEqual([expect.stringContaining(problem)]);
  });

  it("leaves the cache warm", () => {
    const version = (origin: object) => defineSite({ rules: [{ match: "/*", origin }] }).rules[0]?.version;
    expect(version({ patience: 1 })).toBe(version({}));
    expect(version({})).toBe(defineSite({ rules: [{ match: "/*" }] }).rules[0]?.version);
  });
});

describe("origins", () => {
  it.each(["https://o.example", "http://o.example:8080/", "http://127.0.0.1:3000", "https://[::1]:1"])("%s", (url) => {
    expect(defineSite({ origins: { "*": url } }).origins.get("*")).toEqual({ kind: "url", url: new URL(url) });
  });

  it.each([
    ["no URL", "o.example"],
    ["a path", "https://o.example/a"],
    ["a query", "https://o.example/?a"],
    ["a fragment", "https://o.example/#a"],
    ["userinfo", "https://user@o.example"],
    ["a password", "https://:pw@o.example"],
    ["another scheme", "ftp://o.example"],
    ["a script", "javascript:alert(1)"],
    ["a file", "file:///etc/passwd"],
  ])("not %s", (_, url) => {
    expect(problems({ origins: { "*": url } })).toHaveLength(1);
    expect(() => withOrigin(defineSite({}), url)).toThrow(SiteError);
  });

  it.each([
    "Shop.example",
    "https://shop.example",
    "shop.example/",
    "*.example",
    "a b",
    // as no request has it
    "shop.example.",
    "shop.example.:8443",
  ])("%j is no host", (host) => {
    expect(problems({ origins: { [host]: "https://o.example" } })).toHaveLength(1);
  });

  it("a service binding, by its name", () => {
    const site = defineSite({ origins: { "api.example": { service: "API" }, "*": "https://o.example" } });
    expect(site.origins.get("api.example")).toEqual({ kind: "service", binding: "API" });
  });

  it.each([
    [{ service: "" }, "origins.api.example.service: must be the name of a service binding"],
    [{ service: "a b" }, "origins.api.example.service: must be the name of a service binding"],
    [{ service: 1 }, "origins.api.example.service: must be the name of a binding"],
    [{}, "origins.api.example.service: is missing"],
    [{ service: "A", url: "x" }, "origins.api.example.url: unknown option"],
    [1, 'origins.api.example: must be a URL or { service: "BINDING" }'],
  ])("not %j", (input, problem) => {
    expect(problems({ origins: { "api.example": input } })).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[string, Record<string, string>, readonly string[]]>([
    ["its own host", { "shop.example": "https://shop.example" }, ["shop.example"]],
    ["its own host over http", { "shop.example": "http://SHOP.example/" }, ["shop.example"]],
    ["its own host, complete", { "shop.example": "https://shop.example." }, ["shop.example"]],
    ["its own host and port", { "shop.example:8443": "https://shop.example:8443" }, ["shop.example:8443"]],
    ["every host's", { "*": "https://shop.example", "shop.example": "https://o.example" }, ["*"]],
    ["another public host", { "a.example": "https://b.example", "b.example": "https://o.example" }, ["a.example"]],
    ["each other", { "a.example": "https://b.example", "b.example": "https://a.example" }, ["a.example", "b.example"]],
  ])("not one that leads back to the edge: %s", (_, origins, hosts) => {
    expect(problems({ origins })).toEqual(
      hosts.map((host) => expect.stringContaining(`origins.${host}: leads back to the edge`)),
    );
  });

  it.each<[string, Record<string, string>]>([
    ["another port", { "shop.example": "https://shop.example:8443" }],
    ["a host below it", { "shop.example": "https://origin.shop.example" }],
    ["every host's, where no public host is named", { "*": "https://shop.example" }],
  ])("one on %s", (_, origins) => {
    expect([...defineSite({ origins }).origins.keys()]).toEqual(Object.keys(origins));
  });

  it("nor for every host, but for an edge that answers for none of the site's", () => {
    const site = defineSite({ origins: { "shop.example": "https://o.example" } });
    expect(() => withOrigin(site, "https://shop.example")).toThrow("STRATA_ORIGIN: leads back to the edge");
    expect([...withOrigin(site, "https://shop.example", []).origins.keys()]).toEqual(["*"]);
  });

  it("one for every host replaces the site's, for local use", () => {
    const site = defineSite({ origins: { "shop.example": "https://o.example" } });
    expect([...withOrigin(site, "http://localhost:1").origins.keys()]).toEqual(["*"]);
    expect(withOrigin(site, undefined)).toBe(site);
  });
});

function loop(): unknown {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
}
