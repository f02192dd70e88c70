// Owns the proof that a 206 is stored as the part it is, or as the whole if it covers it (RFC 9111 3.3).
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { deadline, timeout } from "../../../src/base/deadline.ts";
import { guarded } from "../../../src/tiers/guard.ts";
import { kvTier } from "../../../src/tiers/kv.ts";
import { answer, testEdge } from "../../support/edge.ts";
import { inPieces, partial, ranged, rangedOrigin, shown, TEN } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf, noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";
import { CACHED, edgeForParts } from "../../support/edge-for-parts.ts";

const PLAIN = { "cache-control": "max-age=60" };
describe("a 206 that is stored as a part", () => {
  const part = (headers: Record<string, string>) => () => partial(TEN, 2, 5, headers);

  it.each([
    ["a sound 206", part(CACHED), "HIT"],
    ["a 206 of a date", part({ ...PLAIN, "last-modified": "Sun, 22 Nov 2026 10:00:00 GMT" }), "HIT"],
    ["a 206 without any validator", part(PLAIN), "HIT"],
    ["a 206 without Content-Length", () => answer("2345", { ...CACHED, "content-range": "bytes 2-5/10" }, 206), "HIT"],
    ["no 206 without Content-Range", () => answer("2345", CACHED, 206), "MISS"],
    ["no 206 of nonsense", () => answer("2345", { ...CACHED, "content-range": "bytes 5-2/10" }, 206), "MISS"],
    ["no 206 past its own end", () => answer("2345", { ...CACHED, "content-range": "bytes 2-5/4" }, 206), "MISS"],
    ["no 206 of another unit", () => answer("2345", { ...CACHED, "content-range": "items 2-5/10" }, 206), "MISS"],
    ["no private one", part({ ...CACHED, "cache-control": "private, max-age=60" }), "MISS"],
    ["none that says no-store", part({ ...CACHED, "cache-control": "no-store, max-age=60" }), "MISS"],
    ["none that wants validation each time", part({ ...CACHED, "cache-control": "no-cache, max-age=60" }), "MISS"],
    ["none without a lifetime", part({ etag: '"v1"' }), "MISS"],
    ["none that sets a cookie", part({ ...CACHED, "set-cookie": "id=1" }), "MISS"],
    ["none that varies on everything", part({ ...CACHED, vary: "*" }), "MISS"],
    ["none of an encoded body", part({ ...CACHED, "content-encoding": "gzip" }), "MISS"],
    ["none longer than its range", part({ ...CACHED, "content-range": "bytes 2-4/10" }), "MISS"],
  ])("%s", async (_, origin, cache) => {
    const e = await edgeForParts({ origin });
    const first = await e.get("/a", ranged("bytes=2-5"));
    expect([first.status, await first.text()]).toEqual([206, "2345"]);
    await e.idle();
    expect((await e.text("/a", ranged("bytes=2-5"))).response.headers.get("x-cache")).toBe(cache);
  });

  it("is no page under the name of a static file", async () => {
    const page = { ...CACHED, "content-type": "text/html" };
    const e = testEdge({ origin: rangedOrigin("<p>alice</p>", page) });
    for (let i = 1; i <= 3; i++) {
      const { response } = await e.text("/account/x.mp4", ranged("bytes=0-"));
      expect(response.headers.get("cache-status")).not.toContain("stored");
      expect(e.asked).toHaveLength(i);
    }
    expect(e.memory.usedBytes).toBe(0);
  });

  it("is no 416, whatever lifetime it has", async () => {
    const e = testEdge({ origin: rangedOrigin(TEN, CACHED) });
    for (let i = 1; i <= 2; i++) {
      const { response } = await e.text("/a", ranged("bytes=8388608-"));
      expect([response.status, response.headers.get("content-range"), e.asked.length]).toEqual([416, "bytes */10", i]);
      expect(response.headers.get("cache-status")).not.toContain("stored");
    }
    expect(e.memory.usedBytes).toBe(0);
  });

  it.each([
    ["than its Content-Range, without Content-Length", { "content-range": "bytes 2-5/10" }, false],
    ["than its Content-Length", { "content-range": "bytes 2-5/10", "content-length": "4" }, true],
  ])("is not stored where it is shorter %s", async (_, headers, breaks) => {
    const e = await edgeForParts();
    e.origin = () => answer(inPieces(bytesOf("234"), 2), { ...CACHED, ...headers }, 206);
    const response = await e.get("/a", ranged("bytes=2-5"));
    if (breaks) await expect(response.text()).rejects.toThrow();
    else expect(await response.text()).toBe("234");
    await e.idle();
    e.origin = rangedOrigin(TEN, CACHED);
    expect((await e.text("/a", ranged("bytes=2-5"))).text).toBe("2345");
    expect(e.asked).toHaveLength(2);
  });

  it.each([
    ["shorter than its Content-Range", "234", "bytes 2-5/10", "3"],
    ["shorter, without a length", "234", "bytes 2-5/10", undefined],
    ["shorter than the whole", "012345678", "bytes 0-9/10", "9"],
    ["shorter than the whole, without a length", "012345678", "bytes 0-9/10", undefined],
    ["longer than its Content-Range", "234567", "bytes 2-5/10", "6"],
    ["longer, without a length", "234567", "bytes 2-5/10", undefined],
    ["empty", "", "bytes 2-5/10", "0"],
    ["empty, without a length", "", "bytes 2-5/10", undefined],
  ])("is not stored where it is %s", async (_, body, range, length) => {
    const lengths = length === undefined ? [] : [["content-length", length] as const];
    const headers = [...Object.entries({ ...CACHED, "content-range": range }), ...lengths];
    const e = await edgeForParts({
      origin: () =>
        answer(
          length === undefined ? inPieces(bytesOf(body), 2) : body,
          headers.map(([a, b]) => [a, b]),
          206,
        ),
    });
    await e.text("/a", ranged(range.replace(" ", "=").replace(/\/.*/, "")));
    expect(e.memory.usedBytes).toBe(0);
    e.origin = rangedOrigin(TEN, CACHED);
    const { response, text } = await e.text("/a", ranged("bytes=2-3"));
    expect([response.headers.get("x-cache"), text]).toEqual(["MISS", "23"]);
  });

  it("is as large as the memory tier takes, and not a byte more", async () => {
    const bytes = noise(5000);
    for (const [range, cache] of [
      ["bytes=0-999", "HIT"],
      ["bytes=0-1000", "MISS"],
    ] as const) {
      const colo = mapTier("colo", 1000);
      const options = { lower: [colo], memory: { bytes: 100_000, bodyBytes: 1000 } };
      const e = await edgeForParts({ ...options, origin: rangedOrigin(bytes, CACHED) });
      const first = new Uint8Array(await (await e.get("/a", ranged(range))).arrayBuffer());
      await e.idle();
      expect(equal(first, bytes.subarray(0, first.length))).toBe(true);
      const second = await e.get("/a", ranged(range));
      expect(second.headers.get("x-cache"), range).toBe(cache);
      expect(equal(new Uint8Array(await second.arrayBuffer()), first)).toBe(true);
      await e.idle();
    }
  });

  it("lies in the colo, too, and never in KV", async () => {
    const put: string[] = [];
    const kv = kvTier(
      { ...env.STRATA_KV, get: () => Promise.resolve(null), put: (key) => Promise.resolve(void put.push(key)) },
      { minTtlSeconds: 300 },
    );
    const long = { ...CACHED, "cache-control": "max-age=6000" };
    const colo = mapTier("colo");
    const first = await edgeForParts({ lower: [colo, kv], origin: rangedOrigin(TEN, long) });
    await first.text("/a", ranged("bytes=2-5"));
    await first.text("/a", ranged("bytes=5-7"));
    expect(put).toEqual([]);
    const second = testEdge({ lower: [colo, kv], log: first.log, origin: rangedOrigin(TEN, long) });
    const { response, text } = await second.text("/a", ranged("bytes=2-7"));
    expect([text, response.headers.get("cache-status")]).toEqual([
      "234567",
      "strata; hit; ttl=6000; detail=fresh/colo",
    ]);
    await second.text("/a", ranged("bytes=-2"));
    await second.text("/a");
    expect(put).toHaveLength(1);
  });
});

