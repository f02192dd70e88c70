// Owns the proof that only configured, current tokens open the admin paths, that a missing or default one opens nothing, and that a
// configuration with a mistake opens nothing by halves.
import { afterEach, describe, expect, it, vi } from "vitest";
import { bearerToken, DEVELOPMENT_TOKEN, tokenProblems, tokensOf } from "../../src/auth/tokens.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("one token", () => {
  const judge = (presented: string | undefined, token: string | undefined, isDevelopment = false) =>
    tokensOf({ token, named: undefined, isDevelopment })(presented, NOW);

  it("lets its owner in, who may do everything", async () => {
    expect(await judge("secret", "secret")).toMatchObject({ name: "token", actions: ["purge", "everything", "read"] });
  });

  it.each([undefined, "", "secre", "secrets", "SECRET", "undefined", "null", "x".repeat(100_000)])(
    "keeps %j out",
    async (presented) => {
      expect(await judge(presented, "secret")).toBe("denied");
    },
  );

  it.each([undefined, ""])("is closed to all when it is %j, also to one that presents it", async (token) => {
    for (const development of [true, false]) {
      for (const presented of [undefined, "", "undefined", String(token)]) {
        expect(await judge(presented, token, development)).toBe("closed");
      }
    }
  });

  it("may be the default in development alone", async () => {
    expect(await judge(DEVELOPMENT_TOKEN, DEVELOPMENT_TOKEN, true)).toMatchObject({ name: "token" });
    expect(await judge(DEVELOPMENT_TOKEN, DEVELOPMENT_TOKEN)).toBe("closed");
    expect(await judge(DEVELOPMENT_TOKEN, "secret", true)).toBe("denied");
  });
});

describe("an Authorization field", () => {
  it.each([
    ["Bearer secret", "secret"],
    ["bearer secret", "secret"],
    ["BEARER   secret", "secret"],
    ["secret", undefined],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Bearer secret x", undefined],
    [" Bearer secret", undefined],
    ["Bearer\tsecret", undefined],
    ["Basic secret", undefined],
    [null, undefined],
  ])("%j presents %j", (field, presented) => {
    expect(bearerToken(field)).toBe(presented);
  });
});

describe("several tokens", () => {
  const configured = async (): Promise<string> =>
    JSON.stringify([
      { name: "shop", sha256: await sha256("one"), tags: ["product:*"], rate: 5 },
      { name: "next", sha256: (await sha256("two")).toUpperCase(), notBefore: "2026-11-22T13:00:00Z" },
      { name: "last", sha256: await sha256("three"), expires: "2026-11-22T12:00:00Z", actions: ["read"] },
    ]);
  const judge = async (presented: string, nowMs = NOW, token?: string) =>
    tokensOf({ token, named: await configured(), isDevelopment: false })(presented, nowMs);

  it("are told apart, each with its own scope and rate", async () => {
    expect(await judge("one")).toEqual({
      name: "shop",
      actions: ["purge"],
      tags: ["product:*"],
      hosts: undefined,
      prefixes: undefined,
      rate: { perSecond: 5, burst: 10 },
    });
    expect(await judge("four")).toBe("denied");
  });

  it("count from their first moment to before their last", async () => {
    expect(await judge("two")).toBe("denied");
    expect(await judge("two", NOW + 3_600_000)).toMatchObject({ name: "next" });
    expect(await judge("three", NOW - 1)).toMatchObject({ name: "last", actions: ["read"] });
    expect(await judge("three")).toBe("denied");
  });

  it("stand beside the one", async () => {
    expect(await judge("secret", NOW, "secret")).toMatchObject({ name: "token" });
    expect(await judge("one", NOW, "secret")).toMatchObject({ name: "shop" });
  });

  describe("are compared", () => {
    afterEach(() => {
      vi.restoreAllMocks();
    });

    it.each(["one", "two", "three", "wrong", ""])("each with all, whatever is presented: %j", async (presented) => {
      const tokens = tokensOf({ token: "secret", named: await configured(), isDevelopment: false });
      const compare = vi.spyOn(crypto.subtle, "timingSafeEqual");
      await tokens(presented, NOW);
      expect(compare).toHaveBeenCalledTimes(4);
      for (const [a, b] of compare.mock.calls) expect([a.byteLength, b.byteLength]).toEqual([32, 32]);
    });
  });
});

