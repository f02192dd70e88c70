// Owns the proof that a stale response is validated, refreshed in the background, or served where the origin fails.
import { describe, expect, it } from "vitest";
import { barrier } from "../support/barrier.ts";
import { answer, inTurn, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

const MODIFIED = "Sun, 22 Nov 2026 10:00:00 GMT";
const SHORT = { "cache-control": "max-age=10", etag: '"v1"' };

it("tells in Cache-Status how long a softly purged response has been stale (RFC 9211 2.4)", async () => {
  const tagged = { "cache-control": "max-age=100, stale-while-revalidate=60", "cache-tag": "a" };
  const e = testEdge({ origin: () => answer("hello", tagged) });
  await e.text("/a");
  e.log.purge(["a"], "soft", e.clock.now());
  e.passes(2);
  const { response } = await e.text("/a");
  expect(response.headers.get("cache-status")).toMatch(/^strata; hit; ttl=-\d+; detail=stale-while-revalidate/);
});

describe("revalidation", () => {
  it("sends every stored validator, and the 304 makes the next request a hit", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", { ...SHORT, "last-modified": MODIFIED }),
        () => answer(null, { ...SHORT, "x-new": "1" }, 304),
      ),
    });
    await e.text("/a");
    e.passes(20);
    const validated = await e.text("/a");
    expect([validated.response.status, validated.text]).toEqual([200, "hello"]);
    expect(validated.response.headers.get("cache-status")).toBe(
      "strata; fwd=stale; fwd-status=304; stored; ttl=10; detail=stale/validated",
    );
    expect(validated.response.headers.get("x-cache")).toBe("REVALIDATED");
    expect(e.asked[1]?.headers.get("if-none-match")).toBe('"v1"');
    expect(e.asked[1]?.headers.get("if-modified-since")).toBe(MODIFIED);
    e.passes(5);
    const hit = await e.text("/a");
    expect(hit.response.headers.get("cache-status")).toBe("strata; hit; ttl=5; detail=fresh/memory");
    expect(hit.response.headers.get("x-new")).toBe("1");
    expect(hit.response.headers.get("age")).toBe("5");
    expect(e.asked).toHaveLength(2);
  });

  const page = (nonce: string, headers: Record<string, string> = {}): Response =>
    answer(`<script nonce="${nonce}">`, {
      ...SHORT,
      "content-security-policy": `script-src 'nonce-${nonce}'`,
      "content-type": "text/html",
      ...headers,
    });

  it("of a page whose 304 brings another nonce fetches the whole, so that policy and markup agree", async () => {
    const says = ["b", "c", "d"];
    const e = testEdge({ origin: () => page("a") });
    await e.text("/a");
    e.origin = ({ headers }) => {
      const nonce = says.shift() ?? "none";
      const isAsked = headers.has("if-none-match");
      return isAsked
        ? answer(null, { ...SHORT, "content-security-policy": `script-src 'nonce-${nonce}'` }, 304)
        : page(nonce);
    };
    e.passes(20);
    for (const cache of ["MISS", "HIT"]) {
      const { response, text } = await e.text("/a");
      expect([response.headers.get("x-cache"), text]).toEqual([cache, '<script nonce="c">']);
      expect(response.headers.get("content-security-policy")).toBe("script-src 'nonce-c'");
    }
    expect(e.asked).toHaveLength(3);
  });

  it("of such a page in the background, too; if the new page may not be stored, the old one ends", async () => {
    const window = { "cache-control": "max-age=10, stale-while-revalidate=60" };
    const e = testEdge({ origin: () => page("a", window) });
    await e.text("/a");
    e.origin = ({ headers }) =>
      headers.has("if-none-match")
        ? answer(null, { ...window, etag: '"v1"', "content-security-policy": "script-src 'nonce-b'" }, 304)
        : page("c", { "cache-control": "no-store" });
    e.passes(20);
    expect((await e.text("/a")).text).toBe('<script nonce="a">');
    expect(e.asked).toHaveLength(3);
    expect((await e.text("/a")).text).toBe('<script nonce="c">');
  });

  it("by HEAD, with another nonce, leaves the stored page as it is", async () => {
    const e = testEdge({ origin: () => page("a") });
    await e.text("/a");
    e.origin = () => answer(null, { ...SHORT, "content-security-policy": "script-src 'nonce-b'" });
    await e.text("/a", { method: "HEAD", headers: { "cache-control": "no-cache" } });
    const { response, text } = await e.text("/a");
    expect([text, response.headers.get("content-security-policy")]).toEqual([
      '<script nonce="a">',
      "script-src 'nonce-a'",
    ]);
    expect(response.headers.get("x-cache")).toBe("HIT");
  });

  it("refreshes the far tiers too", async () => {
    const colo = mapTier("colo");
    const e = testEdge({
      lower: [colo],
      origin: inTurn(
        () => answer("hello", SHORT),
        () => answer(null, SHORT, 304),
      ),
    });
    await e.text("/a");
    e.passes(20);
    await e.text("/a");
    const [entry] = colo.entries.values();
    expect(entry?.kind === "response" && entry.stored.receivedAtMs).toBe(e.clock.now());
  });

  it("replaces a changed response", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SHORT),
        () => answer("new", { ...SHORT, etag: '"v2"' }),
      ),
    });
    await e.text("/a");
    e.passes(20);
    const changed = await e.text("/a");
    expect(changed.text).toBe("new");
    expect(changed.response.headers.get("cache-status")).toBe(
      "strata; fwd=stale; fwd-status=200; stored; detail=stale",
    );
    const hit = await e.text("/a");
    expect([hit.text, hit.response.headers.get("etag")]).toEqual(["new", '"v2"']);
    expect(e.asked).toHaveLength(2);
  });

  it("fetches the whole when a 304 has another tag", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SHORT),
        () => answer(null, { etag: '"v9"' }, 304),
        () => answer("new", { ...SHORT, etag: '"v9"' }),
      ),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a")).text).toBe("new");
    expect(e.asked[2]?.headers.get("if-none-match")).toBeNull();
  });

  it("answers 304 to a client whose copy the origin has just confirmed", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", SHORT),
        () => answer(null, SHORT, 304),
      ),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a", { headers: { "if-none-match": '"v1"' } })).response.status).toBe(304);
    expect((await e.text("/a")).text).toBe("hello");
  });

  it("gives the whole to a client whose copy is older than the confirmed response", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", SHORT),
        () => answer(null, SHORT, 304),
      ),
    });
    await e.text("/a");
    e.passes(20);
    const { response, text } = await e.text("/a", { headers: { "if-none-match": '"v0"' } });
    expect([response.status, text]).toEqual([200, "hello"]);
    expect(e.asked[1]?.headers.get("if-none-match")).toBe('"v1"');
  });

  it("validates a no-cache response each time", async () => {
    const headers = { "cache-control": "no-cache", etag: '"v1"' };
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", headers),
        () => answer(null, headers, 304),
      ),
    });
    for (let i = 0; i < 3; i++) expect((await e.text("/a")).text).toBe("hello");
    expect(e.asked).toHaveLength(3);
    expect(e.asked[2]?.headers.get("if-none-match")).toBe('"v1"');
  });

  it("validates for a client that reloads, and not where the rule ignores clients", async () => {
    const reload = { headers: { "cache-control": "no-cache" } };
    for (const [client, asked] of [
      ["honour", 2],
      ["ignore", 1],
    ] as const) {
      const e = testEdge({
        site: { rules: [{ match: "/*", client }] },
        origin: inTurn(
          () => answer("hello", SHORT),
          () => answer(null, SHORT, 304),
        ),
      });
      await e.text("/a");
      await e.text("/a", reload);
      expect(e.asked).toHaveLength(asked);
    }
  });

  it("keeps a large body through a 304", async () => {
    const big = "x".repeat(5000);
    const e = testEdge({
      lower: [mapTier("colo", 1000)],
      memory: { bytes: 100_000, bodyBytes: 1000 },
      origin: inTurn(
        () => answer(big, SHORT),
        () => answer(null, SHORT, 304),
      ),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a")).text).toBe(big);
    e.passes(5);
    const hit = await e.text("/a");
    expect([hit.text === big, hit.response.headers.get("cache-status")]).toEqual([
      true,
      "strata; hit; ttl=5; detail=fresh/colo",
    ]);
  });
});

