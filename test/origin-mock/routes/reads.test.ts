// Proves the public reads: bodies, cache personalities, validators, and what is left without Redis or the database.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateProducts } from "../../../origin-mock/db/generate.ts";
import { DATABASES } from "../support/databases.ts";
import { json, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

describe.each(DATABASES)("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
  }, 60_000);
  afterAll(() => shop.close());
  /** A part of a body is the route's to give: these requests pass the gateway. */
  const pastGateway = { headers: { Range: "bytes=0-" } };
  const invented = generateProducts();
  const head = async (path: string, init?: RequestInit): Promise<Record<string, string>> =>
    Object.fromEntries((await shop.request(path, init)).headers);

  test("a product", async () => {
    const response = await shop.request("/api/products/7");
    expect(response.status).toBe(200);
    expect(await response.clone().json()).toEqual(invented[6]);
    // two changes in one second would have the same
    expect(response.headers.get("last-modified")).toBeNull();
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "cache-control": "public, max-age=10",
      "cdn-cache-control": "public, max-age=300, stale-while-revalidate=60, stale-if-error=3600",
      "cache-tag": "shop,product:7,products,category:bath",
      "content-type": "application/json",
      etag: expect.stringMatching(/^"7-1-[a-z0-9]+-en"$/),
      "x-cache-app": "MISS",
      "server-timing": expect.stringMatching(
        /^gateway;dur=[\d.]+;desc="miss", app;dur=[\d.]+;desc="miss", db;dur=[\d.]+, /,
      ),
    });
    expect(await head("/api/products/7", pastGateway)).toMatchObject({
      "x-cache-app": "HIT",
      "server-timing": expect.stringMatching(/^gateway;dur=[\d.]+;desc="bypass", app;dur=[\d.]+;desc="hit", origin;/),
    });
  });

  test("a product that is not there may be kept for a moment, under its tag", async () => {
    const response = await shop.request("/api/products/999999");
    expect(response.status).toBe(404);
    expect(response.headers.get("cache-control")).toBe("public, max-age=10");
    expect(response.headers.get("cache-tag")).toBe("shop,product:999999");
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });

  test.each(["/api/products/0", "/api/products/abc", "/api/products?page=0", "/api/products?category=A%20B"])(
    "%s is refused",
    async (path) => {
      const response = await shop.request(path);
      expect(response.status).toBe(400);
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(await json(response)).toMatchObject({ status: 400, errors: [{ in: expect.any(String) }] });
    },
  );

  test("a page of the whole shop", async () => {
    const response = await shop.request("/api/products?page=2&limit=3");
    expect(await response.clone().json()).toEqual({
      products: invented.slice(3, 6),
      page: 2,
      limit: 3,
      next: expect.any(String),
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "cache-control": "public, max-age=5",
      "cdn-cache-control": "public, max-age=60, stale-while-revalidate=300, stale-if-error=3600",
      "cache-tag": "shop,products,product-list,product:4,product:5,product:6",
      "x-cache-app": "MISS",
    });
    expect(await head("/api/products?page=2&limit=3", pastGateway)).toMatchObject({ "x-cache-app": "HIT" });
    expect(await head("/api/products?page=2&limit=4")).toMatchObject({ "x-cache-app": "MISS" });
  });

  test("a page of one category", async () => {
    const response = await shop.request("/api/products?category=bath&limit=2");
    const baths = invented.filter(({ category }) => category === "bath").slice(0, 2);
    expect(await response.clone().json()).toEqual({ products: baths, page: 1, limit: 2, next: expect.any(String) });
    expect(response.headers.get("cache-tag")).toBe(`shop,products,category:bath,product:7,product:${baths[1]?.id}`);
  });

  test("nothing is a page too, but not one worth keeping", async () => {
    for (const path of ["/api/products?page=10000", "/api/products?category=nowhere"]) {
      await shop.request(path);
      const response = await shop.request(path, pastGateway);
      expect(response.headers.get("x-cache-app")).toBe("MISS");
      expect(await json(response)).toMatchObject({ products: [] });
    }
  });

  test("categories", async () => {
    const response = await shop.request("/api/categories");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "cache-control": "public, max-age=60",
      "cdn-cache-control": expect.stringMatching(/^public, max-age=300, stale-while-revalidate=/),
      "cache-tag": "shop,categories",
    });
    const body = await json(response);
    expect(body["categories"]).toHaveLength(24);
  });

  test("the shell, and the assets it names", async () => {
    const response = await shop.request("/");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "cache-control": "public, no-cache",
      "content-type": "text/html; charset=utf-8",
      etag: expect.stringMatching(/^".+"$/),
    });
    const names = [...(await response.text()).matchAll(/\/static\/[\w.]+/g)].map(([name]) => name);
    expect(new Set(names).size).toBe(3);
    for (const name of names) {
      const asset = await shop.request(name);
      expect(asset.status).toBe(200);
      expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(asset.headers.get("content-type")).toMatch(/^(?:text\/css|text\/javascript|image\/svg\+xml)/);
    }
  });

  test("an asset of another build is not kept as missing", async () => {
    for (const name of ["shop.000000000000.css", "shop.css", "..%2fserver.ts"]) {
      const response = await shop.request(`/static/${name}`);
      expect(response.status).toBe(404);
      expect(response.headers.get("cache-control")).toBe("no-store");
    }
  });

  const CONDITIONAL = ["/", "/api/products", "/api/products/8", "/api/categories", "/api/me/profile"];
  test.each(CONDITIONAL)("%s answers 304 to its own tag, with its cache policy", async (path) => {
    const headers = { Authorization: "Bearer alice-token" };
    const full = await shop.request(path, { headers });
    const etag = full.headers.get("etag") ?? "none";
    for (const field of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const response = await shop.request(path, { headers: { ...headers, "If-None-Match": field } });
      expect([response.status, await response.text()]).toEqual([304, ""]);
      for (const name of ["etag", "cache-control", "cdn-cache-control", "cache-tag", "vary", "last-modified"]) {
        expect(response.headers.get(name)).toBe(full.headers.get(name));
      }
    }
    const other = await shop.request(path, { headers: { ...headers, "If-None-Match": '"x"' } });
    expect(other.status).toBe(200);
  });

  test("an asset answers 304 too", async () => {
    const path = `/static/${shop.assets.manifest.get("shop.css")}`;
    const etag = (await shop.request(path)).headers.get("etag") ?? "none";
    expect((await shop.request(path, { headers: { "If-None-Match": etag } })).status).toBe(304);
  });

  test("HEAD says what GET would say", async () => {
    const get = await shop.request("/api/products/9");
    const response = await shop.request("/api/products/9", { method: "HEAD" });
    expect(await response.text()).toBe("");
    for (const name of ["etag", "content-length", "cache-control", "cache-tag"]) {
      expect(response.headers.get(name)).toBe(get.headers.get(name));
    }
  });

  test.each([
    ["given back", "edge-1.a_B", "edge-1.a_B"],
    ["replaced when too long", "a".repeat(129), expect.stringMatching(/^made-/)],
    ["replaced when it has other characters", "a b", expect.stringMatching(/^made-/)],
  ])("the request id is %s", async (_, id, expected) => {
    const headers = await head("/", { headers: { "X-Request-Id": id } });
    expect(headers["x-request-id"]).toEqual(expected);
  });

  test.each([
    ["/api/products", "POST", "GET, HEAD"],
    ["/api/products/7", "PATCH", "GET, HEAD, PUT, DELETE"],
    ["/api/categories", "DELETE", "GET, HEAD"],
    ["/api/login", "GET", "POST"],
    ["/", "POST", "GET, HEAD"],
  ])("%s does not take %s", async (path, method, allow) => {
    const response = await shop.request(path, { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
  });

  test("an unknown path is a problem nobody keeps", async () => {
    const response = await shop.request("/api/nothing");
    expect([response.status, response.headers.get("cache-control")]).toEqual([404, "no-store"]);
  });

  // The last two break the shop, in this order.
  test("without Redis the shop still answers, from the database", async () => {
    await shop.request("/api/products/10");
    await shop.server.stop();
    for (const path of ["/api/products/10", "/api/products", "/api/categories", "/"]) {
      const response = await shop.request(path);
      expect([path, response.status, response.headers.get("x-cache-app")]).toEqual([path, 200, "BYPASS"]);
    }
  });

  test("without both it says 503, not to be kept", async () => {
    await shop.db.close();
    const response = await shop.request("/api/products/10");
    expect(response.status).toBe(503);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("retry-after")).toBe("5");
  });
});
