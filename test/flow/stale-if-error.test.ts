// Owns the proof that a stale response stands in for a failing origin within its window (RFC 5861 4).
import { describe, expect, it } from "vitest";
import { barrier } from "../support/barrier.ts";
import { answer, inTurn, testEdge } from "../support/edge.ts";
import { mapTier } from "../support/shelf-tier.ts";

describe("an origin that fails", () => {
  const SIE = { "cache-control": "max-age=10, stale-if-error=60", etag: '"v1"' };
  const refuses = (): Promise<Response> => Promise.reject(new Error("connection refused"));

  const otherTag = () => answer(null, { etag: '"v2"' }, 304);

  it.each<[string, () => Response | Promise<Response>]>([
    ["a 503", () => answer("down", {}, 503)],
    ["no connection", () => Promise.reject(new Error("refused"))],
    ["one more 304, to no question", otherTag],
  ])("is covered in the second request, too, after a 304 for another tag: %s", async (_, second) => {
    for (const [after, status] of [
      [20, 200],
      [71, null],
    ] as const) {
      const e = testEdge({ origin: inTurn(() => answer("hello", SIE), otherTag, second) });
      await e.text("/a");
      e.passes(after);
      const { response, text } = await e.text("/a");
      expect(e.asked[2]?.headers.get("if-none-match")).toBeNull();
      if (status === 200) expect([response.status, text]).toEqual([200, "hello"]);
      else expect(response.status).toBeGreaterThanOrEqual(502);
    }
  });

  it("is covered in the second request with a large body from the colo, too", async () => {
    const e = testEdge({
      lower: [mapTier("colo", 3)],
      memory: { bytes: 100_000, bodyBytes: 3 },
      origin: inTurn(
        () => answer("hello", SIE),
        otherTag,
        () => answer("down", {}, 503),
      ),
    });
    await e.text("/a");
    e.passes(20);
    const { response, text } = await e.text("/a");
    expect([response.status, text]).toEqual([200, "hello"]);
    expect(response.headers.get("cache-status")).toContain("detail=stale/stale-if-error");
  });

  it.each([
    ["refuses connections", refuses, "strata; fwd=stale; ttl=-10; detail=stale/stale-if-error"],
    [
      "answers 503",
      () => answer("sorry", {}, 503),
      "strata; fwd=stale; fwd-status=503; ttl=-10; detail=stale/stale-if-error",
    ],
  ])("is covered within the window when it %s", async (_, fails, cacheStatus) => {
    const e = testEdge({ origin: inTurn(() => answer("hello", SIE), fails) });
    await e.text("/a");
    e.passes(20);
    const stale = await e.text("/a");
    expect([stale.response.status, stale.text]).toEqual([200, "hello"]);
    expect(stale.response.headers.get("cache-status")).toBe(cacheStatus);
    expect(stale.response.headers.get("age")).toBe("20");
  });

  it.each([
    ["after the window", SIE["cache-control"], 71],
    ["without a window", "max-age=10", 20],
    ["against must-revalidate", "max-age=10, stale-if-error=60, must-revalidate", 20],
    ["against s-maxage", "s-maxage=10, stale-if-error=60", 20],
  ])("is not covered %s", async (_, cacheControl, seconds) => {
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", { "cache-control": cacheControl, etag: '"v1"' }),
        () => answer("sorry", {}, 503),
        refuses,
      ),
    });
    await e.text("/a");
    e.passes(seconds);
    const broken = await e.text("/a");
    expect([broken.response.status, broken.text]).toEqual([503, "sorry"]);
    expect((await e.text("/a")).response.status).toBe(502);
  });

  it("has its other errors passed on although a stale response is stored", async () => {
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", SIE),
        () => answer("gone", {}, 404),
      ),
    });
    await e.text("/a");
    e.passes(20);
    expect((await e.text("/a")).response.status).toBe(404);
  });

  it("becomes a problem, with a code and a time to come back", async () => {
    const e = testEdge({ origin: refuses });
    const { response, text } = await e.text("/a");
    expect(response.status).toBe(502);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("retry-after")).toMatch(/^[1-9][0-9]*$/);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("cache-status")).toContain("detail=uri-miss/origin-unreachable");
    expect(JSON.parse(text)).toMatchObject({ type: "about:blank", status: 502 });
    expect(text).not.toContain("connection refused");
  });

  it("answers HEAD with the problem's header section alone", async () => {
    const e = testEdge({ origin: refuses });
    const { response, text } = await e.text("/a", { method: "HEAD" });
    expect([response.status, text]).toEqual([502, ""]);
  });

  it("leaves no body of the failed answer open", async () => {
    const gone = barrier<unknown>();
    const body = new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(10)), cancel: gone.open });
    const e = testEdge({
      origin: inTurn(
        () => answer("hello", SIE),
        () => answer(body, {}, 503),
      ),
    });
    await e.text("/a");
    e.passes(20);
    await e.text("/a");
    await gone.passed;
  });
});
