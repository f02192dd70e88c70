// Owns the proof of the request to the origin: its own URL, no client's override fields, the edge's own fields.
import { describe, expect, it } from "vitest";
import { answer, type EdgeOptions, inTurn, testEdge } from "../../support/edge.ts";

const CACHED = { "cache-control": "max-age=60" };
const ZONE: EdgeOptions = { site: { origins: {} } };

async function seen(url: string, init: RequestInit = {}, options: EdgeOptions = {}): Promise<Request> {
  const e = testEdge(options);
  await e.text(url, init);
  const [request] = e.asked;
  if (!request) throw new Error("the origin was not asked");
  return request;
}

describe("origin: address", () => {
  it("keeps path and query, and takes the configured origin", async () => {
    expect((await seen("/a/b?x=1&y=%20z")).url).toBe("http://origin.test/a/b?x=1&y=%20z");
  });

  it("is the public host itself in zone mode", async () => {
    expect((await seen("https://shop.test:8443/a", {}, ZONE)).url).toBe("https://shop.test:8443/a");
  });

  it.each([
    ["a URL", {}, "http://origin.test/a", "shop.test:8443"],
    ["the zone", ZONE, "https://shop.test:8443/a", null],
  ] as const)(
    "behind %s is asked for the host without the root's dot, and once for both",
    async (_, options, url, named) => {
      const e = testEdge(options);
      for (const host of ["shop.test.", "shop.test"]) await e.text(`https://${host}:8443/a`);
      expect(e.asked.map((request) => [request.url, request.headers.get("x-forwarded-host")])).toEqual([[url, named]]);
    },
  );

  it("is chosen by public host, else by the star", async () => {
    const site = { origins: { "shop.test": "https://one.test", "*": "http://two.test:81" } };
    expect((await seen("https://shop.test/a", {}, { site })).url).toBe("https://one.test/a");
    expect((await seen("https://other.test/a", {}, { site })).url).toBe("http://two.test:81/a");
  });

  it.each(["//evil.test/x", "///evil.test", "/\\evil.test", "//user@evil.test/x", "/http://evil.test/"])(
    "cannot be chosen by the path %s",
    async (path) => {
      for (const [options, host] of [
        [{}, "origin.test"],
        [ZONE, "shop.test"],
      ] as const) {
        const url = new URL((await seen(`https://shop.test${path}`, {}, options)).url);
        expect(url.host).toBe(host);
        expect(url.username).toBe("");
        expect(url.pathname.startsWith("/")).toBe(true);
      }
    },
  );

  it.each([
    ["x-forwarded-host", "evil.test"],
    ["x-original-url", "/admin"],
    ["x-rewrite-url", "/admin"],
    ["host", "evil.test"],
  ])("cannot be chosen by %s", async (name, value) => {
    expect((await seen("/a", { headers: { [name]: value } })).url).toBe("http://origin.test/a");
  });
});

