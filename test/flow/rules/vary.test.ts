// Owns the proof of a rule's `vary`: the origin receives the keyed values, and caches below get a true Vary.
import { describe, expect, it } from "vitest";
import type { RuleInput } from "../../../src/policy/schema.ts";
import { answer, type Origin, testEdge } from "../../support/edge.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { cacheOf, fields, ruled } from "../../support/ruled-edge.ts";

const CACHED = { "cache-control": "max-age=60" };
const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148";
const TABLET = "Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X)";
const LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0";
type Row = readonly [name: string, sent: string | undefined, received: string | null];
describe("vary: what the origin receives", () => {
  const tables: readonly (readonly [string, string, Omit<RuleInput, "match">, readonly Row[]])[] = [
    [
      "languages",
      "accept-language",
      { vary: { languages: ["en", "de", "pt-BR"] } },
      [
        ["the one it likes best", "fr, de;q=0.9, en;q=0.1", "de"],
        ["a wider one", "de-CH", "de"],
        ["its own spelling", "PT-br", "pt-BR"],
        ["the default for none it has", "fr", "en"],
        ["the default for nothing", undefined, "en"],
        ["the default for rubbish", ";;q=x", "en"],
      ],
    ],
    [
      "media",
      "accept",
      { vary: { media: ["image/avif", "image/webp"] } },
      [
        ["the site's first", "image/webp,image/avif,*/*;q=0.8", "image/avif"],
        ["the one it knows", "image/png, image/webp", "image/webp"],
        ["anything for anything", "*/*", "*/*"],
        ["anything for nothing", undefined, "*/*"],
      ],
    ],
    [
      "device",
      "user-agent",
      { vary: { device: true } },
      [
        ["a telephone", PHONE, "mobile"],
        ["a tablet", TABLET, "tablet"],
        ["a desktop", LAPTOP, "desktop"],
        ["a crawler", "Googlebot/2.1 (+http://www.google.com/bot.html)", "bot"],
        ["a desktop for nothing", undefined, "desktop"],
      ],
    ],
    [
      "cookies",
      "cookie",
      { vary: { cookies: ["theme", "ab_*"] } },
      [
        ["the named ones, in order", "z=1; theme=dark; ab_2=y; sid=alice; ab_1=x", "ab_1=x; ab_2=y; theme=dark"],
        ["no others", "z=1; sid=alice", null],
        ["none for none", undefined, null],
      ],
    ],
    [
      "headers",
      "x-geo",
      { vary: { headers: { "X-Geo": ["at", "de"] } } },
      [
        ["one of its values", "de", "de"],
        ["its own spelling", " AT ", "at"],
        ["none for others", "fr", null],
        ["none for none", undefined, null],
      ],
    ],
  ];

  const rows = tables.flatMap(([option, field, rule, cases]) =>
    cases.map(([name, sent, received]) => [option, name, field, rule, sent, received] as const),
  );

  it.each(rows)("%s: %s", async (_, __, field, rule, sent, received) => {
    const e = ruled(rule);
    const { response } = await e.text("/a", sent === undefined ? {} : fields({ [field]: sent }));
    expect(e.asked[0]?.headers.get(field)).toBe(received);
    expect(response.headers.get("vary")?.toLowerCase()).toBe(field);
    expect(response.headers.get("cache-status")).toContain("stored");
    // the same as if the client had sent the reduced value
    expect(await cacheOf(e, "/a", received === null ? {} : fields({ [field]: received }))).toBe("HIT");
  });

  it.each(tables)("%s: each value has an answer of its own", async (_, field, rule, cases) => {
    const e = ruled(rule, (request) => answer(request.headers.get(field) ?? "none", CACHED));
    for (const [, sent, received] of [...cases, ...cases]) {
      const { text } = await e.text("/a", sent === undefined ? {} : fields({ [field]: sent }));
      expect(text).toBe(received ?? "none");
    }
    expect(e.asked).toHaveLength(new Set(cases.map(([, , received]) => received)).size);
  });

  it("is the reduced value also where Connection names the field", async () => {
    const e = ruled({ vary: { languages: ["en", "de"] } });
    await e.text("/a", fields({ "accept-language": "de", connection: "accept-language" }));
    expect(e.asked[0]?.headers.get("accept-language")).toBe("en");
  });

  it("is the client's own where the request bypasses the cache", async () => {
    const e = ruled({ vary: { languages: ["en", "de"], device: true, cookies: ["theme"] } });
    const sent = { "accept-language": "fr", "user-agent": LAPTOP, cookie: "sid=alice" };
    await e.text("/a", { method: "POST", headers: sent });
    for (const [name, value] of Object.entries(sent)) expect(e.asked[0]?.headers.get(name)).toBe(value);
  });
});

