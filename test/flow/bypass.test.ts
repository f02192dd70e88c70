// Owns the proof of bypassing: requests that the cache must not answer go to the origin as they came, with a reason, and invalid requests are refused.
import { describe, expect, it } from "vitest";
import { barrier } from "../support/barrier.ts";
import { answer, testEdge } from "../support/edge.ts";

describe("bypass", () => {
  it.each([
    ["POST", { method: "POST", body: "x" }, "strata; fwd=method; fwd-status=200; detail=method"],
    ["PURGE", { method: "PURGE" }, "strata; fwd=method; fwd-status=200; detail=method"],
    ["an upgrade", { headers: { upgrade: "websocket" } }, "strata; fwd=bypass; fwd-status=200; detail=upgrade"],
    ["If-Match", { headers: { "if-match": '"x"' } }, "strata; fwd=bypass; fwd-status=200; detail=precondition"],
    [
      "If-Unmodified-Since",
      { headers: { "if-unmodified-since": "Sun, 22 Nov 2026 12:00:00 GMT" } },
      "strata; fwd=bypass; fwd-status=200; detail=precondition",
    ],
  ])("lets %s by, and says so", async (_, init, cacheStatus) => {
    const e = testEdge();
    for (let i = 0; i < 2; i++) {
      const { response, text } = await e.text("/a", init);
      expect(text).toBe("hello");
      expect(response.headers.get("cache-status")).toBe(cacheStatus);
      expect(response.headers.get("x-cache")).toBe("BYPASS");
    }
    expect(e.asked).toHaveLength(2);
    expect(e.memory.usedBytes).toBe(0);
  });

  it("lets a path by if its rule says bypass", async () => {
    const e = testEdge({ site: { rules: [{ match: "/admin/*", bypass: true }] } });
    expect((await e.text("/admin/x")).response.headers.get("cache-status")).toContain(
      "fwd=bypass; fwd-status=200; detail=rule",
    );
    expect((await e.text("/other")).response.headers.get("cache-status")).toContain("stored");
  });

  it("forwards method, body, range, conditionals and codings as they came", async () => {
    const bodies: string[] = [];
    const e = testEdge({
      async origin(request) {
        bodies.push(await request.text());
        return answer("x");
      },
    });
    const headers = {
      "content-type": "text/x",
      "accept-encoding": "br",
      "if-match": '"x"',
      "accept-language": "EN , de",
    };
    await e.text("/a", { method: "PUT", body: "content", headers });
    expect(bodies).toEqual(["content"]);
    const [request] = e.asked;
    expect(request?.method).toBe("PUT");
    for (const [name, value] of Object.entries(headers)) expect(request?.headers.get(name)).toBe(value);
    await e.text("/a", { headers: { "if-match": '"x"', range: "bytes=1-2", "if-range": '"x"' } });
    expect(e.asked[1]?.headers.get("range")).toBe("bytes=1-2");
    expect(e.asked[1]?.headers.get("if-range")).toBe('"x"');
  });

  it("passes a 206 on whole", async () => {
    const e = testEdge({
      origin: () => answer("el", { "content-range": "bytes 1-2/5", "cache-control": "max-age=60" }, 206),
    });
    const { response, text } = await e.text("/a", { headers: { range: "bytes=1-2" } });
    expect([response.status, text, response.headers.get("content-range")]).toEqual([206, "el", "bytes 1-2/5"]);
  });

  it("forwards a switched protocol untouched", async () => {
    const e = testEdge({
      origin: () => {
        const [client, server] = Object.values(new WebSocketPair());
        server?.accept();
        const headers = { "cache-tag": "a", "surrogate-key": "b", "sec-websocket-protocol": "chat" };
        return new Response(null, { status: 101, webSocket: client ?? null, headers });
      },
    });
    const response = await e.get("/socket", { headers: { upgrade: "websocket" } });
    expect(response.status).toBe(101);
    // all but the fields addressed to this cache, and the edge's own
    expect([...response.headers]).toEqual([
      ["cache-status", "strata; fwd=bypass; fwd-status=101; detail=upgrade"],
      ["sec-websocket-protocol", "chat"],
      ["x-cache", "BYPASS"],
      ["x-request-id", "request-1"],
    ]);
    expect(response.webSocket).not.toBeNull();
    expect(e.asked[0]?.headers.get("upgrade")).toBe("websocket");
    response.webSocket?.accept();
    response.webSocket?.close();
  });

  it("answers an unreachable origin with a problem", async () => {
    const e = testEdge({ origin: () => Promise.reject(new Error("refused")) });
    const { response } = await e.text("/a", { method: "POST" });
    expect(response.status).toBe(502);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });

  it("keeps the method and body of a POST that also asks for an upgrade", async () => {
    const e = testEdge({ origin: async (request) => answer(await request.text()) });
    const init = { method: "POST", body: "abc", headers: { upgrade: "websocket", connection: "upgrade" } };
    expect((await e.text("/a", init)).text).toBe("abc");
    expect([e.asked[0]?.method, e.asked[0]?.headers.get("upgrade")]).toEqual(["POST", null]);
  });

  it.each([101, 999])("answers 502 for an unexpected %i, which no Response can have", async (status) => {
    const e = testEdge();
    const odd = new Proxy(answer("denied", { "cache-control": "no-store" }), {
      get: (target, name) => {
        if (name === "status") return status;
        const value: unknown = Reflect.get(target, name, target);
        return value;
      },
    });
    e.origin = () => odd;
    const { response } = await e.text("/a");
    expect(response.status).toBe(502);
  });
});