describe("origin: fields", () => {
  it("lets none of a client's override fields through", async () => {
    const names = [
      "x-original-url",
      "x-rewrite-url",
      "x-http-method-override",
      "x-http-method",
      "x-method-override",
      "x-original-host",
      "x-host",
      "x-forwarded-port",
      "x-forwarded-scheme",
      "x-forwarded-server",
      "x-forwarded-prefix",
      "x-middleware-subrequest",
    ];
    for (const init of [{}, { method: "POST" }]) {
      const request = await seen("/a", { ...init, headers: Object.fromEntries(names.map((name) => [name, "evil"])) });
      for (const name of names) expect(request.headers.get(name), name).toBeNull();
    }
  });

  it("names host, scheme and client in fields of its own, whatever the client sent (RFC 7239)", async () => {
    const lies = { "x-forwarded-host": "evil.test", "x-forwarded-proto": "gopher", forwarded: "host=evil.test" };
    const { headers } = await seen("https://shop.test:8443/a", { headers: lies });
    expect(headers.get("x-forwarded-host")).toBe("shop.test:8443");
    expect(headers.get("x-forwarded-proto")).toBe("https");
    expect(headers.get("forwarded")).toBe('host="shop.test:8443";proto=https');
  });

  it.each<readonly [string, string | undefined, string | null]>([
    ["POST", "192.0.2.7", "192.0.2.7"],
    ["POST", "2001:db8::7", "2001:db8::7"],
    ["POST", "192.0.2.7, 10.0.0.1", null],
    ["POST", undefined, null],
    // the answer may be stored for everybody
    ["GET", "192.0.2.7", null],
  ])("names the client's address if its request goes on as it came: %s from %s", async (method, client, expected) => {
    const headers = { "x-forwarded-for": "10.9.9.9", ...(client !== undefined && { "cf-connecting-ip": client }) };
    const request = await seen("/a", { method, headers });
    expect(request.headers.get("x-forwarded-for")).toBe(expected);
  });

  it("sends no forwarding fields in zone mode, nor the client's", async () => {
    const lies = { "x-forwarded-host": "evil.test", forwarded: "host=evil.test" };
    const { headers } = await seen("/a", { headers: lies }, ZONE);
    for (const name of ["x-forwarded-host", "x-forwarded-proto", "x-forwarded-for", "forwarded"])
      expect(headers.get(name)).toBeNull();
  });

  it("appends the edge to Via, and forwards the request's id", async () => {
    const { headers } = await seen("/a", { headers: { via: "1.1 other", "x-request-id": "of-the-client" } });
    expect(headers.get("via")).toBe("1.1 other, 1.1 strata-0123456789abcdef");
    expect(headers.get("cdn-loop")).toBe("strata-0123456789abcdef");
    expect(headers.get("x-request-id")).toBe("of-the-client");
  });

  it("lets nothing that belongs to the client's connection through", async () => {
    const hops = {
      connection: "x-hop, close",
      "x-hop": "1",
      "keep-alive": "5",
      te: "trailers",
      "proxy-connection": "x",
    };
    const { headers } = await seen("/a", { headers: { ...hops, "proxy-authorization": "secret" } });
    for (const name of [...Object.keys(hops), "proxy-authorization"]) expect(headers.get(name), name).toBeNull();
  });

  it("requests the whole of a shareable response, not one client's range", async () => {
    const conditionals = { "if-none-match": '"x"', "if-modified-since": "Sun, 22 Nov 2026 10:00:00 GMT" };
    const { headers } = await seen("/a", { headers: conditionals });
    for (const name of Object.keys(conditionals)) expect(headers.get(name), name).toBeNull();
  });

  it("asks for identity, so that one body serves all", async () => {
    expect((await seen("/a", { headers: { "accept-encoding": "br, gzip" } })).headers.get("accept-encoding")).toBe(
      "identity",
    );
  });

  it("keeps the runtime from saying no-cache in the client's name", async () => {
    const { headers } = await seen("/a");
    expect(headers.get("cache-control")).not.toBeNull();
    expect(headers.get("cache-control")).not.toMatch(/no-cache|no-store|max-age/);
    expect(headers.get("pragma")).not.toBeNull();
    expect(headers.get("pragma")).not.toMatch(/no-cache/);
  });

  it("passes the client's own cache directives on", async () => {
    const { headers } = await seen("/a", { headers: { "cache-control": "no-cache", pragma: "no-cache" } });
    expect(headers.get("cache-control")).toBe("no-cache");
    expect(headers.get("pragma")).toBe("no-cache");
  });

  it("forwards the fields that identify and describe the client", async () => {
    const own = {
      authorization: "Bearer x",
      cookie: "a=1",
      "user-agent": "test",
      accept: "text/html",
    };
    const { headers } = await seen("/a", { headers: own });
    for (const [name, value] of Object.entries(own)) expect(headers.get(name)).toBe(value);
  });

  it("does not follow redirects itself", async () => {
    expect((await seen("/a")).redirect).toBe("manual");
  });

  it("bypasses the zone's own cache, which must not answer for the origin", async () => {
    expect((await seen("/a")).cache).toBe("no-store");
  });
});

