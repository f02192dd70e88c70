// Owns the proof that a configuration is checked as a whole and completed with defaults.
import { describe, expect, it } from "vitest";
import { SiteError } from "../../src/error.ts";
import { defineSite, type SiteInput, withOrigin } from "../../src/policy/define.ts";

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
      tags: [],
      maxLagMs: 1000,
      onUnknown: "revalidate",
      global: true,
    });
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
        tags: ["t"],
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
  ])("the site's list replaces the default: %j is one: %s", (name, verdict) => {
    expect(defineSite({ session: { cookies: ["x", "pre-*", "a.b"] } }).isSessionCookie(name)).toBe(verdict);
  });

  it("an empty list means none", () => {
    const { isSessionCookie } = defineSite({ session: { cookies: [] } });
    expect(isSessionCookie("sid") || isSessionCookie("")).toBe(false);
  });
});

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
    ["a session without a list", { session: {} }, "session.cookies: is missing"],
    [
      "more memory than there is",
      { tiers: { memory: { bytes: 97 * 2 ** 20 } } },
      "tiers.memory.bytes: must leave room",
    ],
    ["half a byte", { tiers: { memory: { bodyBytes: 0.5 } } }, "tiers.memory.bodyBytes: must be a whole number"],
    ["less than KV keeps", { tiers: { global: { minTtl: 59 } } }, "tiers.global.minTtl: must be at least 60"],
    ["a number for a flag", { rules: [{ match: "/", bypass: 1 }] }, "rules[0].bypass: must be true or false"],
  ])("%s", (_, input, problem) => {
    const found = problems(input);
    const place = problem.slice(0, problem.indexOf(": "));
    expect(found[0]?.startsWith(problem), found[0]).toBe(true);
    for (const line of found) expect(line.startsWith(place), line).toBe(true);
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

describe("origins", () => {
  it.each(["https://o.example", "http://o.example:8080/", "http://127.0.0.1:3000", "https://[::1]:1"])("%s", (url) => {
    expect(defineSite({ origins: { "*": url } }).origins.get("*")?.href).toBe(new URL(url).href);
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

  it.each(["Shop.example", "https://shop.example", "shop.example/", "*.example", "a b"])("%j is no host", (host) => {
    expect(problems({ origins: { [host]: "https://o.example" } })).toHaveLength(1);
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
