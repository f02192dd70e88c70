// Owns the proof that a stale response answers at once within its window, and is refreshed once in the background (RFC 5861 3).
import { describe, expect, it } from "vitest";
import { barrier } from "../support/barrier.ts";
import { answer, inTurn, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

describe("stale-while-revalidate", () => {
  const SWR = { "cache-control": "max-age=10, stale-while-revalidate=60" };

  it("serves the stale response at once, and sends one refresh, however many requests find it", async () => {
    const slow = barrier<Response>();
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SWR),
        () => slow.passed,
        () => answer("third", SWR),
      ),
    });
    await e.text("/a");
    e.passes(20);
    const responses = await Promise.all(Array.from({ length: 100 }, () => e.get("/a")));
    for (const response of responses) expect(await response.text()).toBe("old");
    const [first] = responses;
    expect(first?.headers.get("cache-status")).toBe("strata; hit; ttl=-10; detail=stale-while-revalidate/memory");
    expect(first?.headers.get("x-cache")).toBe("STALE");
    expect(e.asked).toHaveLength(2);
    slow.open(answer("new", SWR));
    await e.idle();
    const hit = await e.text("/a");
    expect([hit.text, hit.response.headers.get("x-cache"), e.asked.length]).toEqual(["new", "HIT", 2]);
  });

  it("refreshes each variant for itself", async () => {
    const e = testEdge({
      origin: (request) => answer(request.headers.get("accept-language"), { ...SWR, vary: "accept-language" }),
    });
    const get = (language: string) => e.text("/a", { headers: { "accept-language": language } });
    await get("de");
    await get("fr");
    e.passes(20);
    await Promise.all([get("de"), get("fr")]);
    expect(e.asked).toHaveLength(4);
  });

  it("refreshes by a 304", async () => {
    const headers = { ...SWR, etag: '"v1"' };
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", headers),
        () => answer(null, headers, 304),
      ),
    });
    await e.text("/a");
    e.passes(20);
    await e.text("/a");
    expect((await e.text("/a")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("refreshes again after a refresh that failed", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SWR),
        () => Promise.reject(new Error("down")),
      ),
    });
    await e.text("/a");
    e.passes(20);
    for (let i = 0; i < 3; i++) expect((await e.text("/a")).text).toBe("old");
    // each was tried twice: no connection came about
    expect(e.asked).toHaveLength(1 + 3 * 2);
    expect(e.underWay().refreshes).toBe(0);
  });

  it("refreshes again after the platform cut a refresh off", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SWR),
        () => new Promise<Response>(() => undefined),
      ),
    });
    await e.text("/a");
    e.passes(20);
    await e.get("/a");
    await e.get("/a");
    expect(e.asked).toHaveLength(2);
    e.passes(30);
    await e.get("/a");
    expect(e.asked).toHaveLength(3);
  });

  it("ends with its window", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("old", SWR),
        () => answer("new", SWR),
      ),
    });
    await e.text("/a");
    e.passes(70);
    expect((await e.text("/a")).text).toBe("new");
  });

  it("refreshes a response that the colo has as a stream", async () => {
    const [old, fresh] = ["o".repeat(5000), "n".repeat(5000)];
    const e = testEdge({
      lower: [mapTier("colo", 1000)],
      memory: { bytes: 100_000, bodyBytes: 1000 },
      origin: inTurn(
        () => answer(old, SWR),
        () => answer(fresh, SWR),
      ),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a")).text).toBe(old);
    const next = await e.text("/a");
    expect([next.text === fresh, next.response.headers.get("x-cache")]).toEqual([true, "HIT"]);
  });
});