describe("stale-while-revalidate", () => {
  const SWR = { "cache-control": "max-age=10, stale-while-revalidate=60" };

  it("serves the stale response at once, and sends one refresh, however many requests find it", async () => {
    const slow = barrier<Response>();
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SWR),
        () => slow.passed,
        () => answer("third", SWR),
      ),
    });
    await e.text("/a");
    e.passes(20);
    const responses = await Promise.all(Array.from({ length: 100 }, () => e.get("/a")));
    for (const response of responses) expect(await response.text()).toBe("old");
    const [first] = responses;
    expect(first?.headers.get("cache-status")).toBe("strata; hit; ttl=-10; detail=stale-while-revalidate/memory");
    expect(first?.headers.get("x-cache")).toBe("STALE");
    expect(e.asked).toHaveLength(2);
    slow.open(answer("new", SWR));
    await e.idle();
    const hit = await e.text("/a");
    expect([hit.text, hit.response.headers.get("x-cache"), e.asked.length]).toEqual(["new", "HIT", 2]);
  });

  it("refreshes each variant for itself", async () => {
    const e = testEdge({
      origin: (request) => answer(request.headers.get("accept-language"), { ...SWR, vary: "accept-language" }),
    });
    const get = (language: string) => e.text("/a", { headers: { "accept-language": language } });
    await get("de");
    await get("fr");
    e.passes(20);
    await Promise.all([get("de"), get("fr")]);
    expect(e.asked).toHaveLength(4);
  });

  it("refreshes by a 304", async () => {
    const headers = { ...SWR, etag: '"v1"' };
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", headers),
        () => answer(null, headers, 304),
      ),
    });
    await e.text("/a");
    e.passes(20);
    await e.text("/a");
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("refreshes again after a refresh that failed", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SWR),
        () => Promise.reject(new Error("down")),
      ),
    });
    await e.text("/a");
    e.passes(20);
    for (let i = 0; i < 3; i++) expect((await e.text("/a")).text).toBe("old");
    // each was tried twice: no connection came about
    expect(e.asked).toHaveLength(1 + 3 * 2);
    expect(e.underWay().refreshes).toBe(0);
  });

  it("refreshes again after the platform cut a refresh off", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SWR),
        () => new Promise<Response>(() => undefined),
      ),
    });
    await e.text("/a");
    e.passes(20);
    await e.get("/a");
    await e.get("/a");
    expect(e.asked).toHaveLength(2);
    e.passes(30);
    await e.get("/a");
    expect(e.asked).toHaveLength(3);
  });

  it("ends with its window", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SWR),
        () => answer("new", SWR),
      ),
    });
    await e.text("/a");
    e.passes(70);
    expect((await e.text("/a")).text).toBe("new");
  });

  it("refreshes a response that the colo has as a stream", async () => {
    const [old, fresh] = ["o".repeat(5000), "n".repeat(5000)];
    const e = testEdge({
      lower: [mapTier("colo", 1000)],
      memory: { bytes: 100_000, bodyBytes: 1000 },
      origin: inTurn(
        () => answer(old, SWR),
        () => answer(fresh, SWR),
      ),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a")).text).toBe(old);
    const next = await e.text("/a");
    expect([next.text === fresh, next.response.headers.get("x-cache")]).toEqual([true, "HIT"]);
  });
});

