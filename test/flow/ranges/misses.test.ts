// Owns the proof that a range on a miss fetches the whole or itself, and spoils no fill.
import { describe, expect, it } from "vitest";
import { coloTier } from "../../../src/tiers/colo.ts";
import { barrier } from "../../support/barrier.ts";
import { answer, inTurn, testEdge } from "../../support/edge.ts";
import { inPieces, partial, ranged, rangedOrigin, shown, TEN } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { bytesOf, noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";
import { FROM_ELSEWHERE, FROM_START, IGNORED, type Row, whole } from "../../support/range-rows.ts";

const CACHED = { "cache-control": "max-age=60", "content-type": "text/plain", etag: '"v1"' };
const MB = 2 ** 20;
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
