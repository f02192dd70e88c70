// Owns the proof that a client gets exactly the range it asked for, from wherever the whole is, and that a range never costs the
// cache the whole (RFC 9110 13.1.5, 14, 15.3.7, 15.5.17).
import { describe, expect, it } from "vitest";
import { coloTier } from "../../src/tiers/colo.ts";
import { barrier } from "../support/barrier.ts";
import { answer, inTurn, type TestEdge, testEdge } from "../support/edge.ts";
import { inPieces, partial, ranged, rangedOrigin, shown, TEN } from "../support/ranged.ts";
import { mapTier } from "../support/shelf-tier.ts";
import { bytesOf, noise } from "../support/stored.ts";
import { equal } from "../tiers/contract.ts";

const MODIFIED = "Sun, 22 Nov 2026 10:00:00 GMT";
const CACHED = { "cache-control": "max-age=60", "content-type": "text/plain", etag: '"v1"' };
const MB = 2 ** 20;

type Row = readonly [range: string, status: number, contentRange: string | null, body: string];

const FROM_START: readonly Row[] = [
  ["bytes=0-1", 206, "bytes 0-1/10", "01"],
  ["bytes=0-0", 206, "bytes 0-0/10", "0"],
  ["bytes=4-6", 206, "bytes 4-6/10", "456"],
  ["bytes=9-9", 206, "bytes 9-9/10", "9"],
  ["bytes=4-", 206, "bytes 4-9/10", "456789"],
  ["bytes=0-", 206, "bytes 0-9/10", TEN],
  ["bytes=8-99", 206, "bytes 8-9/10", "89"],
  ["bytes=0-99999999999999999999", 206, "bytes 0-9/10", TEN],
  ["BYTES=0-1", 206, "bytes 0-1/10", "01"],
  ["bytes=0-1,", 206, "bytes 0-1/10", "01"],
  ["bytes=10-", 416, "bytes */10", ""],
  ["bytes=10-20", 416, "bytes */10", ""],
];

const FROM_ELSEWHERE: readonly Row[] = [
  ["bytes=-3", 206, "bytes 7-9/10", "789"],
  ["bytes=-1", 206, "bytes 9-9/10", "9"],
  ["bytes=-10", 206, "bytes 0-9/10", TEN],
  ["bytes=-99", 206, "bytes 0-9/10", TEN],
  ["bytes=-0", 416, "bytes */10", ""],
  ["bytes=99999999999999999999-", 416, "bytes */10", ""],
];

const IGNORED = [
  "bytes=0-1,3-4",
  "bytes=0-1, -1",
  "bytes=5-2",
  "bytes=a-b",
  "bytes=-",
  "bytes=--1",
  "bytes=1-2-3",
  "bytes=",
  "bytes",
  "bytes 0-1",
  "bytes=0x0-1",
  "bytes=1.0-2",
  "bytes=+1-2",
  "items=0-1",
  "seconds=0-1",
];

const EVERY: readonly Row[] = [
  ...FROM_START,
  ...FROM_ELSEWHERE,
  ...IGNORED.map((range): Row => [range, 200, null, TEN]),
];

const whole = () => answer(TEN, { ...CACHED, "content-length": "10" });