describe("a 206 to a request without Range", () => {
  it("is delivered as it came, and stored as the part it is", async () => {
    const e = testEdge({ origin: () => partial(TEN, 2, 5, CACHED) });
    const response = await e.get("/a");
    expect(response.headers.get("cache-status")).toContain("stored");
    expect(await shown(response)).toEqual([206, "bytes 2-5/10", "4", "2345"]);
    await e.idle();
    expect((await e.text("/a", ranged("bytes=3-4"))).text).toBe("34");
    expect(e.asked).toHaveLength(1);
    e.origin = rangedOrigin(TEN, CACHED);
    expect(await shown(await e.get("/a"))).toEqual([200, null, "10", TEN]);
  });

  it("is delivered as it came, to a request for another range, too", async () => {
    const e = testEdge({ origin: () => partial(TEN, 2, 5, CACHED) });
    expect(await shown(await e.get("/a", ranged("bytes=3-4")))).toEqual([206, "bytes 2-5/10", "4", "2345"]);
  });
});

describe("a 206 that covers the whole", () => {
  const all = (headers: Record<string, string>) => () => partial(TEN, 0, 9, headers);
  const DATED = { ...PLAIN, "last-modified": "Sun, 22 Nov 2026 10:00:00 GMT" };

  it.each<[string, Record<string, string>]>([
    ["a tag", CACHED],
    ["a weak tag", { ...PLAIN, etag: 'W/"v1"' }],
    ["a date", DATED],
    ["no validator", PLAIN],
  ])("is stored as the 200 it would have been: with %s", async (_, headers) => {
    const e = testEdge({ origin: all(headers) });
    expect(await shown(await e.get("/a"))).toEqual([206, "bytes 0-9/10", "10", TEN]);
    await e.idle();
    const response = await e.get("/a");
    expect([response.headers.get("x-cache"), ...(await shown(response))]).toEqual(["HIT", 200, null, "10", TEN]);
    expect(await shown(await e.get("/a", ranged("bytes=3-4")))).toEqual([206, "bytes 3-4/10", "2", "34"]);
    expect(e.asked).toHaveLength(1);
  });

  it("is validated as a whole is, when it is stale", async () => {
    const e = testEdge({ origin: all({ ...CACHED, "cache-control": "no-cache" }) });
    await e.text("/a");
    e.origin = () => answer(null, CACHED, 304);
    expect((await e.text("/a")).text).toBe(TEN);
    expect(e.asked[1]?.headers.get("if-none-match")).toBe('"v1"');
  });

  it.each([
    ["longer", "0123456789x"],
    ["shorter", "012345678"],
  ])("is not stored where it is %s than declared, in memory or in the colo", async (_, body) => {
    for (const bodyBytes of [100, 3]) {
      const said = { ...CACHED, "content-range": "bytes 0-9/10" };
      const e = testEdge({
        lower: [guarded(mapTier("colo", 3), deadline(timeout, 1000), () => undefined)],
        memory: { bytes: 100_000, bodyBytes },
        origin: () => answer(inPieces(bytesOf(body), 2), said, 206),
      });
      expect((await e.text("/a")).text).toBe(body);
      e.origin = rangedOrigin(TEN, CACHED);
      expect(await shown(await e.get("/a"))).toEqual([200, null, "10", TEN]);
    }
  });

  it("is not stored where it is encoded: its range counts encoded bytes", async () => {
    const e = testEdge({ origin: all({ ...CACHED, "content-encoding": "gzip" }) });
    expect((await e.get("/a")).headers.get("cache-status")).toContain("content-encoding");
  });
});
