// Owns the proof that a stale response is validated, and refreshed or replaced by the origin's answer.
import { describe, expect, it } from "vitest";
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