describe("a range of a stored response", () => {
  it.each(EVERY)("%s of ten bytes in memory: %i %s", async (range, status, contentRange, body) => {
    const e = testEdge({ origin: whole });
    await e.text("/a");
    const response = await e.get("/a", ranged(range));
    expect(response.headers.get("x-cache")).toBe("HIT");
    expect(await shown(response)).toEqual([status, contentRange, String(body.length), body]);
    expect(e.asked).toHaveLength(1);
  });

  it.each(EVERY)("%s of ten bytes streamed out of the colo: %i %s", async (range, status, contentRange, body) => {
    const colo = mapTier("colo", 5);
    const options = { lower: [colo], memory: { bytes: 100_000, bodyBytes: 5 }, origin: whole };
    const e = testEdge(options);
    await e.text("/a");
    const response = await e.get("/a", ranged(range));
    expect(response.headers.get("cache-status")).toContain("detail=fresh/colo");
    expect(await shown(response)).toEqual([status, contentRange, String(body.length), body]);
    expect(e.asked).toHaveLength(1);
  });

  it.each([
    ["bytes=0-0", 0, 0],
    ["bytes=65535-65536", 65_535, 65_536],
    ["bytes=1000000-2999999", 1_000_000, 2_999_999],
    ["bytes=5242879-", 5 * MB - 1, 5 * MB - 1],
    ["bytes=-70000", 5 * MB - 70_000, 5 * MB - 1],
    ["bytes=0-", 0, 5 * MB - 1],
  ])("%s of 5 MB out of the Cache API", async (range, first, last) => {
    const bytes = noise(5 * MB);
    const cache = await caches.open(`ranges-${range}`);
    const e = testEdge({
      lower: [coloTier(() => Promise.resolve(cache), MB)],
      origin: () => answer(inPieces(bytes, 65_536), { ...CACHED, "content-length": String(5 * MB) }),
    });
    await (await e.get("/a")).arrayBuffer();
    await e.idle();
    const response = await e.get("/a", ranged(range));
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${String(first)}-${String(last)}/${String(5 * MB)}`);
    expect(response.headers.get("content-length")).toBe(String(last - first + 1));
    expect(equal(new Uint8Array(await response.arrayBuffer()), bytes.subarray(first, last + 1))).toBe(true);
    expect(e.asked).toHaveLength(1);
  });

  it("of 5 MB without Content-Length is cut once they are stored", async () => {
    const bytes = noise(5 * MB);
    const cache = await caches.open("ranges-unknown");
    const e = testEdge({
      lower: [coloTier(() => Promise.resolve(cache), MB)],
      origin: () => answer(inPieces(bytes, 65_536), CACHED),
    });
    await (await e.get("/a")).arrayBuffer();
    await e.idle();
    const response = await e.get("/a", ranged("bytes=-1000"));
    expect(response.headers.get("content-range")).toBe(
      `bytes ${String(5 * MB - 1000)}-${String(5 * MB - 1)}/${String(5 * MB)}`,
    );
    expect(equal(new Uint8Array(await response.arrayBuffer()), bytes.subarray(5 * MB - 1000))).toBe(true);
  });

  it.each([
    ["bytes=0-", 416],
    ["bytes=0-0", 416],
    // a suffix of an empty representation is satisfiable, and there is no 206 that could say so (RFC 9110 14.1.2)
    ["bytes=-1", 200],
  ])("%s of an empty body: %i", async (range, status) => {
    const e = testEdge({ origin: () => answer("", { ...CACHED, "content-length": "0" }) });
    await e.text("/a");
    const response = await e.get("/a", ranged(range));
    expect(await shown(response)).toEqual([status, status === 416 ? "bytes */0" : null, "0", ""]);
  });

  it.each([404, 203, 410, 301])("means nothing for a stored %i", async (status) => {
    const e = testEdge({ origin: () => answer(TEN, CACHED, status) });
    await e.text("/a");
    const { response, text } = await e.text("/a", ranged("bytes=0-1"));
    expect([response.status, text, response.headers.get("x-cache")]).toEqual([status, TEN, "HIT"]);
  });

  it("means nothing for HEAD", async () => {
    const e = testEdge({ origin: whole });
    await e.text("/a");
    const response = await e.get("/a", { ...ranged("bytes=0-1"), method: "HEAD" });
    expect(await shown(response)).toEqual([200, null, "10", ""]);
  });

  it("is cut out of the variant that the request selects", async () => {
    const e = testEdge({
      origin: (request) => answer(`in ${request.headers.get("x-lang") ?? ""}`, { ...CACHED, vary: "x-lang" }),
    });
    for (const lang of ["de", "fr"]) await e.text("/a", { headers: { "x-lang": lang } });
    for (const lang of ["de", "fr"])
      expect((await e.text("/a", ranged("bytes=3-", { "x-lang": lang }))).text).toBe(lang);
    expect(e.asked).toHaveLength(2);
  });

  it("has the fields of the whole, except for its length", async () => {
    const headers = {
      ...CACHED,
      "content-length": "10",
      "last-modified": MODIFIED,
      vary: "x-a",
      expires: "Sun, 22 Nov 2026 13:00:00 GMT",
      date: "Sun, 22 Nov 2026 12:00:00 GMT",
      "content-language": "de",
      "content-location": "/b",
      "x-own": "1",
      // the origin's Content-Range means nothing on a 200, and must not stand beside the edge's
      "content-range": "bytes 0-4/5",
    };
    const e = testEdge({ origin: () => answer(TEN, headers) });
    await e.text("/a");
    e.passes(5);
    const { response } = await e.text("/a", ranged("bytes=2-3"));
    expect(response.headers.get("content-range")).toBe("bytes 2-3/10");
    expect(response.headers.get("content-length")).toBe("2");
    expect(response.headers.get("age")).toBe("5");
    expect(response.headers.get("cache-status")).toBe("strata; hit; ttl=55; detail=fresh/memory");
    const { "content-range": _, "content-length": _whole, ...carried } = headers;
    for (const [name, value] of Object.entries(carried)) expect(response.headers.get(name), name).toBe(value);
  });

  it("leaves caches below a 416 without a lifetime, or they would answer the whole with it", async () => {
    const e = testEdge({ origin: () => answer(TEN, { ...CACHED, expires: "Sun, 22 Nov 2026 13:00:00 GMT" }) });
    await e.text("/a");
    const { headers } = (await e.text("/a", ranged("bytes=10-"))).response;
    expect([headers.get("content-type"), headers.get("expires")]).toEqual([null, null]);
    expect(headers.get("cache-control") ?? "no-store").not.toContain("max-age");
  });

  it("comes out of memory again and again without harm to the bytes", async () => {
    const bytes = noise(100_000);
    const e = testEdge({ origin: () => answer(bytes.slice(), CACHED) });
    await e.text("/a");
    const slices = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const response = await e.get("/a", ranged(`bytes=${String(i * 5000)}-${String(i * 5000 + 4999)}`));
        return new Uint8Array(await response.arrayBuffer());
      }),
    );
    for (const [i, slice] of slices.entries())
      expect(equal(slice, bytes.subarray(i * 5000, i * 5000 + 5000)), String(i)).toBe(true);
  });
});

describe("a range on a miss", () => {
  it.each([...FROM_START, ...IGNORED.map((range): Row => [range, 200, null, TEN])])(
    "%s: %i %s, cut out of the whole, which is stored",
    async (range, status, contentRange, body) => {
      const e = testEdge({ origin: rangedOrigin(TEN, CACHED) });
      const response = await e.get("/a", ranged(range, { "if-range": '"v1"' }));
      expect(await shown(response)).toEqual([status, contentRange, String(body.length), body]);
      await e.idle();
      expect(["range", "if-range"].map((name) => e.asked[0]?.headers.get(name))).toEqual([null, null]);
      const next = await e.get("/a");
      expect([next.headers.get("x-cache"), await next.text(), e.asked.length]).toEqual(["HIT", TEN, 1]);
    },
  );

  it("fetches 5 MB into the colo for a thousand bytes", async () => {
    const bytes = noise(5 * MB);
    const cache = await caches.open("ranges-miss");
    const e = testEdge({
      lower: [coloTier(() => Promise.resolve(cache), MB)],
      origin: () => answer(inPieces(bytes, 65_536), { ...CACHED, "content-length": String(5 * MB) }),
    });
    const slice = await e.get("/a", ranged("bytes=100000-100999"));
    expect(slice.headers.get("content-range")).toBe(`bytes 100000-100999/${String(5 * MB)}`);
    expect(equal(new Uint8Array(await slice.arrayBuffer()), bytes.subarray(100_000, 101_000))).toBe(true);
    await e.idle();
    expect(e.asked[0]?.headers.get("range")).toBeNull();
    const next = await e.get("/a");
    expect(next.headers.get("cache-status")).toContain("detail=fresh/colo");
    expect(equal(new Uint8Array(await next.arrayBuffer()), bytes)).toBe(true);
  });

  it("gets the whole of a body of unknown length", async () => {
    const e = testEdge({ origin: () => answer(inPieces(bytesOf(TEN), 4), CACHED) });
    expect(await shown(await e.get("/a", ranged("bytes=2-3")))).toEqual([200, null, null, TEN]);
    await e.idle();
    expect(await shown(await e.get("/a", ranged("bytes=2-3")))).toEqual([206, "bytes 2-3/10", "2", "23"]);
    expect(e.asked).toHaveLength(1);
  });

  it.each([...FROM_ELSEWHERE.slice(0, 4), ["bytes=8388608-", 416, "bytes */10", ""] as const])(
    "%s goes to the origin as it was sent: %i %s",
    async (range, status, contentRange, body) => {
      const e = testEdge({ origin: rangedOrigin(TEN, CACHED) });
      const response = await e.get("/a", ranged(range, { "if-range": '"v1"' }));
      expect([response.status, response.headers.get("content-range"), await response.text()]).toEqual([
        status,
        contentRange,
        body,
      ]);
      expect(["range", "if-range"].map((name) => e.asked[0]?.headers.get(name))).toEqual([range, '"v1"']);
    },
  );

  it("fetches the whole up to a start just below 8 MB, and the range itself from there on", async () => {
    for (const [range, sent] of [
      ["bytes=8388607-8388610", null],
      ["bytes=8388608-8388610", "bytes=8388608-8388610"],
    ] as const) {
      const e = testEdge({ origin: whole });
      await e.text("/a", ranged(range));
      expect(e.asked[0]?.headers.get("range"), range).toBe(sent);
    }
  });

  it("is cut here where the origin answers a forwarded one with the whole", async () => {
    const e = testEdge({ origin: whole });
    expect(await shown(await e.get("/a", ranged("bytes=-3")))).toEqual([206, "bytes 7-9/10", "3", "789"]);
    await e.idle();
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("means nothing for an error", async () => {
    const e = testEdge({ origin: () => answer(TEN, { "content-length": "10" }, 404) });
    expect(await shown(await e.get("/a", ranged("bytes=0-1")))).toEqual([404, null, "10", TEN]);
  });

  it("is cut out of an unstorable response, too", async () => {
    const e = testEdge({ origin: () => answer(TEN, { "cache-control": "no-store", "content-length": "10" }) });
    expect(await shown(await e.get("/a", ranged("bytes=2-3")))).toEqual([206, "bytes 2-3/10", "2", "23"]);
  });

  it("with only-if-cached gets nothing", async () => {
    const e = testEdge({ origin: whole });
    const { response } = await e.text("/a", ranged("bytes=0-1", { "cache-control": "only-if-cached" }));
    expect([response.status, e.asked.length]).toEqual([504, 0]);
  });

  it("delivers the beginning of a body that turns out too short, and stores nothing of it", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer(inPieces(bytesOf("01234"), 3), { ...CACHED, "content-length": "10" }),
        () => answer("whole", CACHED),
      ),
    });
    expect(await shown(await e.get("/a", ranged("bytes=0-1")))).toEqual([206, "bytes 0-1/10", "2", "01"]);
    await e.idle();
    expect((await e.text("/a")).text).toBe("whole");
  });

  it("breaks off where the body breaks off within it", async () => {
    const e = testEdge({
      origin: () => answer(inPieces(bytesOf("01234"), 3), { ...CACHED, "content-length": "10" }),
    });
    const response = await e.get("/a", ranged("bytes=3-8"));
    await expect(response.text()).rejects.toThrow();
    await e.idle();
    expect(e.memory.usedBytes).toBe(0);
  });
});

describe("a client of a range that leaves", () => {
  it.each([
    ["before it reads", 0],
    ["after some of it", 1],
  ])("does not spoil the fill: %s", async (_, reads) => {
    const bytes = noise(10_000);
    const rest = barrier();
    const e = testEdge({
      origin: () =>
        answer(
          inPieces(bytes, 1000, async (c) => {
            await rest.passed;
            c.close();
          }),
          { ...CACHED, "content-length": "10000" },
        ),
    });
    const reader = (await e.get("/a", ranged("bytes=500-9000"))).body?.getReader();
    for (let i = 0; i < reads; i++) await reader?.read();
    await reader?.cancel();
    rest.open();
    await e.idle();
    const next = await e.get("/a");
    expect([next.headers.get("x-cache"), e.asked.length]).toEqual(["HIT", 1]);
    expect(equal(new Uint8Array(await next.arrayBuffer()), bytes)).toBe(true);
  });

  it("gives the stream out of the colo back", async () => {
    const gone = barrier<unknown>();
    const colo = mapTier("colo");
    const e = testEdge({ lower: [colo], memory: { bytes: 100_000, bodyBytes: 5 }, origin: whole });
    await e.text("/a");
    const [stored] = [...colo.entries.values()];
    const stream = new ReadableStream<Uint8Array>({ pull: (c) => c.enqueue(new Uint8Array(2)), cancel: gone.open });
    if (stored?.kind === "response") colo.get = () => ({ ...stored, body: { kind: "stream", stream } });
    const response = await e.get("/a", ranged("bytes=0-1"));
    expect((await response.arrayBuffer()).byteLength).toBe(2);
    await gone.passed;
  });
});

describe("If-Range", () => {
  const dated = (lastModified: string) => ({
    ...CACHED,
    "last-modified": lastModified,
    date: "Sun, 22 Nov 2026 12:00:00 GMT",
  });
  const rows: readonly (readonly [string, string, Record<string, string>, number])[] = [
    ["the strong tag", '"v1"', CACHED, 206],
    ["another tag", '"v2"', CACHED, 200],
    ["the tag made weak", 'W/"v1"', CACHED, 200],
    ["a weak tag, equal", 'W/"v1"', { ...CACHED, etag: 'W/"v1"' }, 200],
    ["a strong tag of a weak one", '"v1"', { ...CACHED, etag: 'W/"v1"' }, 200],
    ["the tag without quotes", "v1", CACHED, 200],
    ["two tags", '"v1", "v2"', CACHED, 200],
    ["a tag of what has none", '"v1"', { "cache-control": "max-age=60", "last-modified": MODIFIED }, 200],
    ["the date, long past", MODIFIED, dated(MODIFIED), 206],
    ["the date, in another form", "Sunday, 22-Nov-26 10:00:00 GMT", dated(MODIFIED), 206],
    ["the date, a second before Date", "Sun, 22 Nov 2026 11:59:59 GMT", dated("Sun, 22 Nov 2026 11:59:59 GMT"), 206],
    ["the date, within a second of Date", "Sun, 22 Nov 2026 12:00:00 GMT", dated("Sun, 22 Nov 2026 12:00:00 GMT"), 200],
    ["a later date", "Sun, 22 Nov 2026 10:00:01 GMT", dated(MODIFIED), 200],
    ["an earlier date", "Sun, 22 Nov 2026 09:59:59 GMT", dated(MODIFIED), 200],
    ["a date of what has none", MODIFIED, CACHED, 200],
    ["no date at all", "yesterday", dated(MODIFIED), 200],
  ];

  it.each(rows)("%s: %s", async (_, ifRange, headers, status) => {
    const e = testEdge({ origin: () => answer(TEN, { ...headers, "content-length": "10" }) });
    const init = ranged("bytes=2-3", { "if-range": ifRange });
    const expected = status === 206 ? [206, "bytes 2-3/10", "2", "23"] : [200, null, "10", TEN];
    for (const cache of ["MISS", "HIT"]) {
      const response = await e.get("/a", init);
      expect(response.headers.get("x-cache")).toBe(cache);
      expect(await shown(response), cache).toEqual(expected);
      await e.idle();
    }
  });

  it("accepts a generated tag", async () => {
    const e = testEdge({ origin: () => answer(TEN, { "cache-control": "max-age=60" }) });
    await e.text("/a");
    const etag = (await e.text("/a")).response.headers.get("etag") ?? "none";
    const same = await e.get("/a", ranged("bytes=2-3", { "if-range": etag }));
    expect(await shown(same)).toEqual([206, "bytes 2-3/10", "2", "23"]);
    const other = await e.get("/a", ranged("bytes=2-3", { "if-range": '"strata-0000000000000000"' }));
    expect(await shown(other)).toEqual([200, null, "10", TEN]);
  });

  it("that fails makes a range past the end harmless", async () => {
    const e = testEdge({ origin: whole });
    await e.text("/a");
    expect(await shown(await e.get("/a", ranged("bytes=99-", { "if-range": '"v2"' })))).toEqual([200, null, "10", TEN]);
  });

  it("means nothing without Range", async () => {
    const e = testEdge({ origin: whole });
    await e.text("/a");
    expect((await e.text("/a", { headers: { "if-range": '"v1"' } })).response.status).toBe(200);
  });
});

describe("a range with another condition", () => {
  const both = { ...CACHED, "last-modified": MODIFIED, "content-length": "10" };

  it.each([
    ["If-None-Match that names it", { "if-none-match": '"v1"' }, 304],
    ["If-None-Match that names it, past the end", { "if-none-match": '"v1"', range: "bytes=99-" }, 304],
    ["If-None-Match that names it, and If-Range that does not", { "if-none-match": '"v1"', "if-range": '"v2"' }, 304],
    ["If-None-Match that names another", { "if-none-match": '"v2"' }, 206],
    ["If-Modified-Since it was modified", { "if-modified-since": MODIFIED }, 304],
    ["If-Modified-Since an earlier date", { "if-modified-since": "Sun, 22 Nov 2026 09:00:00 GMT" }, 206],
  ])("is judged after %s", async (_, headers, status) => {
    const e = testEdge({ origin: () => answer(TEN, both) });
    for (const cache of ["MISS", "HIT"]) {
      const { response, text } = await e.text("/a", ranged("bytes=2-3", headers));
      expect([response.status, text, response.headers.get("x-cache")]).toEqual([
        status,
        status === 304 ? "" : "23",
        cache,
      ]);
      expect(response.headers.get("content-range")).toBe(status === 304 ? null : "bytes 2-3/10");
    }
    expect(e.asked).toHaveLength(1);
  });
});

describe("a range with an identity", () => {
  it.each([
    ["Authorization", { authorization: "Bearer alice" }],
    ["a session cookie", { cookie: "sid=alice" }],
  ])("goes as it was sent with %s, and its part is its client's own", async (_, identity) => {
    const e = testEdge({ origin: rangedOrigin(TEN, CACHED) });
    const init = ranged("bytes=2-3", { ...identity, "if-range": '"v1"' });
    const response = await e.get("/a", init);
    expect(await shown(response)).toEqual([206, "bytes 2-3/10", "2", "23"]);
    expect(e.asked[0]?.headers.get("range")).toBe("bytes=2-3");
    expect(e.asked[0]?.headers.get("if-range")).toBe('"v1"');
    expect(e.memory.usedBytes).toBe(0);
    await e.text("/a", ranged("bytes=2-3"));
    expect(e.asked).toHaveLength(2);
    expect(e.asked[1]?.headers.get("range")).toBeNull();
  });

  it("is cut out of the shared response", async () => {
    const headers = { ...CACHED, "cache-control": "public, max-age=60" };
    const e = testEdge({ origin: rangedOrigin(TEN, headers) });
    await e.text("/a");
    for (const identity of [{ authorization: "Bearer alice" }, { cookie: "sid=alice" }])
      expect((await e.text("/a", ranged("bytes=2-3", identity))).text).toBe("23");
    expect(e.asked).toHaveLength(1);
  });
});

describe("a range of a stale response", () => {
  const SHORT = { ...CACHED, "cache-control": "max-age=10", "content-length": "10" };

  async function stale(headers: Record<string, string>, then: () => Response): Promise<TestEdge> {
    const e = testEdge({ origin: inTurn(() => answer(TEN, headers), then) });
    await e.text("/a");
    e.passes(20);
    return e;
  }

  it.each([
    ["confirmed", () => answer(null, SHORT, 304), "23"],
    ["replaced", () => answer("abcdefghij", { ...SHORT, etag: '"v2"' }), "cd"],
  ])("is cut once the whole is %s", async (_, then, text) => {
    const e = await stale(SHORT, then);
    expect(await shown(await e.get("/a", ranged("bytes=2-3")))).toEqual([206, "bytes 2-3/10", "2", text]);
    await e.idle();
    expect(["range", "if-none-match"].map((name) => e.asked[1]?.headers.get(name))).toEqual([null, '"v1"']);
    expect((await e.text("/a", ranged("bytes=2-3"))).text).toBe(text);
    expect(e.asked).toHaveLength(2);
  });

  it("has its If-Range judged against the origin's current response", async () => {
    const e = await stale(SHORT, () => answer("abcdefghij", { ...SHORT, etag: '"v2"' }));
    const response = await e.get("/a", ranged("bytes=2-3", { "if-range": '"v1"' }));
    expect(await shown(response)).toEqual([200, null, "10", "abcdefghij"]);
  });

  it("is cut out of the colo's stream once the whole is confirmed", async () => {
    const bytes = noise(5000);
    const e = testEdge({
      lower: [mapTier("colo", 1000)],
      memory: { bytes: 100_000, bodyBytes: 1000 },
      origin: inTurn(
        () => answer(bytes, { ...SHORT, "content-length": "5000" }),
        () => answer(null, SHORT, 304),
      ),
    });
    await (await e.get("/a")).arrayBuffer();
    await e.idle();
    e.passes(20);
    const slice = await e.get("/a", ranged("bytes=4000-4999"));
    expect(equal(new Uint8Array(await slice.arrayBuffer()), bytes.subarray(4000))).toBe(true);
    await e.idle();
    const next = await e.get("/a");
    expect(next.headers.get("x-cache")).toBe("HIT");
    expect(equal(new Uint8Array(await next.arrayBuffer()), bytes)).toBe(true);
  });

  it("is served stale while the whole is refreshed", async () => {
    const swr = { ...SHORT, "cache-control": "max-age=10, stale-while-revalidate=60" };
    const e = await stale(swr, () => answer("abcdefghij", { ...swr, etag: '"v2"' }));
    const response = await e.get("/a", ranged("bytes=2-3"));
    expect(response.headers.get("x-cache")).toBe("STALE");
    expect(await response.text()).toBe("23");
    await e.idle();
    expect(e.asked[1]?.headers.get("range")).toBeNull();
    expect((await e.text("/a")).text).toBe("abcdefghij");
    expect(e.asked).toHaveLength(2);
  });

  it("is served stale where the origin fails", async () => {
    const sie = { ...SHORT, "cache-control": "max-age=10, stale-if-error=60" };
    const e = await stale(sie, () => answer("down", {}, 503));
    expect(await shown(await e.get("/a", ranged("bytes=2-3")))).toEqual([206, "bytes 2-3/10", "2", "23"]);
  });

  it("is cut out of the whole that replaces a purged one", async () => {
    const tagged = { ...SHORT, "cache-tag": "t" };
    const e = testEdge({
      origin: inTurn(
        () => answer(TEN, tagged),
        () => answer("abcdefghij", tagged),
      ),
    });
    await e.text("/a");
    e.log.purge(["t"], "hard");
    e.passes(1.001);
    expect((await e.text("/a", ranged("bytes=2-3"))).text).toBe("cd");
  });
});

describe("a range of a resource that could not be stored lately", () => {
  const NO_STORE = { "cache-control": "no-store" };

  it("goes as it was sent, for a minute", async () => {
    const e = testEdge({ origin: rangedOrigin(TEN, NO_STORE) });
    await e.text("/a");
    for (const seconds of [0, 59.9]) {
      e.passes(seconds);
      const response = await e.get("/a", ranged("bytes=2-3", { "if-range": '"v1"' }));
      await response.text();
      expect(e.asked.at(-1)?.headers.get("range")).toBe("bytes=2-3");
      expect(e.asked.at(-1)?.headers.get("if-range")).toBe('"v1"');
    }
  });

  it("fetches the whole again when the minute is over", async () => {
    const e = testEdge({ origin: rangedOrigin(TEN, NO_STORE) });
    await e.text("/a");
    e.passes(60.1);
    expect((await e.text("/a", ranged("bytes=2-3"))).text).toBe("23");
    expect(e.asked[1]?.headers.get("range")).toBeNull();
  });

  it("is about one URL", async () => {
    const e = testEdge({ origin: rangedOrigin(TEN, NO_STORE) });
    await e.text("/a");
    await e.text("/b", ranged("bytes=2-3"));
    expect(e.asked[1]?.headers.get("range")).toBeNull();
  });

  it.each([
    ["with Authorization", { authorization: "Bearer alice" }],
    ["with a session", { cookie: "sid=alice" }],
    ["with no-store", { "cache-control": "no-store" }],
  ])("is not marked as unstorable by a client %s", async (_, headers) => {
    const e = testEdge({ origin: rangedOrigin(TEN, CACHED) });
    await e.text("/a", { headers });
    await e.text("/a", ranged("bytes=2-3"));
    expect(e.asked[1]?.headers.get("range")).toBeNull();
  });

  it.each([
    ["a range past the end", "bytes=8388608-", 416],
    ["an encoded part", "bytes=-3", 206],
  ])("is not marked as unstorable by an answer to one range: %s", async (_, range, status) => {
    const headers = status === 206 ? { ...CACHED, "content-encoding": "x-own" } : CACHED;
    const e = testEdge({ origin: rangedOrigin(TEN, headers) });
    expect((await e.text("/a", ranged(range))).response.status).toBe(status);
    await e.text("/a", ranged("bytes=2-3"));
    expect(e.asked[1]?.headers.get("range")).toBeNull();
  });

  it("is marked as unstorable by a body larger than any tier takes", async () => {
    const huge = String(600 * MB);
    const e = testEdge({
      origin: inTurn(
        () =>
          answer(
            inPieces(bytesOf(TEN), 10, (c) => c.close()),
            { ...CACHED, "content-length": huge },
          ),
        () => partial(TEN, 2, 3, CACHED),
      ),
    });
    await (await e.get("/a")).body?.cancel();
    await e.text("/a", ranged("bytes=2-3"));
    expect(e.asked[1]?.headers.get("range")).toBe("bytes=2-3");
  });
});

describe("digests of the whole", () => {
  it("RFC 9530 2: are not sent with a slice of it", async () => {
    const fields = {
      ...CACHED,
      "content-digest": "sha-256=:AA==:",
      "content-md5": "AA==",
      "repr-digest": "sha-256=:AA==:",
    };
    const e = testEdge({ origin: () => answer("0123456789", { ...fields, "content-length": "10" }) });
    for (let i = 0; i < 2; i++) {
      const { response } = await e.text("/a", { headers: { range: "bytes=0-1" } });
      expect(response.status).toBe(206);
      expect(response.headers.get("content-digest")).toBeNull();
      expect(response.headers.get("content-md5")).toBeNull();
      expect(response.headers.get("repr-digest")).toBe("sha-256=:AA==:");
    }
    expect((await e.text("/a")).response.headers.get("content-md5")).toBe("AA==");
  });
});
