// Owns the proof that a request which comes back to the edge is refused at once, and that edges in a row are no loop (RFC 8586).
import { describe, expect, it } from "vitest";
import { answer, SHOP, type TestEdge, testEdge } from "../support/edge.ts";

const NAME = "strata-0123456789abcdef";

/** Forwards a request to an edge, as a proxy between two edges would. */
const to = (edge: TestEdge, { url, method, headers }: Request): Promise<Response> =>
  edge.get(SHOP + new URL(url).pathname, { method, headers });

describe("a request that comes back", () => {
  it.each<[string, RequestInit]>([
    ["GET", {}],
    ["HEAD", { method: "HEAD" }],
    ["POST", { method: "POST", body: "x" }],
    ["PURGE", { method: "PURGE" }],
    ["an upgrade", { headers: { upgrade: "websocket" } }],
    ["If-Match", { headers: { "if-match": '"a"' } }],
    ["a range", { headers: { range: "bytes=0-1" } }],
    ["no-store", { headers: { "cache-control": "no-store" } }],
    ["credentials", { headers: { authorization: "Basic x" } }],
    ["only-if-cached", { headers: { "cache-control": "only-if-cached" } }],
  ])("gets 508 without a request to the origin: %s", async (_, init) => {
    for (const field of [{ "cdn-loop": `other, ${NAME.toUpperCase()}; a=b` }, { via: `1.1 a, 2 ${NAME}` }]) {
      for (const rules of [[], [{ match: "/*", bypass: true }]]) {
        const e = testEdge({ site: { rules } });
        const headers = { ...(init.headers as Record<string, string>), ...field };
        const { response, text } = await e.text("/a", { ...init, headers });
        expect(response.status).toBe(508);
        expect(response.headers.get("content-type")).toBe("application/problem+json");
        expect(response.headers.get("cache-control")).toBe("no-store");
        expect(response.headers.get("cache-status")).toBe("strata; detail=loop");
        expect(response.headers.get("retry-after")).toBeNull();
        expect(response.headers.get("date")).toBe(new Date(e.clock.now()).toUTCString());
        if (init.method !== "HEAD") expect(JSON.parse(text)).toMatchObject({ status: 508, code: "loop" });
        expect(e.asked).toEqual([]);
        // other clients still get the page
        expect((await e.text("/a")).text).toBe("hello");
      }
    }
  });

  it("ends at the edge: the first client gets the refusal, and nothing is stored", async () => {
    const e: TestEdge = testEdge({ origin: (request) => to(e, request) });
    for (let i = 1; i <= 2; i++) {
      const { response } = await e.text("/a");
      expect([response.status, response.headers.get("cache-control")]).toEqual([508, "no-store"]);
      expect(e.asked).toHaveLength(i);
    }
  });

  it("ends at the edge after other servers, even if these remove one of the names", async () => {
    for (const stripped of ["via", "cdn-loop"]) {
      const middle: TestEdge = testEdge({
        name: "strata-fedcba9876543210",
        origin(request) {
          const headers = new Headers(request.headers);
          headers.delete(stripped);
          return to(e, new Request(request, { headers }));
        },
      });
      const e: TestEdge = testEdge({ origin: (request) => to(middle, request) });
      expect((await e.text("/a")).response.status).toBe(508);
      expect([e.asked.length, middle.asked.length]).toEqual([1, 1]);
    }
  });

  it("does not get the stale response that it should refresh", async () => {
    let isLoop = false;
    const e: TestEdge = testEdge({
      origin(request) {
        if (isLoop) return to(e, request);
        return answer("first", { "cache-control": "max-age=1, stale-while-revalidate=60" });
      },
    });
    await e.text("/a");
    isLoop = true;
    e.passes(2);
    const { response } = await e.text("/a", { headers: { "cdn-loop": NAME } });
    expect([response.status, e.asked.length]).toEqual([508, 1]);
    expect([(await e.text("/a")).text, e.asked.length]).toEqual(["first", 2]);
  });

  it("gets a fresh hit, since that goes no further", async () => {
    const e = testEdge();
    await e.text("/a");
    const { response } = await e.text("/a", { headers: { "cdn-loop": NAME } });
    expect([response.status, response.headers.get("x-cache")]).toEqual([200, "HIT"]);
  });
});

describe("edges in a row", () => {
  it("are no loop: each sends the names of all before it", async () => {
    const last = testEdge({ name: "strata-fedcba9876543210" });
    const first = testEdge({ origin: (request) => to(last, request) });
    expect((await first.text("/a", { headers: { via: "1.1 x", "cdn-loop": "cloudflare; loops=1" } })).text).toBe(
      "hello",
    );
    expect((await first.text("/b", { method: "POST", body: "x" })).text).toBe("hello");
    const [get, post] = last.asked;
    expect(get?.headers.get("via")).toBe(`1.1 x, 1.1 ${NAME}, 1.1 strata-fedcba9876543210`);
    expect(get?.headers.get("cdn-loop")).toBe(`cloudflare; loops=1, ${NAME}, strata-fedcba9876543210`);
    expect(post?.headers.get("cdn-loop")).toBe(`${NAME}, strata-fedcba9876543210`);
  });

  it("keep the names that a client's Connection field lists", async () => {
    const e = testEdge();
    const fields = { via: "1.1 x", "cdn-loop": "a" };
    await e.text("/a", { headers: { ...fields, connection: "via, cdn-loop" } });
    await e.text("/a", { method: "POST", body: "x", headers: { ...fields, connection: "via, cdn-loop" } });
    for (const { headers } of e.asked)
      expect([headers.get("via"), headers.get("cdn-loop")]).toEqual([`1.1 x, 1.1 ${NAME}`, `a, ${NAME}`]);
    expect(e.asked).toHaveLength(2);
  });
});
