// Owns the proof that a client gets exactly its range of a stored response, whichever tier has it (RFC 9110 14, 15.3.7, 15.5.17).
import { describe, expect, it } from "vitest";
import { coloTier } from "../../../src/tiers/colo.ts";
import { answer, testEdge } from "../../support/edge.ts";
import { inPieces, ranged, shown, TEN } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";
import { FROM_ELSEWHERE, FROM_START, IGNORED, type Row, whole } from "../../support/range-rows.ts";

const MODIFIED = "Sun, 22 Nov 2026 10:00:00 GMT";
const CACHED = { "cache-control": "max-age=60", "content-type": "text/plain", etag: '"v1"' };
const MB = 2 ** 20;
const EVERY: readonly Row[] = [
  ...FROM_START,
  ...FROM_ELSEWHERE,
  ...IGNORED.map((range): Row => [range, 200, null, TEN]),
];

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
