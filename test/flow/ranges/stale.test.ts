// Owns the proof that a range of a stale response is cut out of the whole that the origin confirms or sends.
import { describe, expect, it } from "vitest";
import { answer, inTurn, type TestEdge, testEdge } from "../../support/edge.ts";
import { ranged, shown, TEN } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";

const CACHED = { "cache-control": "max-age=60", "content-type": "text/plain", etag: '"v1"' };
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
