// Owns the proof that a stored response answers a request where it may, and that Cache-Status says so exactly.
import { describe, expect, it } from "vitest";
import { answer, testEdge } from "../support/edge.ts";

const CACHED = { "cache-control": "max-age=60" };

describe("serve: miss, then hit", () => {
  it("explains each answer in Cache-Status, word for word", async () => {
    const e = testEdge();
    const miss = await e.text("/a");
    expect(miss.text).toBe("hello");
    expect(miss.response.headers.get("cache-status")).toBe(
      "strata; fwd=uri-miss; fwd-status=200; stored; detail=uri-miss",
    );
    expect(miss.response.headers.get("x-cache")).toBe("MISS");
    expect(miss.response.headers.get("age")).toBeNull();
    e.passes(10);
    const hit = await e.text("/a");
    expect(hit.text).toBe("hello");
    expect(hit.response.headers.get("cache-status")).toBe("strata; hit; ttl=50; detail=fresh/memory");
    expect(hit.response.headers.get("x-cache")).toBe("HIT");
    expect(hit.response.headers.get("age")).toBe("10");
    expect(e.asked).toHaveLength(1);
  });

  it("gives each response the request's id", async () => {
    const e = testEdge();
    for (let i = 0; i < 2; i++) expect((await e.text("/a")).response.headers.get("x-request-id")).toBe("request-1");
  });

  it.each(["/a?x=1", "/A", "/a/", "https://other.test/a", "http://shop.test/a", "https://shop.test:8443/a"])(
    "does not answer %s with /a",
    async (other) => {
      const e = testEdge({
        origin: (request) => answer(request.url + (request.headers.get("x-forwarded-host") ?? ""), CACHED),
      });
      await e.text("/a");
      expect((await e.text(other)).response.headers.get("x-cache")).toBe("MISS");
      expect(e.asked).toHaveLength(2);
    },
  );

  it("appends to the Cache-Status of caches behind it", async () => {
    const e = testEdge({ origin: () => answer("x", { ...CACHED, "cache-status": "inner; hit" }) });
    expect((await e.text("/a")).response.headers.get("cache-status")).toMatch(/^inner; hit, strata; fwd=uri-miss/);
    expect((await e.text("/a")).response.headers.get("cache-status")).toMatch(/^inner; hit, strata; hit/);
  });

  it("adds the age the response came with", async () => {
    const e = testEdge({ origin: () => answer("x", { ...CACHED, age: "20" }) });
    await e.text("/a");
    e.passes(5);
    expect((await e.text("/a")).response.headers.get("age")).toBe("25");
    e.passes(36);
    expect((await e.text("/a")).response.headers.get("x-cache")).not.toBe("HIT");
  });

  it("dates a response without Date by when it came, not by when it is served (RFC 9110 6.6.1)", async () => {
    const e = testEdge();
    const first = (await e.text("/a")).response.headers.get("date");
    expect(first).toBe("Sun, 22 Nov 2026 12:00:00 GMT");
    e.passes(30);
    expect((await e.text("/a")).response.headers.get("date")).toBe(first);
  });

  it.each([200, 203, 301, 404, 410])("stores a %i with an explicit lifetime", async (status) => {
    const e = testEdge({ origin: () => answer("content", { ...CACHED, location: "/b" }, status) });
    await e.text("/a");
    const hit = await e.text("/a");
    expect([hit.response.status, hit.text, e.asked.length]).toEqual([status, "content", 1]);
  });

  it("stores a 204, which has no body", async () => {
    const e = testEdge({ origin: () => answer(null, CACHED, 204) });
    expect((await e.text("/a")).response.status).toBe(204);
    const hit = await e.text("/a");
    expect([hit.response.status, hit.text, e.asked.length]).toEqual([204, "", 1]);
    expect(hit.response.headers.get("content-length")).toBeNull();
  });

  it("answers only-if-cached without the origin", async () => {
    const e = testEdge();
    const only = { headers: { "cache-control": "only-if-cached" } };
    const refused = await e.text("/a", only);
    expect(refused.response.status).toBe(504);
    expect(refused.response.headers.get("content-type")).toBe("application/problem+json");
    expect(e.asked).toHaveLength(0);
    await e.text("/a");
    expect((await e.text("/a", only)).text).toBe("hello");
  });
});

