// Owns the proof of what may stand behind the edge besides a URL: the application's own routes, and a service binding.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { defineSite, type SiteInput } from "../../src/policy/define.ts";
import { type Routes, strata } from "../../src/strata.ts";

const SITE: SiteInput = { purge: { onUnknown: "serve" } };
const { STRATA_ORIGIN: _, ...BINDINGS }: Record<string, unknown> = { ...env };

/** Sends requests to one isolate's edge, each with its background work done. */
function client(site: SiteInput, routes?: Routes, bindings: object = {}): (request: Request) => Promise<Response> {
  const app = strata(defineSite(site), routes);
  // one object, as in an isolate
  const bound = { ...BINDINGS, ...bindings };
  return async (request) => {
    const context = createExecutionContext();
    const response = await app.fetch(request, bound, context);
    const copy = new Response(await response.arrayBuffer(), response);
    await waitOnExecutionContext(context);
    return copy;
  };
}

describe("the application's own routes", () => {
  function shop(): { readonly routes: Hono; readonly seen: Request[] } {
    const seen: Request[] = [];
    const routes = new Hono();
    routes.use("*", (c, next) => {
      seen.push(c.req.raw);
      return next();
    });
    routes.get("/products/:id", (c) => c.json({ id: c.req.param("id") }, 200, { "cache-control": "max-age=60" }));
    routes.get("/me", (c) => c.text("private", 200, { "cache-control": "private" }));
    routes.post("/products/:id", async (c) => c.text(await c.req.text()));
    return { routes, seen };
  }

  it("are asked once, with the public URL and a clean request", async () => {
    const { routes, seen } = shop();
    const send = client(SITE, routes);
    const url = "https://own-routes.test/products/7?x=1";
    const first = await send(
      new Request(url, { headers: { "x-forwarded-host": "evil.test", "if-none-match": '"x"' } }),
    );
    const second = await send(new Request(url));
    expect([first.headers.get("x-cache"), second.headers.get("x-cache")]).toEqual(["MISS", "HIT"]);
    expect(await second.json()).toEqual({ id: "7" });
    expect(seen).toHaveLength(1);
    const [asked] = seen;
    expect(asked?.url).toBe(url);
    expect([asked?.headers.get("x-forwarded-host"), asked?.headers.get("if-none-match")]).toEqual([null, null]);
  });

  it("keep what is private, and get bodies as they were sent", async () => {
    const { routes, seen } = shop();
    const send = client(SITE, routes);
    for (let i = 0; i < 2; i++)
      expect((await send(new Request("https://own-me.test/me"))).headers.get("x-cache")).toBe("MISS");
    expect(seen).toHaveLength(2);
    const posted = await send(new Request("https://own-me.test/products/1", { method: "POST", body: "as sent" }));
    expect(await posted.text()).toBe("as sent");
  });

  it("stand behind hosts without an origin only, and never behind the admin paths", async () => {
    const { routes, seen } = shop();
    const service = { fetch: () => Promise.resolve(new Response("service")) };
    const send = client({ ...SITE, origins: { "api.test": { service: "API" } } }, routes, { API: service });
    expect(await (await send(new Request("https://api.test/products/1"))).text()).toBe("service");
    expect((await send(new Request("https://own-admin.test/.strata/anything"))).status).toBe(401);
    expect(seen).toHaveLength(0);
  });

  it("that throw are an origin that fails", async () => {
    const routes: Routes = { fetch: () => Promise.reject(new Error("broken")) };
    const response = await client(SITE, routes)(new Request("https://own-broken.test/"));
    expect([response.status, response.headers.get("content-type")]).toEqual([502, "application/problem+json"]);
  });
});

describe("a service binding", () => {
  it("is asked with the public URL, and its answer is stored apart from any other origin's", async () => {
    const seen: string[] = [];
    const service = (name: string) => ({
      fetch(request: Request) {
        seen.push(`${name} ${request.url}`);
        return Promise.resolve(new Response(name, { headers: { "cache-control": "max-age=60" } }));
      },
    });
    const bindings = { ONE: service("one"), TWO: service("two") };
    const url = "https://service.test/a";
    const to = (binding: string): Promise<Response> => {
      return client({ ...SITE, origins: { "*": { service: binding } } }, undefined, bindings)(new Request(url));
    };
    expect([await (await to("ONE")).text(), await (await to("TWO")).text()]).toEqual(["one", "two"]);
    expect(seen).toEqual([`one ${url}`, `two ${url}`]);
    // from the colo
    expect((await to("ONE")).headers.get("x-cache")).toBe("HIT");
  });

  it.each<[string, object]>([
    ["absent", {}],
    ["something else", { API: "text" }],
  ])("that is %s is named, and nothing is served", async (_, bindings) => {
    const send = client({ ...SITE, origins: { "api.test": { service: "API" } } }, undefined, bindings);
    expect((await send(new Request("https://api.test/"))).status).toBe(500);
  });
});

describe("a client with a token that may read", () => {
  const routes: Routes = {
    fetch: (request) =>
      new Response(JSON.stringify([...request.headers]), { headers: { "cache-control": "max-age=60" } }),
  };
  const token = String(Reflect.get(BINDINGS, "STRATA_TOKEN"));

  it.each([
    ["hears which of its fields no key holds", token, ' unkeyed="x-odd x-strange"'],
    ["with a wrong one does not", "wrong", undefined],
    ["with none does not", undefined, undefined],
  ])("%s", async (_, presented, told) => {
    const send = client(SITE, routes);
    const headers = { "x-odd": "1", "x-strange": "2", ...(presented !== undefined && { "strata-debug": presented }) };
    for (const method of ["GET", "POST"]) {
      const response = await send(new Request("https://own-debug.test/a", { method, headers }));
      // the origin never sees it
      expect(await response.text()).not.toContain("strata-debug");
      if (method === "GET") {
        const status = response.headers.get("cache-status") ?? "";
        expect(status).toContain("detail=uri-miss/unkeyed-field");
        expect(/ unkeyed="[^"]*"/.exec(status)?.[0]).toBe(told);
      }
    }
  });
});
