// Owns the proof that a stored beginning is completed by its rest alone, and never stands for the whole before (RFC 9111 3.3, RFC 9110 13.1.5).
import { describe, expect, it } from "vitest";
import { barrier, turns } from "../../support/barrier.ts";
import { answer, type EdgeOptions, inTurn, type TestEdge, testEdge } from "../../support/edge.ts";
import { inPieces, partial, ranged, rangedOrigin, shown, TEN } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf, noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";
import { CACHED, edgeForParts, sent } from "../../support/edge-for-parts.ts";

const PLAIN = { "cache-control": "max-age=60" };
const SOON = 1.001;
describe("a stored beginning that many requests complete at once", () => {
  it("costs one request for the rest, and every client gets the whole", async () => {
    const e = await edgeForParts();
    const origin = rangedOrigin(TEN, { ...CACHED, "cache-control": "max-age=600" });
    e.origin = origin;
    await e.text("/a", ranged("bytes=0-4"));
    const rest = barrier();
    e.origin = async (request) => {
      await rest.passed;
      return origin(request);
    };
    // requests for a resource that could not be stored lately do not wait for each other
    e.passes(61);
    const all = Array.from({ length: 100 }, () => e.get("/a").then((response) => response.text()));
    await turns(200);
    rest.open();
    expect(new Set(await Promise.all(all))).toEqual(new Set([TEN]));
    expect(e.asked.filter(({ url }) => url.endsWith("/a"))).toHaveLength(2);
    expect(sent(e.asked.at(-1))).toEqual(["bytes=5-", '"v1"']);
  });
});

