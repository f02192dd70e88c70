// Owns the proof that a range obeys If-Range and other conditions, and stays private with a client's identity (RFC 9110 13.1.5, 13.2.2).
import { describe, expect, it } from "vitest";
import { answer, testEdge } from "../../support/edge.ts";
import { ranged, rangedOrigin, shown, TEN } from "../../support/ranged.ts";
import { whole } from "../../support/range-rows.ts";

const MODIFIED = "Sun, 22 Nov 2026 10:00:00 GMT";
const CACHED = { "cache-control": "max-age=60", "content-type": "text/plain", etag: '"v1"' };
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
