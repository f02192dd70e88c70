// Proves changes to products: who may, what is refused, preconditions, and the order in which the tiers are invalidated.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cacheKey } from "../../../origin-mock/cache/key.ts";
import { DATABASES } from "../support/databases.ts";
import { receipt } from "../support/edge.ts";
import { ADMIN, json, NOW_MS, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

describe.each(DATABASES)("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
  }, 60_000);
  afterAll(() => shop.close());
  beforeEach(() => {
    shop.edge.purges.length = 0;
    shop.edge.answer = receipt;
  });

  const put = (id: number | string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    shop.request(`/api/products/${id}`, {
      method: "PUT",
      headers: { ...ADMIN, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const etagOf = async (id: number): Promise<string> =>
    (await shop.request(`/api/products/${id}`)).headers.get("etag") ?? "none";

  test.each([
    ["nobody", {}, 401],
    ["a wrong token", { Authorization: "Bearer nonsense" }, 401],
    ["another scheme", { Authorization: "Basic YWRtaW46eA==" }, 401],
    ["a session cookie", { Cookie: "sid=x" }, 401],
    ["alice", { Authorization: "Bearer alice-token" }, 403],
  ])("%s may not", async (_, headers, status) => {
    for (const method of ["PUT", "DELETE"]) {
      const response = await shop.request("/api/products/1", { method, headers });
      expect([response.status, response.headers.get("cache-control")]).toEqual([status, "no-store"]);
      expect(response.headers.has("www-authenticate")).toBe(status === 401);
    }
    expect(shop.edge.purges).toEqual([]);
  });

  test.each([
    ["no JSON", 1, "{", [""]],
    ["an array", 1, "[]", [""]],
    ["nothing to change", 1, "{}", [""]],
    ["a bad id and no JSON", "x", "{", ["id", ""]],
    ["everything at once", "x", { price_cents: -1, category: "zz", id: 2 }, ["id", "/price_cents", "/category", "/id"]],
  ])("%s is refused, with every fault", async (_, id, body, places) => {
    const response = await put(id, body);
    expect([response.status, response.headers.get("content-type")]).toEqual([400, "application/problem+json"]);
    const { errors } = await json(response);
    expect(errors).toEqual(places.map((at) => expect.objectContaining({ at })));
  });

  test("another type, and too much, are refused", async () => {
    expect((await put(1, "name=x", { "Content-Type": "application/x-www-form-urlencoded" })).status).toBe(415);
    expect((await put(1, { description: "a".repeat(70_000) })).status).toBe(413);
  });

  test("what is not there is 404, also with If-Match", async () => {
    expect((await put(999_999, { stock: 1 }, { "If-Match": '"x"' })).status).toBe(404);
    expect((await shop.request("/api/products/999999", { method: "DELETE", headers: ADMIN })).status).toBe(404);
  });

  test("If-Match: the current version passes once, then it is another version", async () => {
    const etag = await etagOf(2);
    expect((await put(2, { stock: 5 }, { "If-Match": etag })).status).toBe(200);
    expect((await put(2, { stock: 6 }, { "If-Match": etag })).status).toBe(412);
    expect((await put(2, { stock: 6 }, { "If-Match": `W/${await etagOf(2)}` })).status).toBe(412);
    expect((await put(2, { stock: 7 }, { "If-Match": "*" })).status).toBe(200);
    expect(await json(await shop.request("/api/products/2"))).toMatchObject({ stock: 7, version: 3 });
  });

  test("of many writers with one version, one wins", async () => {
    const etag = await etagOf(3);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, stock) => put(3, { stock }, { "If-Match": etag })));
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...Array.from({ length: 7 }, () => 412)]);
  });

  test("a name another product of the brand has is a conflict", async () => {
    const [row] = await shop.db.query(
      "SELECT a.id, b.name FROM products a JOIN products b ON a.brand = b.brand AND a.id < b.id ORDER BY a.id LIMIT 1",
    );
    const response = await put(Number(row?.["id"]), { name: row?.["name"] });
    expect([response.status, response.headers.get("content-type")]).toEqual([409, "application/problem+json"]);
    expect(shop.edge.purges).toEqual([]);
  });

  test("an update changes the row, then Redis, then the edge, and says so", async () => {
    const path = "/api/products/7";
    await Promise.all([path, "/api/products", "/api/products?category=bath"].map((each) => shop.request(each)));
    const keys = [
      cacheKey({ entity: "product", id: "7" }),
      cacheKey({ entity: "product-list", id: "*" }),
      cacheKey({ entity: "product-list", id: "bath" }),
    ];
    const held = (): Promise<unknown> => shop.redis.eval("return redis.call('EXISTS', unpack(KEYS))", keys, []);
    expect(await held()).toBe(3);
    const seen: unknown[] = [];
    shop.edge.answer = async (response) => {
      const [row] = await shop.db.query("SELECT price_cents FROM products WHERE id = 7");
      seen.push({ redis: await held(), price: row?.["price_cents"] });
      receipt(response);
    };
    const response = await put(7, { price_cents: 1_234 });
    expect(response.headers.get("cache-control")).toBe("no-store");
    // Seen by the edge when its purge arrived: committed, and gone from Redis.
    expect(seen).toEqual([{ redis: 0, price: 1_234 }]);
    expect(shop.edge.purges).toEqual([
      {
        authorization: "Bearer dev-token",
        path: "POST /.strata/purge",
        body: { tags: ["product:7", "category:bath"] },
      },
    ]);
    expect(await json(response)).toEqual({
      product: expect.objectContaining({
        id: 7,
        price_cents: 1_234,
        version: 2,
        updated_at: new Date(NOW_MS).toISOString(),
      }),
      invalidation: {
        application: { status: "done", keys: 3 },
        cdn: { status: "purged", tags: ["product:7", "category:bath"], seq: 7 },
      },
    });
    const after = await shop.request(path);
    expect(after.headers.get("x-cache-app")).toBe("MISS");
    expect(await json(after)).toMatchObject({ price_cents: 1_234 });
  });

  test("moving to another category touches both, and the counts", async () => {
    await Promise.all([shop.request("/api/categories"), shop.request("/api/products?category=pets")]);
    await put(31, { category: "pets" });
    expect(shop.edge.purges.map(({ body }) => body)).toEqual([
      { tags: ["product:31", "category:bath", "category:pets", "categories"] },
    ]);
    const { categories } = await json(await shop.request("/api/categories"));
    expect(categories).toContainEqual(expect.objectContaining({ slug: "pets", name: "Pets", products: 221 }));
    expect((await shop.request("/api/products?category=pets")).headers.get("x-cache-app")).toBe("MISS");
  });

  test("deleting takes the product out of every answer", async () => {
    await Promise.all([shop.request("/api/products/8"), shop.request("/api/products?limit=10")]);
    const response = await shop.request("/api/products/8", { method: "DELETE", headers: ADMIN });
    expect(await json(response)).toMatchObject({
      product: { id: 8 },
      invalidation: { application: { status: "done" }, cdn: { status: "purged" } },
    });
    expect(shop.edge.purges.map(({ body }) => body)).toEqual([
      { tags: ["product:8", "category:garden", "categories", "product-list"] },
    ]);
    expect((await shop.request("/api/products/8")).status).toBe(404);
    expect(JSON.stringify(await json(await shop.request("/api/products?limit=10")))).not.toContain('"id":8,');
    expect((await shop.request("/api/products/8", { method: "DELETE", headers: ADMIN })).status).toBe(404);
  });

  test("an edge that fails does not fail the update", async () => {
    shop.edge.answer = (response) => void response.writeHead(503).end();
    const response = await put(9, { stock: 2 });
    expect(response.status).toBe(200);
    expect(await json(response)).toMatchObject({
      invalidation: { application: { status: "done" }, cdn: { status: "failed", reason: "the edge answered 503" } },
    });
  });

  // Breaks Redis: stays last.
  test("without Redis the update stands, the edge is purged, and what follows is read from the database", async () => {
    await shop.request("/api/products/10");
    await shop.server.stop();
    const response = await put(10, { stock: 3 });
    expect(await json(response)).toMatchObject({
      product: { stock: 3 },
      invalidation: { application: { status: "deferred", keys: 3 }, cdn: { status: "purged" } },
    });
    const after = await shop.request("/api/products/10");
    expect(after.headers.get("x-cache-app")).toBe("BYPASS");
    expect(await json(after)).toMatchObject({ stock: 3 });
  });

  test("without the database a write is 503", async () => {
    await shop.db.close();
    expect((await put(10, { stock: 4 })).status).toBe(503);
  });
});