describe("an origin that fails", () => {
  const SIE = { "cache-control": "max-age=10, stale-if-error=60", etag: '"v1"' };
  const refuses = (): Promise<Response> => Promise.reject(new Error("connection refused"));

  const otherTag = () => answer(null, { etag: '"v2"' }, 304);

  it.each<[string, () => Response | Promise<Response>]>([
    ["a 503", () => answer("down", {}, 503)],
    ["no connection", () => Promise.reject(new Error("refused"))],
    ["one more 304, to no question", otherTag],
  ])("is covered in the second request, too, after a 304 for another tag: %s", async (_, second) => {
    for (const [after, status] of [
      [20, 200],
      [71, null],
    ] as const) {
      const e = testEdge({ origin: inTurn(() => answer("hello", SIE), otherTag, second) });
      await e.text("/a");
      e.passes(after);
      const { response, text } = await e.text("/a");
      expect(e.asked[2]?.headers.get("if-none-match")).toBeNull();
      if (status === 200) expect([response.status, text]).toEqual([200, "hello"]);
      else expect(response.status).toBeGreaterThanOrEqual(502);
    }
  });

  it("is covered in the second request with a large body from the colo, too", async () => {
    const e = testEdge({
      lower: [mapTier("colo", 3)],
      memory: { bytes: 100_000, bodyBytes: 3 },
      origin: inTurn(
        () => answer("hello", SIE),
        otherTag,
        () => answer("down", {}, 503),
      ),
    });
    await e.text("/a");
    e.passes(20);
    const { response, text } = await e.text("/a");
    expect([response.status, text]).toEqual([200, "hello"]);
    expect(response.headers.get("cache-status")).toContain("detail=stale/stale-if-error");
  });

  it.each([
    ["refuses connections", refuses, "strata; fwd=stale; ttl=-10; detail=stale/stale-if-error"],
    [
      "answers 503",
      () => answer("sorry", {}, 503),
      "strata; fwd=stale; fwd-status=503; ttl=-10; detail=stale/stale-if-error",
    ],
  ])("is covered within the window when it %s", async (_, fails, cacheStatus) => {
    const e = testEdge({ origin: inTurn(() => answer("hello", SIE), fails) });
    await e.text("/a");
    e.passes(20);
    const stale = await e.text("/a");
    expect([stale.response.status, stale.text]).toEqual([200, "hello"]);
    expect(stale.response.headers.get("cache-status")).toBe(cacheStatus);
    expect(stale.response.headers.get("age")).toBe("20");
  });

  it.each([
    ["after the window", SIE["cache-control"], 71],
    ["without a window", "max-age=10", 20],
    ["against must-revalidate", "max-age=10, stale-if-error=60, must-revalidate", 20],
    ["against s-maxage", "s-maxage=10, stale-if-error=60", 20],
  ])("is not covered %s", async (_, cacheControl, seconds) => {
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", { "cache-control": cacheControl, etag: '"v1"' }),
        () => answer("sorry", {}, 503),
        refuses,
      ),
    });
    await e.text("/a");
    e.passes(seconds);
    const broken = await e.text("/a");
    expect([broken.response.status, broken.text]).toEqual([503, "sorry"]);
    expect((await e.text("/a")).response.status).toBe(502);
  });

  it("has its other errors passed on although a stale response is stored", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", SIE),
        () => answer("gone", {}, 404),
      ),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a")).response.status).toBe(404);
  });

  it("becomes a problem, with a code and a time to come back", async () => {
    const e = testEdge({ origin: refuses });
    const { response, text } = await e.text("/a");
    expect(response.status).toBe(502);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("cache-status")).toContain("detail=uri-miss/origin-unreachable");
    expect(JSON.parse(text)).toMatchObject({ type: "about:blank", status: 502 });
    expect(text).not.toContain("connection refused");
  });

  it("answers HEAD with the problem's header section alone", async () => {
    const e = testEdge({ origin: refuses });
    const { response, text } = await e.text("/a", { method: "HEAD" });
    expect([response.status, text]).toEqual([502, ""]);
  });

  it("leaves no body of the failed answer open", async () => {
    const gone = barrier<unknown>();
    const body = new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(10)), cancel: gone.open });
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", SIE),
        () => answer(body, {}, 503),
      ),
    });
    await e.text("/a");
    e.passes(20);
    await e.text("/a");
    await gone.passed;
  });
});
