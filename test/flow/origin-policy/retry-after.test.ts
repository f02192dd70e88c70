// Owns the proof of origin backoff: after a 503 with Retry-After, the edge leaves the origin alone while a stale response may answer.
import { describe, expect, it } from "vitest";
import { answer, testEdge } from "../../support/edge.ts";
import { says, stale } from "../../support/failing-origin.ts";

describe("Retry-After", () => {
  it("leaves the origin alone while a stale response may answer", async () => {
    const e = await stale();
    e.origin = () => answer("busy", { "retry-after": "30" }, 503);
    await e.text("/a");
    expect(e.asked).toHaveLength(2);
    e.passes(29);
    const { response, text } = await e.text("/a");
    expect([text, says(response)]).toEqual(["old", "strata; fwd=stale; ttl=-33; detail=stale/stale-if-busy"]);
    expect(e.asked).toHaveLength(2);
    e.passes(1);
    await e.text("/a");
    expect(e.asked).toHaveLength(3);
  });

  it("prevents background refreshes, too", async () => {
    const e = await stale({ "cache-control": "max-age=1, stale-while-revalidate=600", etag: '"1"' });
    e.origin = () => answer("busy", { "retry-after": "30" }, 503);
    for (let i = 0; i < 3; i++) expect((await e.text("/a")).text).toBe("old");
    expect(e.asked).toHaveLength(2);
    e.passes(30);
    await e.text("/a");
    expect(e.asked).toHaveLength(3);
  });

  it("goes to the client with the origin's own page, at each request, if no stale response may stand in", async () => {
    const e = testEdge({ origin: () => answer("back soon", { "retry-after": "30" }, 503) });
    for (let i = 0; i < 2; i++) {
      const { response, text } = await e.text("/a");
      expect([response.status, text, response.headers.get("retry-after")]).toEqual([503, "back soon", "30"]);
    }
    expect(e.asked).toHaveLength(2);
  });

  it("no longer than a minute", async () => {
    const e = await stale();
    e.origin = () => answer("busy", { "retry-after": "3600" }, 503);
    await e.text("/a");
    e.passes(60);
    await e.text("/a");
    expect(e.asked).toHaveLength(3);
  });

  it.each<[string, number, RequestInit]>([
    ["429: it is said to one client", 429, {}],
    ["one with Authorization", 503, { headers: { authorization: "x" } }],
  ])("not of %s", async (_, status, init) => {
    const e = await stale();
    e.origin = () => answer("busy", { "retry-after": "30" }, status);
    await e.text("/a", init);
    await e.text("/a");
    expect(e.asked).toHaveLength(3);
  });
});