describe("the digest of what is no secret", () => {
  it.each([undefined, "", DEVELOPMENT_TOKEN])("lets nobody in: of %j", async (presented) => {
    const named = JSON.stringify([{ name: "a", sha256: await sha256(presented ?? "") }]);
    expect(await tokensOf({ token: "secret", named, isDevelopment: false })(presented, NOW)).toBe("denied");
  });
});

describe("a configuration with a mistake", () => {
  const digest = "0".repeat(64);
  it.each<[string, unknown, string]>([
    ["no JSON", "[", "STRATA_TOKENS: is no JSON"],
    ["no list", {}, "STRATA_TOKENS: must be a list of tokens"],
    ["no name", [{ sha256: digest }], "STRATA_TOKENS.0.name"],
    ["the secret itself", [{ name: "a", sha256: "secret" }], "STRATA_TOKENS.0.sha256: must be 64 hexadecimal digits"],
    ["an action nobody knows", [{ name: "a", sha256: digest, actions: ["write"] }], "STRATA_TOKENS.0.actions.0"],
    ["no actions", [{ name: "a", sha256: digest, actions: [] }], "STRATA_TOKENS.0.actions: must not be empty"],
    ["no patterns: bound to nothing", [{ name: "a", sha256: digest, tags: [] }], "STRATA_TOKENS.0.tags"],
    ["a prefix without a path", [{ name: "a", sha256: digest, prefixes: ["shop.test"] }], "STRATA_TOKENS.0.prefixes.0"],
    ["a host in capitals", [{ name: "a", sha256: digest, hosts: ["Shop.test"] }], "STRATA_TOKENS.0.hosts.0"],
    ["a host as no request has it", [{ name: "a", sha256: digest, hosts: ["shop.test."] }], "STRATA_TOKENS.0.hosts.0"],
    [
      "the same in a prefix",
      [{ name: "a", sha256: digest, prefixes: ["shop.test.:81/"] }],
      "STRATA_TOKENS.0.prefixes.0: must be a host without a dot at its end",
    ],
    ["a host with a path", [{ name: "a", sha256: digest, hosts: ["shop.test/"] }], "STRATA_TOKENS.0.hosts.0"],
    [
      "one digest twice: which of them is it?",
      [
        { name: "a", sha256: "a".repeat(64) },
        { name: "b", sha256: "A".repeat(64) },
      ],
      "two tokens have the digest of b",
    ],
    ["the name of the one token", [{ name: "token", sha256: digest }], "two tokens are named token"],
    ["a time that is none", [{ name: "a", sha256: digest, expires: "soon" }], "STRATA_TOKENS.0.expires"],
    ["an unknown option", [{ name: "a", sha256: digest, tag: ["x"] }], "STRATA_TOKENS.0.tag"],
    [
      "one name twice",
      [
        { name: "a", sha256: digest },
        { name: "a", sha256: digest },
      ],
      "two tokens are named a",
    ],
  ])("is told, and lets nobody in: %s", async (_, value, problem) => {
    const named = typeof value === "string" ? value : JSON.stringify(value);
    expect(tokenProblems(named).join("\n")).toContain(problem);
    expect(await tokensOf({ token: undefined, named, isDevelopment: true })("x", NOW)).toBe("closed");
    // the one token still opens: somebody must be able to mend it
    expect(await tokensOf({ token: "secret", named, isDevelopment: true })("secret", NOW)).toMatchObject({
      name: "token",
    });
  });

  it("is none where nothing is configured", () => {
    expect([tokenProblems(undefined), tokenProblems("")]).toEqual([[], []]);
  });
});
