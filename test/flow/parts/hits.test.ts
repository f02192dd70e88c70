// Owns the proof that a stored part answers ranges within it, and nothing else (RFC 9111 3.4, RFC 9110 15.3.7).
import { describe, expect, it } from "vitest";
import { answer, testEdge } from "../../support/edge.ts";
import { partial, ranged, rangedOrigin, shown, TEN } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { CACHED, edgeForParts, sent } from "../../support/edge-for-parts.ts";

describe("a part", () => {
  it.each([
    ["bytes=2-5", "2-5"],
    ["bytes=3-4", "3-4"],
    ["bytes=2-2", "2-2"],
    ["bytes=5-5", "5-5"],
  ])("answers %s, which lies within 2-5 of ten", async (range, positions) => {
    const e = await edgeForParts();
    await e.text("/a", ranged("bytes=2-5"));
    const response = await e.get("/a", ranged(range));
    const [first = 0, last = 0] = positions.split("-").map(Number);
    expect(response.headers.get("cache-status")).toContain("hit; ttl=60; detail=fresh/memory");
    expect(await shown(response)).toEqual([
      206,
      `bytes ${positions}/10`,
      String(last - first + 1),
      TEN.slice(first, last + 1),
    ]);
    expect(e.asked).toHaveLength(1);
  });

  it.each([
    ["bytes=1-5", "12345"],
    ["bytes=2-6", "23456"],
    ["bytes=0-", TEN],
    ["bytes=4-", "456789"],
    ["bytes=-6", "456789"],
    ["bytes=-1", "9"],
    ["bytes=0-1,3-4", TEN],
    ["bytes=5-4", TEN],
  ])("does not answer %s, which lies outside", async (range, text) => {
    const e = await edgeForParts();
    await e.text("/a", ranged("bytes=2-5"));
    const { response, text: got } = await e.text("/a", ranged(range));
    expect(response.headers.get("cache-status")).toContain("fwd=partial");
    expect(got).toBe(text);
    expect(e.asked).toHaveLength(2);
  });

  it("does not answer for the whole", async () => {
    const e = await edgeForParts();
    await e.text("/a", ranged("bytes=2-5"));
    expect(await shown(await e.get("/a"))).toEqual([200, null, "10", TEN]);
    expect(sent(e.asked[1])).toEqual([null, null]);
    await e.idle();
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it.each(["bytes=-4", "bytes=-2", "bytes=6-", "bytes=8-99", "bytes=6-9"])(
    "answers %s where it reaches to the end",
    async (range) => {
      const e = testEdge({ origin: rangedOrigin(TEN, CACHED) });
      await e.text("/a", ranged("bytes=-4"));
      expect((await e.text("/a", ranged(range))).response.headers.get("x-cache")).toBe("HIT");
    },
  );

  it("leaves ranges past the end to the origin", async () => {
    const e = await edgeForParts();
    await e.text("/a", ranged("bytes=2-5"));
    const { response } = await e.text("/a", ranged("bytes=10-"));
    expect([response.status, response.headers.get("content-range")]).toEqual([416, "bytes */10"]);
  });

  it.each([
    ["bytes=3-4", "HIT", "bytes 3-4/*"],
    ["bytes=3-", "MISS", "bytes 3-9/10"],
    ["bytes=-2", "MISS", "bytes 8-9/10"],
    ["bytes=3-6", "MISS", "bytes 3-6/10"],
  ])("of a whole of unknown length: %s is a %2$s", async (range, cache, contentRange) => {
    const e = await edgeForParts();
    e.origin = () => answer("2345", { ...CACHED, "content-range": "bytes 2-5/*" }, 206);
    await e.text("/a", ranged("bytes=2-5"));
    e.origin = rangedOrigin(TEN, CACHED);
    const { headers } = (await e.text("/a", ranged(range))).response;
    expect([headers.get("x-cache"), headers.get("content-range")]).toEqual([cache, contentRange]);
  });

  it.each([
    ['"v1"', "HIT", 206],
    ['"v2"', "MISS", 200],
    ['W/"v1"', "MISS", 200],
  ])("obeys If-Range: %s", async (ifRange, cache, status) => {
    const e = await edgeForParts();
    await e.text("/a", ranged("bytes=2-5"));
    const { response, text } = await e.text("/a", ranged("bytes=3-4", { "if-range": ifRange }));
    expect([response.headers.get("x-cache"), response.status]).toEqual([cache, status]);
    expect(text).toBe(status === 206 ? "34" : TEN);
  });

  it("answers If-None-Match for a range within it", async () => {
    const e = await edgeForParts();
    await e.text("/a", ranged("bytes=2-5"));
    const { response, text } = await e.text("/a", ranged("bytes=3-4", { "if-none-match": '"v1"' }));
    expect([response.status, text, response.headers.get("etag"), e.asked.length]).toEqual([304, "", '"v1"', 1]);
    expect(response.headers.get("content-range")).toBeNull();
  });

  it("does not stand for the whole in an answer to HEAD", async () => {
    const e = await edgeForParts();
    await e.text("/a", ranged("bytes=2-5"));
    const response = await e.get("/a", { method: "HEAD" });
    expect(await shown(response)).toEqual([200, null, "10", ""]);
    expect(e.asked[1]?.method).toBe("HEAD");
    expect((await e.text("/a", ranged("bytes=2-5"))).response.headers.get("x-cache")).toBe("HIT");
  });

  it("belongs to one variant", async () => {
    const e = await edgeForParts({ origin: rangedOrigin(TEN, { ...CACHED, vary: "x-lang" }) });
    for (const lang of ["de", "fr", "de"]) await e.text("/a", ranged("bytes=2-5", { "x-lang": lang }));
    expect(e.asked.map(({ headers }) => headers.get("x-lang"))).toEqual(["de", "fr"]);
  });

  it("is fetched anew when it is stale, and not validated", async () => {
    const swr = { ...CACHED, "cache-control": "max-age=10, stale-while-revalidate=60, stale-if-error=60" };
    const e = await edgeForParts({ origin: rangedOrigin(TEN, swr) });
    await e.text("/a", ranged("bytes=2-5"));
    e.passes(20);
    e.origin = rangedOrigin("abcdefghij", { ...swr, etag: '"v2"' });
    for (const cache of ["MISS", "HIT"]) {
      const { response, text } = await e.text("/a", ranged("bytes=2-5"));
      expect([response.status, text, response.headers.get("x-cache")]).toEqual([206, "cdef", cache]);
    }
    expect(e.asked[1]?.headers.get("if-none-match")).toBeNull();
  });

  it.each([
    ["a request that wants validation", { "cache-control": "no-cache" }],
    ["a request that wants a younger one", { "cache-control": "max-age=5" }],
  ])("is fetched anew for %s", async (_, headers) => {
    const e = await edgeForParts();
    await e.text("/a", ranged("bytes=2-5"));
    e.passes(10);
    expect((await e.text("/a", ranged("bytes=2-5", headers))).text).toBe("2345");
    expect(e.asked).toHaveLength(2);
  });

  it("has the lifetime that the rule gives the whole", async () => {
    const site = { rules: [{ match: "/*", edge: { ttl: 5 } }] };
    for (const headers of [CACHED, { etag: '"v1"' }]) {
      const e = await edgeForParts({ site, origin: rangedOrigin(TEN, headers) });
      await e.text("/a", ranged("bytes=2-5"));
      expect((await e.text("/a", ranged("bytes=2-5"))).response.headers.get("x-cache")).toBe("HIT");
      e.passes(6);
      expect((await e.text("/a", ranged("bytes=2-5"))).response.headers.get("x-cache")).toBe("MISS");
    }
  });
});

describe("a part in a near tier", () => {
  it("does not hide the whole in a farther one", async () => {
    const colo = mapTier("colo");
    const near = testEdge({ lower: [colo], origin: () => partial(TEN, 0, 3, CACHED) });
    await near.text("/a");
    const other = testEdge({ lower: [colo], log: near.log, origin: rangedOrigin(TEN, CACHED) });
    other.clock.advance(1);
    await other.text("/a");
    const { response, text } = await near.text("/a");
    expect([text, response.headers.get("cache-status")]).toEqual([TEN, "strata; hit; ttl=60; detail=fresh/colo"]);
    expect(near.asked).toHaveLength(1);
  });
});