describe("origin: its answers", () => {
  it.each([
    ["http://origin.test/b?x", "https://shop.test/b?x"],
    ["http://origin.test", "https://shop.test/"],
    ["HTTP://Origin.test:80/x?y=1#z", "https://shop.test/x?y=1#z"],
    ["//origin.test/b", "https://shop.test/b"],
    ["/b", "/b"],
    ["//elsewhere.test/b", "//elsewhere.test/b"],
    ["https://elsewhere.test/b", "https://elsewhere.test/b"],
    ["http://origin.test.evil.test/b", "http://origin.test.evil.test/b"],
    ["http://origin.test:81/b", "http://origin.test:81/b"],
  ])("maps Location %s to %s, at first and from the store", async (location, expected) => {
    const headers = { ...CACHED, location, "content-location": location };
    const e = testEdge({ origin: () => answer(null, headers, 301) });
    for (const cache of ["MISS", "HIT"]) {
      const { response } = await e.text("/a");
      expect(response.headers.get("x-cache")).toBe(cache);
      expect(response.headers.get("location")).toBe(expected);
      expect(response.headers.get("content-location")).toBe(expected);
    }
  });

  it("shows clients no field that speaks to this cache, at first, on a hit, on a 304", async () => {
    const hidden = {
      "cache-tag": "a",
      "surrogate-key": "a",
      "edge-cache-tag": "a",
      "cdn-tag": "a",
      "netlify-cache-tag": "a",
      "surrogate-control": "max-age=60",
      "cloudflare-cdn-cache-control": "max-age=60",
    };
    const e = testEdge({
      origin: inTurn(
        () => answer("x", { ...hidden, "cdn-cache-control": "max-age=5", etag: '"1"' }),
        () => answer(null, { ...hidden, "cdn-cache-control": "max-age=5", etag: '"1"' }, 304),
      ),
    });
    for (const [cache, seconds, status] of [
      ["MISS", 0, 200],
      ["HIT", 0, 200],
      ["HIT", 0, 304],
      ["REVALIDATED", 100, 200],
      ["HIT", 0, 200],
    ] as const) {
      e.passes(seconds);
      const init = status === 304 ? { headers: { "if-none-match": '"1"' } } : {};
      const { response } = await e.text("/a", init);
      expect([response.headers.get("x-cache"), response.status]).toEqual([cache, status]);
      for (const name of Object.keys(hidden)) expect(response.headers.get(name), name).toBeNull();
      expect(response.headers.get("cdn-cache-control")).toBe("max-age=5");
    }
  });

  it("shows no such field in unstored and bypassed answers either", async () => {
    const e = testEdge({ origin: () => answer("x", { "cache-tag": "a", "surrogate-control": "no-store" }) });
    for (const method of ["GET", "POST"]) {
      const { headers } = (await e.text("/a", { method })).response;
      expect([headers.get("cache-tag"), headers.get("surrogate-control")]).toEqual([null, null]);
    }
  });

  it("passes nothing on that belongs to the origin's connection", async () => {
    const headers = { ...CACHED, connection: "x-hop", "x-hop": "1", "keep-alive": "5" };
    const e = testEdge({ origin: () => answer("x", headers) });
    for (let i = 0; i < 2; i++) {
      const { response } = await e.text("/a");
      for (const name of ["connection", "x-hop", "keep-alive"]) expect(response.headers.get(name), name).toBeNull();
    }
  });

  it("keeps values that are not ASCII", async () => {
    const e = testEdge({ origin: () => answer("x", { ...CACHED, "x-name": "Größe" }) });
    const first = (await e.text("/a")).response.headers.get("x-name");
    expect((await e.text("/a")).response.headers.get("x-name")).toBe(first);
  });

  it("stores a body in an unknown coding as it came", async () => {
    const e = testEdge({ origin: () => answer("x", { ...CACHED, "content-encoding": "x-own" }) });
    for (const cache of ["MISS", "HIT"]) {
      const { response, text } = await e.text("/a");
      expect([text, response.headers.get("content-encoding"), response.headers.get("x-cache")]).toEqual([
        "x",
        "x-own",
        cache,
      ]);
    }
  });
});
