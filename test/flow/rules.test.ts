// Owns the proof that each setting of a rule holds everywhere: for key, origin, store, clients and caches below.
import { describe, expect, it } from "vitest";
import type { RuleInput } from "../../src/policy/schema.ts";
import { answer, inTurn, type Origin, type TestEdge, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

const CACHED = { "cache-control": "max-age=60" };
const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148";
const TABLET = "Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X)";
const LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0";

function ruled(rule: Omit<RuleInput, "match">, origin: Origin = () => answer("hello", CACHED)): TestEdge {
  // compression.test.ts proves the Vary of compressed answers
  return testEdge({ site: { rules: [{ match: "/*", compress: false, ...rule }] }, origin });
}

const fields = (headers: Record<string, string>): RequestInit => ({ headers });
const queryOf = (request: Request | undefined): string => new URL(request?.url ?? "http://none?").search;

async function cacheOf(e: TestEdge, path: string, init?: RequestInit): Promise<string | null> {
  return (await e.text(path, init)).response.headers.get("x-cache");
}

describe("query", () => {
  it.each([
    ["allow", { allow: ["page", "q*"] }, "?x=1&page=2&qq=3&utm=4", "?page=2&qq=3", "?qq=3&page=2"],
    ["deny", { deny: ["utm_*", "gclid"] }, "?utm_a=1&b=2&gclid=3&a=4", "?b=2&a=4", "?a=4&b=2"],
    ["sort", { sort: true }, "?b=2&a=1&b=1", "?a=1&b=2&b=1", "?a=1&b=1&b=2"],
    ["allow and sort", { allow: ["a", "b"], sort: true }, "?b=2&x=1&a=1", "?a=1&b=2", "?a=1&b=3"],
    ["allow none", { allow: [] }, "?b=2&a=1", "", undefined],
    ["names as servers read them", { allow: ["a b"] }, "?a%20b=1&a+b=2&ab=3", "?a%20b=1&a+b=2", "?a%20b=1"],
    ["deny all", { deny: ["*"] }, "?b=2&a=1", "", undefined],
  ])("%s: key and origin have the same", async (_, query, sent, canonical, different) => {
    const e = ruled({ query });
    await e.text(`/a${sent}`);
    expect(queryOf(e.asked[0])).toBe(canonical);
    expect(await cacheOf(e, `/a${canonical}`)).toBe("HIT");
    if (different !== undefined) expect(await cacheOf(e, `/a${different}`)).toBe("MISS");
  });

  it("is reached by a POST that writes its parameters in another order, or more of them", async () => {
    const rule = { query: { deny: ["utm_*"], sort: true } };
    for (const posted of ["?b=2&a=1", "?a=1&b=2", "?utm_x=1&b=2&a=1"]) {
      const e = ruled(rule, ({ method }) => (method === "GET" ? answer("got", CACHED) : answer(null, {}, 204)));
      await e.text("/a?a=1&b=2");
      await e.text("/a?a=1&b=3");
      await e.text(`/a${posted}`, { method: "POST" });
      expect(queryOf(e.asked[2]), "a POST goes as it was sent").toBe(posted);
      expect(await cacheOf(e, "/a?b=2&a=1")).toBe("MISS");
      expect(await cacheOf(e, "/a?a=1&b=3")).toBe("HIT");
    }
  });

  it("is reached by a Location that names more of it", async () => {
    const e = ruled({ query: { deny: ["utm_*"] } }, ({ method }) =>
      method === "GET" ? answer("got", CACHED) : answer(null, { location: "http://origin.test/b?utm_x=1&id=7" }, 303),
    );
    await e.text("/b?id=7");
    await e.text("/a", { method: "POST" });
    expect(await cacheOf(e, "/b?id=7")).toBe("MISS");
  });
});

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

describe("edge.status", () => {
  const status = { "404": 60, "5xx": 10, "503": 5 };

  it.each([
    [404, 60],
    [500, 10],
    [502, 10],
    [503, 5],
  ])("gives a %i its %i seconds, although the origin gives it none", async (code, seconds) => {
    const e = ruled({ edge: { status } }, () => answer("no", {}, code));
    const first = await e.text("/a");
    expect(first.response.headers.get("cache-status")).toContain("stored");
    e.passes(seconds - 1);
    const { response, text } = await e.text("/a");
    expect([response.status, text, response.headers.get("x-cache")]).toEqual([code, "no", "HIT"]);
    e.passes(1);
    expect(await cacheOf(e, "/a")).toBe("MISS");
  });

  it("gives no lifetime to other statuses, nor to answers that must not be stored", async () => {
    const e = ruled({ edge: { status } }, (request) =>
      request.url.endsWith("/private")
        ? answer("no", { "cache-control": "private" }, 404)
        : answer("no", {}, request.url.endsWith("/403") ? 403 : 200),
    );
    for (const path of ["/403", "/200", "/private"]) {
      await e.text(path);
      expect(await cacheOf(e, path), path).toBe("MISS");
    }
  });

  it("does not replace a response that stale-if-error covers", async () => {
    const sie = { "cache-control": "max-age=10, stale-if-error=60" };
    const e = ruled(
      { edge: { status } },
      inTurn(
        () => answer("hello", sie),
        () => answer("no", {}, 503),
      ),
    );
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a")).text).toBe("hello");
    expect((await e.text("/a")).text).toBe("hello");
  });
});

describe("setCookie: strip", () => {
  const setting: Origin = () => {
    const headers = new Headers({ ...CACHED, etag: '"v1"' });
    headers.append("set-cookie", "id=1");
    headers.append("set-cookie", "theme=dark");
    return answer("hello", headers);
  };

  it("stores and delivers answers without their cookies", async () => {
    const e = ruled({ setCookie: "strip" }, setting);
    for (const cache of ["MISS", "HIT"]) {
      const { response } = await e.text("/a");
      expect([response.headers.get("x-cache"), response.headers.getSetCookie()]).toEqual([cache, []]);
    }
  });

  it("holds for a 304 as well", async () => {
    const e = ruled({ setCookie: "strip" }, (request) =>
      request.headers.has("if-none-match")
        ? answer(null, { ...CACHED, etag: '"v1"', "set-cookie": "id=2" }, 304)
        : answer("hello", { ...CACHED, etag: '"v1"', "set-cookie": "id=1" }),
    );
    await e.text("/a");
    e.passes(61);
    for (const cache of ["REVALIDATED", "HIT"]) {
      const { response } = await e.text("/a");
      expect([response.headers.get("x-cache"), response.headers.getSetCookie()]).toEqual([cache, []]);
    }
  });

  it("leaves the cookies of answers that bypass the cache", async () => {
    const e = ruled({ setCookie: "strip" }, setting);
    expect((await e.text("/a", { method: "POST" })).response.headers.getSetCookie()).toHaveLength(2);
  });

  it("does not share a session's answer", async () => {
    const e = ruled({ setCookie: "strip" }, setting);
    await e.text("/a", fields({ cookie: "sid=alice" }));
    expect(await cacheOf(e, "/a")).toBe("MISS");
  });
});

describe("guard: false", () => {
  it.each([
    ["an ambiguous path", "/a%2fb", "text/plain"],
    ["a page under the name of a file", "/account/x.css", "text/html"],
  ])("stores %s", async (_, path, type) => {
    for (const [guard, cache] of [
      [undefined, "MISS"],
      [false, "HIT"],
    ] as const) {
      const e = ruled(guard === undefined ? {} : { guard }, () => answer("x", { ...CACHED, "content-type": type }));
      await e.text(path);
      expect(await cacheOf(e, path)).toBe(cache);
    }
  });
});

describe("browser", () => {
  const tagged = { ...CACHED, etag: '"v1"' };

  /** Cache-Control and Age of a miss, of a hit 7 s later, of its 304 and of a part of it. */
  async function delivered(rule: Omit<RuleInput, "match">, headers: Record<string, string>) {
    const e = ruled(rule, () => answer("hello", { ...headers, "content-length": "5" }));
    const requests = [{}, {}, fields({ "if-none-match": '"v1"' }), fields({ range: "bytes=0-1" })];
    const answers: (readonly [number, string | null, string | null])[] = [];
    for (const [i, init] of requests.entries()) {
      if (i === 1) e.passes(7);
      const { response } = await e.text("/a", init);
      answers.push([response.status, response.headers.get("cache-control"), response.headers.get("age")]);
    }
    return answers;
  }

  it.each([
    ["a lifetime", { ttl: 300 }, tagged, "max-age=300", "max-age=307"],
    ["none", { ttl: 0 }, tagged, "max-age=0", "max-age=7"],
    ["immutable", { ttl: 300, immutable: true }, tagged, "max-age=300, immutable", "max-age=307, immutable"],
    [
      "a window",
      { ttl: 300, swr: 30 },
      tagged,
      "max-age=300, stale-while-revalidate=30",
      "max-age=307, stale-while-revalidate=30",
    ],
    ["a validation each time", { validate: true }, tagged, "no-cache", "no-cache"],
    ["at most", { ttl: { max: 10 } }, tagged, "max-age=10", "max-age=17"],
    ["at least", { ttl: { min: 100 } }, tagged, "max-age=100", "max-age=107"],
    ["a default that is not needed", { ttl: { default: 10 } }, tagged, "max-age=60", "max-age=60"],
    [
      "a lifetime beside other directives",
      { ttl: 300 },
      { ...tagged, "cache-control": "public, max-age=60" },
      "max-age=300, public",
      "max-age=307, public",
    ],
  ])("gets %s, in each kind of answer", async (_, browser, headers, fresh, aged) => {
    expect(await delivered({ browser }, headers)).toEqual([
      [200, fresh, null],
      [200, aged, "7"],
      [304, aged, "7"],
      [206, aged, "7"],
    ]);
  });

  it("gets its lifetime beside an Age from a cache behind the edge", async () => {
    expect(await delivered({ browser: { ttl: 300 } }, { ...tagged, age: "30" })).toEqual([
      [200, "max-age=330", "30"],
      [200, "max-age=337", "37"],
      [304, "max-age=337", "37"],
      [206, "max-age=337", "37"],
    ]);
  });

  it("gets its lifetime even if the origin gave one to the edge alone", async () => {
    const e = ruled({ edge: { ttl: 600 }, browser: { ttl: { default: 20 } } }, () => answer("hello"));
    for (const cache of ["MISS", "HIT"]) {
      const { response } = await e.text("/a");
      expect([response.headers.get("x-cache"), response.headers.get("cache-control")]).toEqual([cache, "max-age=20"]);
    }
  });

  it("changes nothing for the edge", async () => {
    const e = ruled({ browser: { ttl: 3000 } });
    await e.text("/a");
    e.passes(61);
    expect(await cacheOf(e, "/a")).toBe("MISS");
  });

  it.each(["no-store", "no-cache", "private, no-store, max-age=9"])("gets %s as it is", async (said) => {
    const e = ruled({ browser: { ttl: 300, immutable: true } }, () => answer("hello", { "cache-control": said }));
    expect((await e.text("/a")).response.headers.get("cache-control")).toBe(said);
  });

  it("gets private for a session's answer all the same", async () => {
    const e = ruled({ browser: { ttl: 300 } });
    const { response } = await e.text("/a", fields({ cookie: "sid=alice" }));
    expect(response.headers.get("cache-control")).toBe("max-age=300, private");
  });

  it.each([
    [{ ttl: 300 }, "max-age=300"],
    [{ validate: true }, "no-cache"],
  ])("gets the same from a 304 of the origin's own: %j", async (browser, cacheControl) => {
    const e = ruled({ browser }, (request) =>
      answer(
        request.headers.has("if-none-match") ? null : "x",
        tagged,
        request.headers.has("if-none-match") ? 304 : 200,
      ),
    );
    const init = fields({ authorization: "Bearer alice", "if-none-match": '"v1"' });
    const { response } = await e.text("/a", init);
    expect([response.status, response.headers.get("cache-control")]).toEqual([304, cacheControl]);
  });

  it("gets no Expires beside another lifetime", async () => {
    const expires = "Sun, 22 Nov 2026 12:01:00 GMT";
    const e = ruled({ browser: { ttl: 300 } }, () => answer("hello", { expires }));
    for (const cacheControl of ["max-age=300", "max-age=300"]) {
      const { headers } = (await e.text("/a")).response;
      expect([headers.get("cache-control"), headers.get("expires")]).toEqual([cacheControl, null]);
    }
  });

  it("gets the rule's lifetime for a stale answer, from now", async () => {
    const swr = { "cache-control": "max-age=10, stale-while-revalidate=60" };
    const e = ruled({ browser: { ttl: 5 } }, () => answer("hello", swr));
    await e.text("/a");
    e.passes(20);
    const { headers } = (await e.text("/a")).response;
    expect([headers.get("x-cache"), headers.get("age")]).toEqual(["STALE", "20"]);
    expect(headers.get("cache-control")).toContain("max-age=25");
  });
});

describe("client: ignore", () => {
  it.each(["no-cache", "max-age=0", "min-fresh=100", "no-store"])("does not let %s reach the origin", async (asked) => {
    for (const [client, cache] of [
      ["ignore", "HIT"],
      ["honour", "no-store" === asked ? "HIT" : "MISS"],
    ] as const) {
      const e = ruled({ client });
      await e.text("/a");
      e.passes(1);
      expect(await cacheOf(e, "/a", fields({ "cache-control": asked })), client).toBe(cache);
    }
  });

  it("stores although the client says no-store", async () => {
    const e = ruled({ client: "ignore" });
    await e.text("/a", fields({ "cache-control": "no-store" }));
    expect(await cacheOf(e, "/a")).toBe("HIT");
  });

  it("still obeys only-if-cached, which costs the origin nothing", async () => {
    const e = ruled({ client: "ignore" });
    expect((await e.text("/a", fields({ "cache-control": "only-if-cached" }))).response.status).toBe(504);
  });

  it("does not let Pragma reach the origin", async () => {
    const e = ruled({ client: "ignore" });
    await e.text("/a");
    expect(await cacheOf(e, "/a", fields({ pragma: "no-cache" }))).toBe("HIT");
  });
});