describe("refused", () => {
  it.each([
    "a b",
    "shop.test/../x",
    "user@shop.test",
    "shop.test:port",
    "shop.test,evil.test",
    "<script>",
    "",
    ".",
    "shop..test",
  ])("refuses the Host %j", async (host) => {
    const e = testEdge();
    const { response } = await e.text("/a", { headers: { host } });
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(e.asked).toHaveLength(0);
  });

  it.each(["shop.test", "shop.test.", "SHOP.test:8080", "[::1]:80", "127.0.0.1", "a_b.test"])(
    "takes the Host %j",
    async (host) => {
      const e = testEdge();
      expect((await e.text("/a", { headers: { host } })).response.status).toBe(200);
    },
  );
});

describe("invalidation by unsafe requests", () => {
  const reading = { "cache-control": "max-age=60" };
  const site = (change: HeadersInit, status: number) => {
    let version = 0;
    return testEdge({
      origin: (request) =>
        request.method === "GET" ? answer(`v${String(++version)}`, reading) : answer(null, change, status),
    });
  };

  it.each([
    [200, "PUT", "v2"],
    [204, "DELETE", "v2"],
    [303, "POST", "v2"],
    [200, "PURGE", "v2"],
    [404, "POST", "v1"],
    [500, "PUT", "v1"],
    [200, "OPTIONS", "v1"],
  ])("after a %i to %s the next GET has %s", async (status, method, expected) => {
    const e = site({}, status);
    await e.text("/a");
    await e.text("/a", { method });
    expect((await e.text("/a")).text).toBe(expected);
  });

  it.each(["location", "content-location"])("takes %s on the same site with it, and no other site's", async (name) => {
    const e = site({ [name]: "http://origin.test/b" }, 201);
    for (const url of ["/b", "https://other.test/b"]) await e.text(url);
    await e.text("/a", { method: "POST" });
    expect((await e.text("/b")).response.headers.get("x-cache")).toBe("MISS");
    expect((await e.text("https://other.test/b")).response.headers.get("x-cache")).toBe("HIT");
  });

  it("cannot be undone by a fill that began before it", async () => {
    const reached = barrier();
    const slowly = barrier();
    let reads = 0;
    const e = testEdge({
      async origin(request) {
        if (request.method !== "GET") return answer(null, {}, 204);
        reads += 1;
        const version = reads;
        reached.open();
        if (version === 1) await slowly.passed;
        return answer(`v${String(version)}`, reading);
      },
    });
    const slow = e.text("/a");
    await reached.passed;
    await e.get("/a", { method: "PUT" });
    slowly.open();
    await slow;
    expect((await e.text("/a")).text).toBe("v2");
  });
});
