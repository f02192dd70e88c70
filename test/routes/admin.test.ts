// Owns the proof that the admin prefix is ours: nothing below it reaches an origin, and it shows nothing to strangers.
import { createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import { appWith, testApp } from "../support/admin.ts";
import { OTHER_PATHS, OWN_PATHS } from "../support/own-paths.ts";

const ALLOWED = { authorization: "Bearer secret" };
const PATHS = ["/.strata", "/.strata/", "/.strata/purge", "/.strata/purge/x", "/.strata/stored/00", "/.strata/unknown"];
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PURGE"];

/** As it arrives: a URL that was parsed before would be resolved. */
function raw(path: string, init: RequestInit): Request {
  return new Proxy(new Request("http://shop.test/", init), {
    get: (target, name) => {
      if (name === "url") return `http://shop.test${path}`;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("RFC 9110 6.6.1: Date", () => {
  const purge = { method: "POST", headers: ALLOWED, body: '{"tags":["a"]}' };
  it.each<[string, string, RequestInit, number]>([
    ["health", "/.strata/health", {}, 200],
    ["health, by HEAD", "/.strata/health", { method: "HEAD" }, 200],
    ["a purge", "/.strata/purge", purge, 200],
    ["a purge that is refused", "/.strata/purge", { ...purge, body: "{}" }, 400],
    ["a purge by nobody", "/.strata/purge", { method: "POST" }, 401],
    ["another method", "/.strata/purge", { headers: ALLOWED }, 405],
    ["the record", "/.strata/purges", { headers: ALLOWED }, 200],
    ["its edge", "/.strata/purges/known", { headers: ALLOWED }, 200],
    ["a path that is none", "/.strata/unknown", { headers: ALLOWED }, 404],
    ["another spelling", "/.STRATA/purge", purge, 404],
    ["Cloudflare's API", "/.strata/cloudflare/client/v4/zones/z/purge_cache", purge, 200],
    ["Cloudflare's API, to nobody", "/.strata/cloudflare/client/v4/zones/z/purge_cache", { method: "POST" }, 403],
    ["Fastly's API", "/.strata/fastly/service/s/purge/a", { method: "POST", headers: { "fastly-key": "secret" } }, 200],
    ["Fastly's API, to nobody", "/.strata/fastly/service/s/purge/a", { method: "POST" }, 401],
    ["PURGE", "/a", { method: "PURGE", headers: ALLOWED }, 200],
    ["PURGE by nobody", "/a", { method: "PURGE" }, 401],
    ["a host that is none", "/a", { headers: { host: "a b" } }, 400],
    ["a loop", "/a", { headers: { "cdn-loop": "strata-0123456789abcdef" } }, 508],
    ["nothing stored", "/a", { headers: { "cache-control": "only-if-cached" } }, 504],
    ["an answer of the origin's that has none", "/a", {}, 200],
    ["an answer of the origin's that has none, to POST", "/a", { method: "POST" }, 200],
  ])("%s has one", async (_, path, init, status) => {
    const response = await testApp().fetch(path, init);
    expect(response.status).toBe(status);
    expect(response.headers.get("date")).toMatch(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
  });

  it.each([
    ["304", { "if-none-match": "*" }, 304],
    ["206", { range: "bytes=0-1" }, 206],
    ["416", { range: "bytes=99-" }, 416],
  ])("a %s made of what is stored has one", async (_, headers, status) => {
    const app = testApp();
    await (await app.fetch("/a")).text();
    const response = await app.fetch("/a", { headers });
    expect([response.status, response.headers.has("date")]).toEqual([status, true]);
  });

  it.each([
    ["an origin that cannot be reached", () => Promise.reject(new Error("refused")), 502],
    ["an answer that is none", () => new Response(null, { status: 304 }), 502],
  ])("the problem of %s has one", async (_, origin, status) => {
    const app = testApp();
    app.edge.origin = origin;
    const response = await app.fetch("/a");
    expect([response.status, response.headers.has("date")]).toEqual([status, true]);
  });
});

it("answers a failure of its own with a problem, and reports it", async () => {
  const reports: Error[] = [];
  const app = createApp(
    () => {
      throw new Error("no binding");
    },
    (error) => void reports.push(error),
  );
  const response = await app.fetch(new Request("http://shop.test/a"), {}, createExecutionContext());
  expect([response.status, response.headers.get("content-type")]).toEqual([500, "application/problem+json"]);
  expect(response.headers.has("date")).toBe(true);
  expect(await response.text()).not.toContain("no binding");
  expect(reports.map(({ cause }) => cause)).toEqual([new Error("no binding")]);
});

describe("admin paths", () => {
  it.each(PATHS)("%s never reaches an origin, by any method, with or without a token", async (path) => {
    const app = testApp();
    for (const method of METHODS) {
      for (const headers of [{}, ALLOWED]) {
        const response = await app.fetch(path, { method, headers });
        expect([400, 401, 404, 405], `${method} ${path}`).toContain(response.status);
      }
    }
    expect(app.edge.asked).toHaveLength(0);
    expect(app.purges).toHaveLength(0);
  });

  it.each([
    ["/.strata%2fpurge", 404],
    ["/.strata%2Fpurge", 404],
    ["//.strata/purge", 404],
    ["/.Strata/purge", 404],
    ["/.strata;x/purge", 404],
    ["/.strata./purge", 200],
    ["/a?b=/.strata/purge", 200],
    ["/x/../.strata/purge", 404],
    ["/x/%2e%2e/.strata/purge", 404],
    ["/%2estrata/purge", 404],
    ["/.str%61ta/purge", 404],
    ["/.%73trata/purge", 404],
    ["/\\.strata/purge", 404],
    ["/.strata\\purge", 404],
    ["/.strata//purge", 404],
    ["/.strata/purge/", 404],
    ["/.strata/./purge", 404],
    ["/.strata/x/../purge", 404],
    ["/.strata/PURGE", 404],
    ["/.strata/%2570urge", 404],
    ["/.strata/%ff", 404],
  ])("%s is the endpoint to nobody", async (path, status) => {
    const app = testApp();
    const request = raw(path, { method: "POST", headers: ALLOWED, body: '{"tags":["a"]}' });
    expect((await app.send(request)).status).toBe(status);
    expect(app.purges).toEqual([]);
    // any other path is content
    expect(app.edge.asked.length).toBe(status === 200 ? 1 : 0);
  });

  it.each(OWN_PATHS)("%s reaches no origin in any spelling, by any method, under any rule", async (path) => {
    for (const rules of [[], [{ match: "/*", bypass: true }], [{ match: "/*", guard: false, edge: { ttl: 60 } }]]) {
      const app = testApp({ site: { rules } });
      for (const method of [...METHODS, "QUERY"]) {
        for (const headers of [{}, ALLOWED, { upgrade: "websocket" }]) {
          const response = await app.send(raw(path.startsWith("/") ? path : `/${path}`, { method, headers }));
          expect([400, 401, 404, 405], `${method} ${path}`).toContain(response.status);
        }
      }
      expect([app.edge.asked, app.purges]).toEqual([[], []]);
    }
  });

  // the router takes what is written below the prefix, wherever it leads
  it.each(OTHER_PATHS.filter((path) => !path.startsWith("/.strata/")))("%s is content", async (path) => {
    const app = testApp();
    for (const method of ["GET", "POST"]) expect((await app.send(raw(path, { method }))).status, method).not.toBe(404);
    expect(app.edge.asked).toHaveLength(2);
  });

  it("let nothing of what is asked into a field, and are kept by nobody", async () => {
    const app = testApp();
    const odd = "/%0d%0aset-cookie:%20a=b/%22%3e%3cscript%3e";
    for (const path of [
      "/.strata/health",
      "/.strata/purge",
      "/.strata/purges",
      "/.strata/cloudflare",
      "/.strata/fastly",
    ]) {
      for (const method of METHODS) {
        for (const headers of [{}, { ...ALLOWED, "fastly-key": "secret" }]) {
          const response = await app.fetch(`${path}${path === "/.strata/health" ? "" : odd}`, { method, headers });
          expect(response.headers.get("cache-control"), `${method} ${path}`).toBe("no-store");
          expect([...response.headers.values()].join(), `${method} ${path}`).not.toMatch(/cookie|script/);
          expect(response.headers.get("content-type") ?? "application/json").toMatch(/^application\/(problem\+)?json/);
        }
      }
    }
  });

  it.each([
    ["a purge", "/.strata/purge", "POST"],
    ["the record", "/.strata/purges", "GET"],
    ["a path that is none", "/.strata/unknown", "GET"],
    ["Cloudflare's client", "/.strata/cloudflare/client/v4/zones/z/purge_cache", "POST"],
    ["Fastly's client", "/.strata/fastly/service/s/purge_all", "POST"],
    ["the method PURGE", "/a", "PURGE"],
  ])("%s is answered with the id it was asked under, or a new one; let in or not", async (_, path, method) => {
    for (const headers of [{}, { ...ALLOWED, "fastly-key": "secret" }]) {
      const app = testApp();
      const body = path === "/.strata/purge" ? '{"tags":["a"]}' : path.includes("cloudflare") ? '{"tags":["b"]}' : null;
      for (const [sent, id] of [
        [{ "x-request-id": "update-7" }, "update-7"],
        [{ "x-request-id": "not harmless" }, "request-1"],
        [{}, "request-1"],
      ] as const) {
        const response = await app.fetch(path, { method, headers: { ...headers, ...sent }, body });
        expect(response.headers.get("x-request-id")).toBe(id);
      }
      const isPurge = method !== "GET" && "authorization" in headers;
      expect(app.purges.map(({ requestId }) => requestId)).toEqual(
        isPurge ? ["update-7", "request-1", "request-1"] : [],
      );
    }
  });

  it.each([
    ["/.strata/purge", "POST", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PURGE"]],
    ["/.strata/purges", "GET, HEAD", ["POST", "PUT", "DELETE", "OPTIONS", "PURGE"]],
  ])("%s says which methods it has, to who is let in", async (path, allow, methods) => {
    for (const method of methods) {
      const response = await testApp().fetch(path, { method, headers: ALLOWED });
      expect([response.status, response.headers.get("allow")], method).toEqual([405, allow]);
      const stranger = await testApp().fetch(path, { method });
      expect([stranger.status, stranger.headers.has("allow")], method).toEqual([401, false]);
    }
  });

  it("answers strangers 401 without detail, alike for paths that are and are not", async () => {
    const app = testApp();
    const bodies = new Set<string>();
    for (const path of ["/.strata/purge", "/.strata/unknown"]) {
      for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: "Basic c2VjcmV0" }]) {
        const response = await app.fetch(path, { method: "POST", headers, body: "{}" });
        expect(response.status).toBe(401);
        expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
        expect(response.headers.get("cache-control")).toBe("no-store");
        expect(response.headers.get("content-type")).toBe("application/problem+json");
        bodies.add(await response.text());
      }
    }
    expect(bodies.size).toBe(1);
    expect([...bodies].join()).not.toMatch(/secret|wrong/);
  });

  it.each([
    ["no token is configured", undefined],
    ["the token is empty", ""],
    ["the token is the default of development", "dev-token"],
  ])("does not exist where %s", async (_, token) => {
    const app = appWith(token, false);
    for (const authorization of ["", "Bearer ", "Bearer dev-token", "Bearer undefined"]) {
      const response = await app.fetch("/.strata/purge", {
        method: "POST",
        headers: { authorization },
        body: '{"tags":["a"]}',
      });
      expect(response.status).toBe(404);
      expect(response.headers.get("www-authenticate")).toBeNull();
    }
    expect(app.purges).toHaveLength(0);
    expect(app.edge.asked).toHaveLength(0);
  });

  it("takes the default token in development", async () => {
    const app = appWith("dev-token", true);
    const headers = { authorization: "Bearer dev-token" };
    expect((await app.fetch("/.strata/purge", { method: "POST", headers, body: '{"tags":["a"]}' })).status).toBe(200);
  });

  it("tells anybody that it is alive, and stores nothing of it", async () => {
    const response = await testApp().fetch("/.strata/health");
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it("leaves other paths to the origin", async () => {
    const app = testApp();
    for (const path of ["/", "/strata/purge", "/.stratax", "/a/.strata/purge"]) {
      expect((await app.fetch(path)).status).toBe(200);
    }
    expect(app.edge.asked).toHaveLength(4);
  });
});