describe("a beginning", () => {
  /** An edge that holds the first four bytes of ten. */
  async function begun(headers: Record<string, string>, options: EdgeOptions = {}): Promise<TestEdge> {
    const e = testEdge({ ...options, origin: () => partial(TEN, 0, 3, headers) });
    await e.text("/a");
    e.origin = rangedOrigin(TEN, headers);
    return e;
  }

  it("is completed by the bytes that follow it", async () => {
    const e = await begun(CACHED);
    const response = await e.get("/a");
    expect(sent(e.asked[1])).toEqual(["bytes=4-", '"v1"']);
    expect(response.headers.get("cache-status")).toBe(
      "strata; fwd=partial; fwd-status=206; stored; ttl=60; detail=partial/completed",
    );
    expect(await shown(response)).toEqual([200, null, "10", TEN]);
    const next = await e.get("/a");
    expect([next.headers.get("x-cache"), ...(await shown(next))]).toEqual(["HIT", 200, null, "10", TEN]);
    expect(await shown(await e.get("/a", ranged("bytes=3-4")))).toEqual([206, "bytes 3-4/10", "2", "34"]);
    expect(e.asked).toHaveLength(2);
  });

  it("is completed for a client whose range it need not obey", async () => {
    const e = await begun(CACHED);
    const response = await e.get("/a", ranged("bytes=2-6", { "if-range": '"v0"' }));
    expect(await shown(response)).toEqual([200, null, "10", TEN]);
    expect(sent(e.asked[1])).toEqual(["bytes=4-", '"v1"']);
  });

  it("is completed although the client leaves", async () => {
    const e = await begun(CACHED);
    await (await e.get("/a")).body?.cancel();
    await e.idle();
    const { response, text } = await e.text("/a");
    expect([response.headers.get("x-cache"), text, e.asked.length]).toEqual(["HIT", TEN, 2]);
  });

  it("is no answer to only-if-cached", async () => {
    const e = await begun(CACHED);
    const { response } = await e.text("/a", { headers: { "cache-control": "only-if-cached" } });
    expect([response.status, e.asked.length]).toEqual([504, 1]);
  });

  it("is completed for a client that has the whole, and gets 304", async () => {
    const e = await begun(CACHED);
    expect((await e.text("/a", { headers: { "if-none-match": '"v1"' } })).response.status).toBe(304);
    const { response, text } = await e.text("/a");
    expect([response.headers.get("x-cache"), text]).toEqual(["HIT", TEN]);
  });

  it("is completed into the colo, where the whole is too large for memory", async () => {
    const bytes = noise(5000);
    const e = testEdge({
      lower: [mapTier("colo", 1000)],
      memory: { bytes: 100_000, bodyBytes: 1000 },
      origin: () => partial(bytes, 0, 799, CACHED),
    });
    await e.text("/a");
    e.origin = rangedOrigin(bytes, CACHED);
    for (const cacheStatus of ["partial/completed", "fresh/colo"]) {
      const response = await e.get("/a");
      expect([response.status, response.headers.get("content-length")]).toEqual([200, "5000"]);
      expect(response.headers.get("cache-status")).toContain(cacheStatus);
      expect(equal(new Uint8Array(await response.arrayBuffer()), bytes)).toBe(true);
      await e.idle();
    }
  });

  it.each([
    ["no tag", PLAIN],
    ["a date", { ...PLAIN, "last-modified": "Sun, 22 Nov 2026 10:00:00 GMT" }],
  ])(
    "is completed without If-Range where it has %s, and the edge fetches the whole if the rest proves nothing",
    async (_, headers) => {
      const e = await begun(headers);
      expect(await shown(await e.get("/a"))).toEqual([200, null, "10", TEN]);
      expect(sent(e.asked[1])).toEqual(["bytes=4-", null]);
      expect(sent(e.asked[2])).toEqual([null, null]);
      await e.idle();
      expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
      expect(e.asked).toHaveLength(3);
    },
  );

  it("is not completed where it has a weak tag, which proves nothing: the edge fetches the whole", async () => {
    const e = await begun({ ...PLAIN, etag: 'W/"v1"' });
    expect(await shown(await e.get("/a"))).toEqual([200, null, "10", TEN]);
    expect(sent(e.asked[1])).toEqual([null, null]);
    await e.idle();
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
    expect(e.asked).toHaveLength(2);
  });

  it("of a whole of unknown length is not completed either", async () => {
    const e = testEdge({ origin: () => answer("0123", { ...CACHED, "content-range": "bytes 0-3/*" }, 206) });
    await e.text("/a");
    e.origin = rangedOrigin(TEN, CACHED);
    expect((await e.text("/a")).text).toBe(TEN);
    expect(e.asked.map((request) => sent(request)[0])).toEqual([null, null]);
  });

  it.each([
    ["in its last piece", "456789x", 7],
    ["in one more piece", "456789x", 6],
    ["in many pieces", "456789xyz", 1],
  ])("is not taken for the whole when the rest goes on behind its end, %s", async (_, rest, size) => {
    const e = await begun(CACHED);
    e.origin = () => answer(inPieces(bytesOf(rest), size), { ...CACHED, "content-range": "bytes 4-9/10" }, 206);
    await expect((await e.get("/a")).text()).rejects.toThrow();
    await e.idle();
    e.origin = rangedOrigin(TEN, CACHED);
    expect((await e.text("/a", ranged("bytes=0-3"))).text).toBe("0123");
    const next = await e.get("/a");
    expect([next.headers.get("x-cache"), await next.text()]).toEqual(["MISS", TEN]);
  });

  it.each([2, 6])("is completed by a rest of no declared length, in pieces of %d", async (size) => {
    const e = await begun(CACHED);
    e.origin = () => answer(inPieces(bytesOf("456789"), size), { ...CACHED, "content-range": "bytes 4-9/10" }, 206);
    expect(await shown(await e.get("/a"))).toEqual([200, null, "10", TEN]);
    await e.idle();
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("gives way to the whole that comes instead", async () => {
    const e = await begun(CACHED);
    e.origin = rangedOrigin("abcdefghij", { ...CACHED, etag: '"v2"' });
    expect(await shown(await e.get("/a"))).toEqual([200, null, "10", "abcdefghij"]);
    await e.idle();
    const { response, text } = await e.text("/a");
    expect([response.headers.get("x-cache"), response.headers.get("etag"), text]).toEqual([
      "HIT",
      '"v2"',
      "abcdefghij",
    ]);
    expect(e.asked).toHaveLength(2);
  });

  const WHOLE = () => answer("abcdefghij", { ...CACHED, etag: '"v2"' });

  it.each([
    ["the rest of another thing", () => partial("abcdefghij", 4, 9, { ...CACHED, etag: '"v2"' })],
    ["the rest under a weak tag", () => partial(TEN, 4, 9, { ...CACHED, etag: 'W/"v1"' })],
    ["the rest under no tag", () => partial(TEN, 4, 9, PLAIN)],
    ["the rest of something longer", () => partial(`${TEN}x`, 4, 10, CACHED)],
    ["less than the rest", () => partial(TEN, 4, 8, CACHED)],
    ["a range that begins too late", () => partial(TEN, 5, 9, CACHED)],
    ["a range that begins too early", () => partial(TEN, 3, 9, CACHED)],
    ["a rest that may not be stored", () => partial(TEN, 4, 9, { ...CACHED, "cache-control": "no-store" })],
    ["a 206 of nonsense", () => answer("456789", { ...CACHED, "content-range": "bytes 9-4/10" }, 206)],
    ["a 416", () => answer(null, { "content-range": "bytes */4" }, 416)],
  ])("is given up, and the edge fetches the whole, when %s comes", async (_, rest) => {
    const e = await begun(CACHED);
    e.origin = inTurn(rest, WHOLE);
    expect(await shown(await e.get("/a"))).toEqual([200, null, null, "abcdefghij"]);
    expect(sent(e.asked[2])).toEqual([null, null]);
    await e.idle();
    expect((await e.text("/a")).text).toBe("abcdefghij");
    expect(e.asked).toHaveLength(3);
  });

  it.each([
    ["a 500", 1, () => answer("sorry", {}, 500), 500],
    ["a 404", 1, () => answer("gone", {}, 404), 404],
    ["no connection, tried twice,", 2, () => Promise.reject(new Error("refused")), 502],
  ])("stays, and %s passes on", async (_, attempts, fails, status) => {
    const e = await begun(CACHED);
    e.origin = fails;
    expect((await e.text("/a")).response.status).toBe(status);
    expect((await e.text("/a", ranged("bytes=0-3"))).text).toBe("0123");
    expect(e.asked).toHaveLength(1 + attempts);
  });

  it("is not taken for the whole when the rest breaks off", async () => {
    const e = await begun(CACHED);
    const broken = { ...CACHED, "content-range": "bytes 4-9/10", "content-length": "6" };
    e.origin = () =>
      answer(
        inPieces(bytesOf("456"), 2, (c) => c.error(new Error("reset"))),
        broken,
        206,
      );
    const response = await e.get("/a");
    expect([response.status, response.headers.get("content-length")]).toEqual([200, "10"]);
    await expect(response.text()).rejects.toThrow();
    await e.idle();
    e.origin = rangedOrigin(TEN, CACHED);
    const next = await e.get("/a");
    expect([next.headers.get("x-cache"), await next.text()]).toEqual(["MISS", TEN]);
  });

  it("is completed once more when a purge came in between", async () => {
    const tagged = { ...CACHED, "cache-tag": "a" };
    const e = await begun(tagged);
    e.log.purge(["a"], "hard");
    e.passes(SOON);
    await e.text("/a");
    expect(sent(e.asked[1])).toEqual([null, null]);
  });

  it.each(["hard", "soft"] as const)("completed, falls to a %s purge of its own tag", async (mode) => {
    const e = await begun({ ...CACHED, "cache-tag": "a" });
    e.origin = rangedOrigin(TEN, { ...CACHED, "cache-tag": "b" });
    await e.text("/a");
    e.log.purge(["a"], mode, e.clock.now());
    e.passes(SOON);
    e.origin = () => answer("new", CACHED);
    expect((await e.text("/a")).text).toBe("new");
  });
});
