// Owns the proof that a stored language answers the requests that prefer it, and no others, and that a resource keeps the variants that
// clients request (RFC 9111 4.1, RFC 9110 12.5.4).
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { coloTier } from "../../src/tiers/colo.ts";
import { kvTier } from "../../src/tiers/kv.ts";
import type { Tier } from "../../src/tiers/tier.ts";
import { answer, type Origin, type TestEdge, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

const VARIES = { "cache-control": "max-age=600", vary: "Accept-Language" };
const likes = (value: string, more: Record<string, string> = {}): RequestInit => ({
  headers: { "accept-language": value, ...more },
});

/** Answers in the language that is liked best, and says so. */
const inLanguage =
  (fields: Record<string, string> = VARIES): Origin =>
  (request) => {
    const [best = "en"] = (request.headers.get("accept-language") ?? "en").split(/[,;]/);
    return answer(`in ${best}`, { ...fields, "content-language": best });
  };

async function cacheOf(e: TestEdge, init: RequestInit): Promise<string | null> {
  return (await e.text("/a", init)).response.headers.get("x-cache");
}

describe("a stored language", () => {
  it.each([
    ["de", "HIT"],
    ["DE", "HIT"],
    ["de;q=0.3", "HIT"],
    ["fr;q=0.5, de", "HIT"],
    ["de, fr;q=0.5", "HIT"],
    ["DE ; q=1 , fr;q=0.999", "HIT"],
    ["de, *;q=0.5", "HIT"],
    ["en;q=0.7, de;q=0.8, fr;q=0.6", "HIT"],
    ["fr, de;q=0.5", "MISS"],
    ["de, en", "MISS"],
    ["de;q=0.5, en;q=0.5", "MISS"],
    ["de, *", "MISS"],
    ["*", "MISS"],
    ["*, de;q=0.5", "MISS"],
    ["de;q=0", "MISS"],
    ["de-CH", "MISS"],
    ["fr", "MISS"],
    ["", "MISS"],
  ])("answers %j: %s", async (value, cache) => {
    const e = testEdge({ origin: inLanguage() });
    await e.text("/a", likes("de"));
    const { response, text } = await e.text("/a", likes(value));
    expect(response.headers.get("x-cache")).toBe(cache);
    if (cache === "HIT") expect([text, response.headers.get("content-language")]).toEqual(["in de", "de"]);
  });

  it("answers no request that names no language", async () => {
    const e = testEdge({ origin: inLanguage() });
    await e.text("/a", likes("de"));
    expect(await cacheOf(e, {})).toBe("MISS");
  });

  it("answers every spelling that selects it", async () => {
    const e = testEdge({ origin: inLanguage() });
    await e.text("/a", likes("de-CH;q=0.9, de, fr;q=0.1"));
    expect(await cacheOf(e, likes("de"))).toBe("HIT");
    expect(await cacheOf(e, likes("en;q=0.2, de;q=0.3"))).toBe("HIT");
  });

  it("tells several languages apart", async () => {
    const e = testEdge({ origin: inLanguage() });
    for (const language of ["de", "fr", "it"]) await e.text("/a", likes(language));
    for (const language of ["de", "fr", "it"])
      expect((await e.text("/a", likes(`en;q=0.1, ${language};q=0.9`))).text).toBe(`in ${language}`);
    expect(e.asked).toHaveLength(3);
  });

  it("answers only if all other fields of its Vary are the same", async () => {
    const e = testEdge({ origin: inLanguage({ ...VARIES, vary: "Accept-Language, X-Geo" }) });
    await e.text("/a", likes("de", { "x-geo": "at" }));
    expect(await cacheOf(e, likes("es;q=0.5, de", { "x-geo": "at" }))).toBe("HIT");
    expect(await cacheOf(e, likes("fr;q=0.5, de", { "x-geo": "ch" }))).toBe("MISS");
    expect(await cacheOf(e, likes("it;q=0.5, de"))).toBe("MISS");
  });

  it.each([
    ["has none", {}],
    ["has two", { "content-language": "de, en" }],
  ])("needs more than Content-Language where the response %s", async (_, fields: Record<string, string>) => {
    const e = testEdge({ origin: () => answer("x", { ...VARIES, ...fields }) });
    await e.text("/a", likes("de"));
    expect(await cacheOf(e, likes("fr;q=0.5, de"))).toBe("MISS");
    expect(await cacheOf(e, likes("de"))).toBe("HIT");
  });

  it("is not a missing page's", async () => {
    const e = testEdge({ origin: () => answer("gone", { ...VARIES, "content-language": "de" }, 404) });
    await e.text("/a", likes("de"));
    expect(await cacheOf(e, likes("fr;q=0.5, de"))).toBe("MISS");
  });

  it.each<[string, string, number]>([
    ["missing", "de", 404],
    ["gone, in another language", "en", 410],
    ["there in another language", "en", 200],
  ])("answers no longer once the page is %s", async (_, language, status) => {
    const colo = mapTier("colo");
    const e = testEdge({ lower: [colo], origin: inLanguage({ ...VARIES, "cache-control": "max-age=10" }) });
    await e.text("/a", likes("de"));
    e.passes(20);
    e.origin = () => answer("since", { ...VARIES, "content-language": language }, status);
    await e.text("/a", likes("de"));
    const other = testEdge({ lower: [colo], log: e.log });
    other.clock.advance(20);
    for (const edge of [e, other]) {
      edge.origin = inLanguage();
      expect((await edge.text("/a", likes("de"))).text).toBe("since");
      const { response, text } = await edge.text("/a", likes("de, fr;q=0.5"));
      expect([response.headers.get("x-cache"), text]).toEqual(edge === e ? ["MISS", "in de"] : ["HIT", "in de"]);
    }
  });

  it("is not a response's that does not vary on Accept-Language", async () => {
    const e = testEdge({
      origin: () => answer("x", { "cache-control": "max-age=60", vary: "x-geo", "content-language": "de" }),
    });
    await e.text("/a", likes("fr", { "x-geo": "at" }));
    expect(await cacheOf(e, likes("it;q=0.5, de", { "x-geo": "ch" }))).toBe("MISS");
  });

  it("is validated with the Accept-Language of the client that found it stale", async () => {
    const e = testEdge({ origin: inLanguage({ ...VARIES, "cache-control": "max-age=10", etag: '"de1"' }) });
    await e.text("/a", likes("de"));
    e.passes(20);
    e.origin = () => answer(null, { ...VARIES, etag: '"de1"' }, 304);
    const { response, text } = await e.text("/a", likes("fr;q=0.5, de"));
    expect([response.headers.get("x-cache"), text]).toEqual(["REVALIDATED", "in de"]);
    const asked = e.asked[1]?.headers;
    expect([asked?.get("accept-language"), asked?.get("if-none-match")]).toEqual(["de, fr;q=0.5", '"de1"']);
    expect(await cacheOf(e, likes("fr;q=0.5, de"))).toBe("HIT");
  });

  it("falls to a purge, whichever spelling finds it", async () => {
    const e = testEdge({ origin: inLanguage({ ...VARIES, "cache-tag": "t" }) });
    await e.text("/a", likes("de"));
    e.log.purge(["t"], "hard");
    e.passes(1.001);
    expect(await cacheOf(e, likes("fr;q=0.5, de"))).toBe("MISS");
  });
});

describe("a stored language in a lower tier", () => {
  const colo = (name: string) => coloTier(() => caches.open(`language-${name}`), 2 ** 20);
  const tiers: readonly (readonly [string, (name: string) => Tier])[] = [
    ["colo", colo],
    ["global", () => kvTier(env.STRATA_KV, { minTtlSeconds: 300 })],
  ];

  it.each(tiers)("answers from %s, too", async (name, open) => {
    const tier = open(name);
    const first = testEdge({ lower: [tier], origin: inLanguage() });
    await first.text("/a", likes("de"));
    for (const [value, cache] of [
      ["fr;q=0.5, de", "HIT"],
      ["fr, de;q=0.5", "MISS"],
    ] as const) {
      const second = testEdge({ lower: [tier], log: first.log, origin: () => answer("other", VARIES) });
      const { response, text } = await second.text("/a", likes(value));
      expect([response.headers.get("x-cache"), text]).toEqual([cache, cache === "HIT" ? "in de" : "other"]);
      if (cache === "HIT") expect(response.headers.get("cache-status")).toContain(`fresh/${name}`);
    }
  });

  it("is promoted: the next request that prefers it hits memory", async () => {
    const tier = mapTier("colo");
    const first = testEdge({ lower: [tier], origin: inLanguage() });
    await first.text("/a", likes("de"));
    const second = testEdge({ lower: [tier], log: first.log, origin: inLanguage() });
    await second.text("/a", likes("fr;q=0.5, de"));
    for (const value of ["fr;q=0.5, de", "de", "it;q=0.1, de"]) {
      const { response } = await second.text("/a", likes(value));
      expect(response.headers.get("cache-status"), value).toContain("detail=fresh/memory");
    }
  });
});

describe("a resource of many variants", () => {
  const varied: Origin = (request) =>
    answer(request.headers.get("x-v"), { "cache-control": "max-age=600", vary: "x-v" });
  const variant = (name: string | number): RequestInit => ({ headers: { "x-v": String(name) } });
  const sixteen = Array.from({ length: 16 }, (_, i) => i);

  it("stores sixteen; the oldest that was never hit makes room", async () => {
    const e = testEdge({ origin: varied });
    for (const i of sixteen) await e.text("/a", variant(i));
    for (const i of [0, 1, 3]) expect(await cacheOf(e, variant(i))).toBe("HIT");
    await e.text("/a", variant("new"));
    for (const stored of [...sixteen.filter((i) => i !== 2), "new"])
      expect(await cacheOf(e, variant(stored))).toBe("HIT");
    expect((await e.text("/a", variant(2))).response.headers.get("cache-status")).toContain("fwd=vary-miss");
  });

  it("varies on sixteen fields in all its answers together; an answer that names a seventeenth is not stored", async () => {
    const colo = mapTier("colo");
    const naming: Origin = ({ headers }) =>
      answer("x", { "cache-control": "max-age=600", vary: `f-${headers.get("name") ?? ""}` });
    const e = testEdge({ lower: [colo], site: { rules: [{ match: "/a", vary: { max: 40 } }] }, origin: naming });
    const request = (i: number): RequestInit => ({ headers: { name: String(i), [`f-${String(i)}`]: "1" } });
    for (let i = 0; i < 20; i++) await e.text("/a", request(i));
    const [index] = [...colo.entries.values()].filter((entry) => entry.kind === "vary");
    expect(index?.kind === "vary" && index.index.fields.length).toBe(16);
    expect(await cacheOf(e, request(15))).toBe("HIT");
    expect(await cacheOf(e, request(17))).toBe("MISS");
  });

  it("stores a new one even if all were hit; the one hit longest ago makes room", async () => {
    const e = testEdge({ origin: varied });
    for (const i of [...sixteen, ...sixteen]) await e.text("/a", variant(i));
    expect(await cacheOf(e, variant(0))).toBe("HIT");
    for (const cache of ["MISS", "HIT"]) expect(await cacheOf(e, variant("new"))).toBe(cache);
    for (const i of sixteen.filter((i) => i !== 1)) expect(await cacheOf(e, variant(i)), String(i)).toBe("HIT");
    expect(await cacheOf(e, variant(1))).toBe("MISS");
  });

  it("stores a real variant even after 32 invented ones, each requested twice", async () => {
    const colo = mapTier("colo");
    const e = testEdge({ lower: [colo], origin: varied });
    for (let i = 0; i < 32; i++) for (let n = 0; n < 2; n++) await e.text("/a", variant(`junk-${String(i)}`));
    for (const cache of ["MISS", "HIT"]) expect(await cacheOf(e, variant("real"))).toBe(cache);
    expect(colo.entries.size).toBe(17);
  });

  it("does not store in the global tier a variant that takes another's room, hit or not", async () => {
    const global = mapTier("global");
    const e = testEdge({ lower: [global], origin: varied });
    for (let i = 0; i < 40; i++) for (let n = 0; n < 2; n++) await e.text("/a", variant(i));
    // the index with the variant it carries, and fifteen others
    expect(global.entries.size).toBeLessThanOrEqual(16);
  });

  it("lets junk push out junk, and not a variant that clients request", async () => {
    const e = testEdge({ origin: varied });
    await e.text("/a", variant("real"));
    expect(await cacheOf(e, variant("real"))).toBe("HIT");
    for (let i = 0; i < 100; i++) await e.text("/a", variant(`junk-${String(i)}`));
    expect(await cacheOf(e, variant("real"))).toBe("HIT");
  });

  it("refreshes a stored variant, however many there are", async () => {
    const e = testEdge({
      origin: (request) => answer(request.headers.get("x-v"), { "cache-control": "max-age=10", vary: "x-v" }),
    });
    for (const i of [...sixteen, ...sixteen]) await e.text("/a", variant(i));
    e.passes(20);
    for (const cache of ["MISS", "HIT"]) expect(await cacheOf(e, variant(5))).toBe(cache);
  });

  it("stores as many as the rule says", async () => {
    const e = testEdge({ site: { rules: [{ match: "/a", vary: { max: 2 } }] }, origin: varied });
    for (const i of [0, 1, 2]) await e.text("/a", variant(i));
    for (const [i, cache] of [
      [2, "HIT"],
      [1, "HIT"],
      [0, "MISS"],
      [0, "HIT"],
      [1, "HIT"],
      [2, "MISS"],
    ] as const)
      expect(await cacheOf(e, variant(i)), String(i)).toBe(cache);
  });

  it("stores more than sixteen if the rule says so", async () => {
    const e = testEdge({ site: { rules: [{ match: "/a", vary: { max: 40 } }] }, origin: varied });
    for (let i = 0; i < 40; i++) await e.text("/a", variant(i));
    for (let i = 0; i < 40; i++) expect(await cacheOf(e, variant(i))).toBe("HIT");
  });

  it("does not look up a language whose variant had to go", async () => {
    const e = testEdge({ site: { rules: [{ match: "/a", vary: { max: 1 } }] }, origin: inLanguage() });
    await e.text("/a", likes("de"));
    await e.text("/a", likes("fr"));
    expect((await e.text("/a", likes("it;q=0.5, de"))).text).toBe("in de");
    expect(e.asked).toHaveLength(3);
  });

  it("takes the variants that had to go out of the farther tiers", async () => {
    const colo = mapTier("colo");
    const e = testEdge({ lower: [colo], origin: varied });
    for (let i = 0; i < 40; i++) await e.text("/a", variant(i));
    expect(colo.entries.size).toBe(17);
  });
});