describe("vary: the Vary for clients and caches below", () => {
  const rule = { vary: { languages: ["en", "de"], device: true as const, headers: { "x-geo": ["at"] } } };

  it.each([
    ["none", undefined, "accept-language, user-agent, x-geo"],
    ["another field", "X-Own", "X-Own, accept-language, user-agent, x-geo"],
    ["some of them", "User-Agent, Accept-Language", "User-Agent, Accept-Language, x-geo"],
    ["all of them", "x-geo, user-agent, accept-language", "x-geo, user-agent, accept-language"],
  ])("where the origin's Vary names %s", async (_, said, sent) => {
    const headers = { ...CACHED, etag: '"v1"', ...(said === undefined ? {} : { vary: said }) };
    const e = ruled(rule, () => answer("hello", headers));
    for (const cache of ["MISS", "HIT"]) {
      const { response } = await e.text("/a");
      expect([response.headers.get("x-cache"), response.headers.get("vary")]).toEqual([cache, sent]);
      const unchanged = await e.text("/a", fields({ "if-none-match": '"v1"' }));
      expect([unchanged.response.status, unchanged.response.headers.get("vary")]).toEqual([304, sent]);
    }
  });

  it("where it is *: nothing is stored", async () => {
    const e = ruled(rule, () => answer("hello", { ...CACHED, vary: "*" }));
    expect((await e.text("/a")).response.headers.get("vary")).toBe("*");
    expect(e.memory.usedBytes).toBe(0);
  });

  it.each([
    ["says nothing of it", {}],
    ["names another field", { vary: "Accept-Encoding" }],
    ["names one of them", { vary: "X-Geo" }],
  ])("after a 304 that %s, devices still have answers of their own", async (_, vary: Record<string, string>) => {
    const short = { "cache-control": "max-age=10", etag: '"v1"' };
    const e = ruled(rule, (request) =>
      request.headers.has("if-none-match")
        ? answer(null, { ...short, ...vary }, 304)
        : answer(request.headers.get("user-agent"), { ...short, vary: "Accept-Encoding" }),
    );
    for (const agent of [PHONE, LAPTOP]) await e.text("/a", fields({ "user-agent": agent }));
    e.passes(20);
    for (let i = 0; i < 2; i++) {
      for (const [agent, text] of [
        [PHONE, "mobile"],
        [LAPTOP, "desktop"],
        [TABLET, "tablet"],
      ] as const) {
        const answered = await e.text("/a", fields({ "user-agent": agent }));
        expect(answered.text).toBe(text);
        expect(answered.response.headers.get("vary")?.toLowerCase()).toContain("user-agent");
      }
    }
  });

  it("after a HEAD that confirmed one, devices still have answers of their own", async () => {
    const short = { "cache-control": "max-age=10", etag: '"v1"', vary: "Accept-Encoding" };
    const e = ruled(rule, (request) =>
      answer(request.method === "HEAD" ? null : request.headers.get("user-agent"), short),
    );
    await e.text("/a", fields({ "user-agent": PHONE }));
    e.passes(20);
    await e.text("/a", { method: "HEAD", ...fields({ "user-agent": PHONE }) });
    expect(await cacheOf(e, "/a", fields({ "user-agent": PHONE }))).toBe("HIT");
    expect((await e.text("/a", fields({ "user-agent": LAPTOP }))).text).toBe("desktop");
  });

  it("reaches all variants by one unsafe request, in every tier", async () => {
    const colo = mapTier("colo");
    const site = { rules: [{ match: "/*", ...rule }] };
    const e = testEdge({ site, lower: [colo] });
    for (const agent of [PHONE, LAPTOP]) await e.text("/a", fields({ "user-agent": agent }));
    await e.text("/a", { method: "DELETE" });
    for (const agent of [PHONE, LAPTOP]) expect(await cacheOf(e, "/a", fields({ "user-agent": agent }))).toBe("MISS");
  });
});

describe("vary: cookies", () => {
  const byCookie: Origin = (request) => answer(request.headers.get("cookie") ?? "none", { ...CACHED, vary: "Cookie" });

  it("that are named may be in Vary, and answers are shared", async () => {
    const e = ruled({ vary: { cookies: ["theme"] } }, byCookie);
    expect((await e.text("/a", fields({ cookie: "theme=dark; sid=alice" }))).text).toBe("theme=dark");
    const other = await e.text("/a", fields({ cookie: "sid=bob; theme=dark" }));
    expect([other.text, other.response.headers.get("x-cache")]).toEqual(["theme=dark", "HIT"]);
    expect((await e.text("/a", fields({ cookie: "theme=light" }))).text).toBe("theme=light");
    expect((await e.text("/a")).text).toBe("none");
    expect(other.response.headers.get("cache-control")).toBe("max-age=60");
  });

  it("that are named and make a session are not shared", async () => {
    const e = ruled({ vary: { cookies: ["sid", "theme"] } }, byCookie);
    for (const name of ["alice", "bob", "alice"]) {
      const { response, text } = await e.text("/a", fields({ cookie: `sid=${name}; theme=dark` }));
      expect(text).toBe(`sid=${name}; theme=dark`);
      expect(response.headers.get("cache-status")).toContain("session-response");
      expect(response.headers.get("cache-control")).toContain("private");
    }
    expect(e.memory.usedBytes).toBe(0);
  });

  it("that are not named are in no key", async () => {
    const e = ruled({}, byCookie);
    await e.text("/a", fields({ cookie: "theme=dark" }));
    expect(await cacheOf(e, "/a", fields({ cookie: "theme=dark" }))).toBe("MISS");
  });
});
