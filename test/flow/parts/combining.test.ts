// Owns the proof that two parts of one representation become one, and other parts do not (RFC 9111 3.4).
import { describe, expect, it } from "vitest";
import { barrier } from "../../support/barrier.ts";
import { answer } from "../../support/edge.ts";
import { ranged, rangedOrigin, shown, TEN } from "../../support/ranged.ts";
import { mapTier } from "../../support/shelf-tier.ts";
import { noise } from "../../support/stored.ts";
import { equal } from "../../tiers/contract.ts";
import { CACHED, edgeForParts } from "../../support/edge-for-parts.ts";

const PLAIN = { "cache-control": "max-age=60" };
const SOON = 1.001;
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
