// Owns the proof of stored parts: a 206 answers ranges within it, is combined with other parts of the same representation, and never
// stands for more than it has (RFC 9111 3.3, 3.4; RFC 9110 15.3.7).
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { deadline, timeout } from "../../src/base/deadline.ts";
import { guarded } from "../../src/tiers/guard.ts";
import { kvTier } from "../../src/tiers/kv.ts";
import { barrier, turns } from "../support/barrier.ts";
import { answer, type EdgeOptions, inTurn, type TestEdge, testEdge } from "../support/edge.ts";
import { inPieces, partial, ranged, rangedOrigin, shown, TEN } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { bytesOf, noise } from "../support/stored.ts";
import { equal } from "../tiers/contract.ts";

const PLAIN = { "cache-control": "max-age=60" };
const CACHED = { ...PLAIN, etag: '"v1"' };
const SOON = 1.001;

/** An edge that sends ranges on as they come, since the whole could not be stored lately. */
async function edgeForParts(options: EdgeOptions = {}): Promise<TestEdge> {
  const e = testEdge({ ...options, origin: () => answer("x", { "cache-control": "no-store" }) });
  await e.text("/a");
  e.asked.length = 0;
  e.origin = options.origin ?? rangedOrigin(TEN, CACHED);
  return e;
}

/** The request to the origin: its range and its condition. */
function sent(request: Request | undefined): readonly (string | null | undefined)[] {
  return ["range", "if-range"].map((name) => request?.headers.get(name));
}

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