describe("serve: HEAD", () => {
  it("is answered from a stored GET, with its length and without its body", async () => {
    const e = testEdge({ origin: () => answer("hello", { ...CACHED, etag: '"1"', "content-type": "text/plain" }) });
    await e.text("/a");
    const { response, text } = await e.text("/a", { method: "HEAD" });
    expect([response.status, text, e.asked.length]).toEqual([200, "", 1]);
    expect(response.headers.get("content-length")).toBe("5");
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(response.headers.get("x-cache")).toBe("HIT");
  });

  it("goes to the origin as HEAD on a miss, and fills nothing", async () => {
    const e = testEdge({ origin: () => answer(null, { ...CACHED, "content-length": "5" }) });
    const { response } = await e.text("/a", { method: "HEAD" });
    expect(e.asked[0]?.method).toBe("HEAD");
    expect(response.headers.get("content-length")).toBe("5");
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("MISS");
  });

  it("lets the background refresh it starts fill the cache", async () => {
    let version = 0;
    const headers = { "cache-control": "max-age=10, stale-while-revalidate=60" };
    const e = testEdge({
      origin: (request) => answer(request.method === "HEAD" ? null : `v${String(++version)}`, headers),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a", { method: "HEAD" })).response.headers.get("x-cache")).toBe("STALE");
    const next = await e.text("/a");
    expect([next.text, next.response.headers.get("x-cache")]).toEqual(["v2", "HIT"]);
  });
});

describe("serve: 304 to clients", () => {
  const MODIFIED = "Sun, 22 Nov 2026 10:00:00 GMT";
  const origin = () =>
    answer("hello", { ...CACHED, etag: '"v1"', "last-modified": MODIFIED, vary: "x-a", "x-other": "1" });

  it.each([
    ["the same tag", { "if-none-match": '"v1"' }, 304],
    ["a weak form of it", { "if-none-match": 'W/"v1"' }, 304],
    ["a list with it", { "if-none-match": '"v0", "v1"' }, 304],
    ["any tag", { "if-none-match": "*" }, 304],
    ["another tag", { "if-none-match": '"v2"' }, 200],
    ["its date", { "if-modified-since": MODIFIED }, 304],
    ["a later date", { "if-modified-since": "Sun, 22 Nov 2026 11:00:00 GMT" }, 304],
    ["an earlier date", { "if-modified-since": "Sun, 22 Nov 2026 09:59:59 GMT" }, 200],
    ["another tag with its date", { "if-none-match": '"v2"', "if-modified-since": MODIFIED }, 200],
    ["no date at all", { "if-modified-since": "yesterday" }, 200],
  ])("answers %s alike from the origin and from the store", async (_, headers, status) => {
    const e = testEdge({ origin });
    for (const cache of ["MISS", "HIT"]) {
      const { response, text } = await e.text("/a", { headers });
      expect([response.status, text]).toEqual([status, status === 304 ? "" : "hello"]);
      expect(response.headers.get("x-cache")).toBe(cache);
    }
    expect(e.asked).toHaveLength(1);
  });

  it("has the fields a 304 must have, and no description of a body it lacks", async () => {
    const e = testEdge({ origin });
    await e.text("/a");
    const { headers } = (await e.text("/a", { headers: { "if-none-match": '"v1"' } })).response;
    expect(headers.get("etag")).toBe('"v1"');
    expect(headers.get("cache-control")).toBe("max-age=60");
    // the origin declared no length: the first answer might have left encoded
    expect(headers.get("vary")).toBe("x-a, accept-encoding");
    for (const name of ["content-length", "content-type", "x-other"]) expect(headers.get(name)).toBeNull();
  });

  it("fills the store although the first client needs no body", async () => {
    const e = testEdge({ origin });
    await e.text("/a", { headers: { "if-none-match": '"v1"' } });
    expect((await e.text("/a")).text).toBe("hello");
    expect(e.asked).toHaveLength(1);
  });
});

describe("serve: Vary", () => {
  const origin = (request: Request) =>
    answer(request.headers.get("accept-language") ?? "none", { ...CACHED, vary: "Accept-Language" });
  const inLanguage = (value: string) => ({ headers: { "accept-language": value } });

  it("stores one response for each value, and says why a value has none", async () => {
    const e = testEdge({ origin });
    for (const language of ["de", "fr"]) expect((await e.text("/a", inLanguage(language))).text).toBe(language);
    expect((await e.text("/a", inLanguage("de"))).response.headers.get("x-cache")).toBe("HIT");
    const other = await e.text("/a", inLanguage("it"));
    expect(other.response.headers.get("cache-status")).toContain("fwd=vary-miss");
    expect((await e.text("/a")).text).toBe("none");
  });

  it("reduces two spellings of one preference to one, and sends the origin that one", async () => {
    const e = testEdge({ origin });
    const first = await e.text("/a", inLanguage("EN;q=0.5 , de"));
    expect(first.text).toBe("de, en;q=0.5");
    expect((await e.text("/a", inLanguage("de,en;q=0.50"))).text).toBe(first.text);
    expect(e.asked).toHaveLength(1);
  });

  it("does not key on a field that it does not forward, since Connection names it", async () => {
    const e = testEdge({ origin });
    await e.text("/a", { headers: { "accept-language": "de", connection: "accept-language" } });
    expect((await e.text("/a", inLanguage("de"))).text).toBe("de");
  });
});