describe("two parts", () => {
  const v = (etag: string | undefined): Record<string, string> => (etag === undefined ? PLAIN : { ...PLAIN, etag });

  /** Fetches two parts, the second from another origin, and says how a range of both together then fares. */
  async function together(
    [first, second, both]: readonly [string, string, string],
    headers: readonly [Record<string, string>, Record<string, string>],
    contents: readonly [string, string] = [TEN, TEN],
  ) {
    const e = await edgeForParts({ origin: rangedOrigin(contents[0], headers[0]) });
    await e.text("/a", ranged(first));
    e.origin = rangedOrigin(contents[1], headers[1]);
    await e.text("/a", ranged(second));
    expect(e.asked).toHaveLength(2);
    const { response, text } = await e.text("/a", ranged(both));
    return { e, cache: response.headers.get("x-cache"), text, response };
  }

  it.each([
    ["touch", "bytes=2-3", "bytes=4-6", "bytes=2-6", "23456"],
    ["overlap", "bytes=2-5", "bytes=4-7", "bytes=2-7", "234567"],
    ["touch in the other order", "bytes=5-6", "bytes=2-4", "bytes=2-6", "23456"],
    ["overlap in the other order", "bytes=4-7", "bytes=2-5", "bytes=2-7", "234567"],
    ["lie in each other", "bytes=4-5", "bytes=2-7", "bytes=2-7", "234567"],
    ["reach to the end", "bytes=4-6", "bytes=-3", "bytes=-6", "456789"],
  ])("that %s become one", async (_, first, second, both, expected) => {
    const { cache, text, response } = await together([first, second, both], [CACHED, CACHED]);
    expect([cache, text, response.headers.get("etag")]).toEqual(["HIT", expected, '"v1"']);
  });

  it.each([
    ["leave a gap", "bytes=2-3", "bytes=5-6", '"v1"', '"v1"', TEN],
    ["have different tags", "bytes=2-3", "bytes=4-6", '"v1"', '"v2"', TEN],
    ["have weak tags", "bytes=2-3", "bytes=4-6", 'W/"v1"', 'W/"v1"', TEN],
    ["have a weak and a strong tag", "bytes=2-3", "bytes=4-6", '"v1"', 'W/"v1"', TEN],
    ["have no tag", "bytes=2-3", "bytes=4-6", undefined, undefined, TEN],
    ["have one tag between them", "bytes=2-3", "bytes=4-6", '"v1"', undefined, TEN],
    ["are of different length", "bytes=2-3", "bytes=4-6", '"v1"', '"v1"', `${TEN}x`],
  ])("that %s do not: the newer one is stored", async (_, first, second, etag1, etag2, content) => {
    const both = "bytes=2-6";
    const { e, cache } = await together([first, second, both], [v(etag1), v(etag2)], [TEN, content]);
    expect([cache, e.asked.length]).toEqual(["MISS", 3]);
  });

  it("of different representations: the store has the newer one alone", async () => {
    const e = await edgeForParts();
    await e.text("/a", ranged("bytes=2-3"));
    e.origin = rangedOrigin("abcdefghij", { ...CACHED, etag: '"v2"' });
    await e.text("/a", ranged("bytes=4-6"));
    expect((await e.text("/a", ranged("bytes=4-6"))).text).toBe("efg");
    expect(e.asked).toHaveLength(2);
    expect((await e.text("/a", ranged("bytes=2-3"))).text).toBe("cd");
    expect(e.asked).toHaveLength(3);
  });

  it.each([
    ["bytes=0-3", "bytes=4-9"],
    ["bytes=4-9", "bytes=0-3"],
    ["bytes=0-6", "bytes=-5"],
    ["bytes=-5", "bytes=0-6"],
  ])("%s and %s are the whole, and answer for it", async (first, second) => {
    const e = await edgeForParts();
    await e.text("/a", ranged(first));
    await e.text("/a", ranged(second));
    e.passes(7);
    const response = await e.get("/a");
    expect(response.headers.get("cache-status")).toBe("strata; hit; ttl=53; detail=fresh/memory");
    expect(response.headers.get("age")).toBe("7");
    expect(await shown(response)).toEqual([200, null, "10", TEN]);
    expect(await shown(await e.get("/a", ranged("bytes=3-4")))).toEqual([206, "bytes 3-4/10", "2", "34"]);
    expect(await shown(await e.get("/a", ranged("bytes=10-")))).toEqual([416, "bytes */10", "0", ""]);
    expect(e.asked).toHaveLength(2);
  });

  it("have the header section of the newer", async () => {
    const headers = { ...CACHED, "cache-control": "max-age=600", "x-own": "new" };
    const { response } = await together(
      ["bytes=2-3", "bytes=4-6", "bytes=2-6"],
      [{ ...CACHED, "x-own": "old" }, headers],
    );
    expect([response.headers.get("x-own"), response.headers.get("cache-status")]).toEqual([
      "new",
      "strata; hit; ttl=600; detail=fresh/memory",
    ]);
  });

  it("become one, byte for byte, however many there are", async () => {
    const bytes = noise(100_000);
    const e = await edgeForParts({ origin: rangedOrigin(bytes, CACHED) });
    for (const range of ["bytes=40000-59999", "bytes=30000-45000", "bytes=60000-99999", "bytes=0-29999"])
      await (await e.get("/a", ranged(range))).arrayBuffer();
    await e.idle();
    const response = await e.get("/a");
    expect([response.status, response.headers.get("x-cache"), e.asked.length]).toEqual([200, "HIT", 4]);
    expect(equal(new Uint8Array(await response.arrayBuffer()), bytes)).toBe(true);
  });

  it("stay apart where together they are too large for memory", async () => {
    const bytes = noise(5000);
    const e = await edgeForParts({
      memory: { bytes: 100_000, bodyBytes: 1000 },
      origin: rangedOrigin(bytes, CACHED),
    });
    for (const range of ["bytes=0-799", "bytes=800-1599"]) await (await e.get("/a", ranged(range))).arrayBuffer();
    await e.idle();
    for (const [range, cache] of [
      ["bytes=800-1599", "HIT"],
      ["bytes=0-1599", "MISS"],
    ] as const) {
      const response = await e.get("/a", ranged(range));
      expect(response.headers.get("x-cache")).toBe(cache);
      const [first = 0, last = 0] = range.slice(6).split("-").map(Number);
      expect(equal(new Uint8Array(await response.arrayBuffer()), bytes.subarray(first, last + 1))).toBe(true);
    }
  });

  it.each([
    ["hard", "a"],
    ["hard", "b"],
    ["soft", "a"],
    ["soft", "b"],
  ] as const)("fall together by a %s purge of tag %s, of one of them", async (mode, tag) => {
    const tagged = (tags: string) => ({ ...CACHED, "cache-tag": tags });
    const e = await edgeForParts({ origin: rangedOrigin(TEN, tagged("a")) });
    await e.text("/a", ranged("bytes=0-3"));
    e.origin = rangedOrigin(TEN, tagged("b"));
    await e.text("/a", ranged("bytes=4-9"));
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
    e.log.purge([tag], mode, e.clock.now());
    e.passes(SOON);
    e.origin = () => answer("new", tagged("a"));
    const { response, text } = await e.text("/a");
    expect([text, response.headers.get("x-cache")]).toEqual(["new", "MISS"]);
    expect(e.asked.at(-1)?.headers.get("if-none-match")).toBe(mode === "hard" ? null : '"v1"');
  });

  it("are not combined when the first was purged before the second came", async () => {
    const tagged = { ...CACHED, "cache-tag": "a" };
    const e = await edgeForParts({ origin: rangedOrigin(TEN, tagged) });
    await e.text("/a", ranged("bytes=0-3"));
    e.log.purge(["a"], "hard");
    e.passes(SOON);
    await e.text("/a", ranged("bytes=4-9"));
    expect((await e.text("/a", ranged("bytes=0-9"))).response.headers.get("x-cache")).toBe("MISS");
  });

  it("fall to a purge that came while the second was under way", async () => {
    const tagged = { ...CACHED, "cache-tag": "a" };
    const e = await edgeForParts({ origin: rangedOrigin(TEN, tagged) });
    await e.text("/a", ranged("bytes=0-3"));
    const [reached, slow] = [barrier(), barrier()];
    const origin = rangedOrigin(TEN, tagged);
    e.origin = async (request) => {
      reached.open();
      await slow.passed;
      return origin(request);
    };
    const second = e.text("/a", ranged("bytes=4-9"));
    await reached.passed;
    e.log.purge(["a"], "hard");
    e.replica.apply({ delta: e.log.delta(e.replica.cursor()), sentAtMs: e.clock.now() });
    slow.open();
    await second;
    expect((await e.text("/a")).response.headers.get("cache-status")).toContain("detail=purged");
  });

  it("fall to a purge that came between the lookup of the first and the fetch of the second", async () => {
    const tagged = { ...CACHED, "cache-tag": "a" };
    const global = mapTier("global");
    const e = await edgeForParts({ lower: [global], origin: rangedOrigin(TEN, tagged) });
    await e.text("/a", ranged("bytes=0-3"));
    const [reached, slow] = [barrier(), barrier()];
    global.beforeGet = () => {
      reached.open();
      return slow.passed;
    };
    const second = e.text("/a", ranged("bytes=4-9"));
    await reached.passed;
    e.log.purge(["a"], "hard");
    e.replica.apply({ delta: e.log.delta(e.replica.cursor()), sentAtMs: e.clock.now() });
    slow.open();
    await second;
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("MISS");
  });

  it("that come at the same time leave one of them, unharmed", async () => {
    const e = await edgeForParts();
    await Promise.all([e.text("/a", ranged("bytes=0-3")), e.text("/a", ranged("bytes=6-9"))]);
    for (const [range, text] of [
      ["bytes=0-3", "0123"],
      ["bytes=6-9", "6789"],
    ] as const)
      expect((await e.text("/a", ranged(range))).text).toBe(text);
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
