// Proves changes to products: permission, refusals, preconditions, the event that goes with each, and the order of the tiers.
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
  /** Stock changes behind the gateway's back: a part of a body is the route's own to give, so these requests pass it. */
  const pastGateway = (id: number): Promise<Response> =>
    shop.request(`/api/products/${id}`, { headers: { Range: "bytes=0-" } });
  const etagOf = async (id: number): Promise<string> => (await pastGateway(id)).headers.get("etag") ?? "none";

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
    expect(await json(await pastGateway(2))).toMatchObject({ stock: 7, version: 3 });
  });

  test("If-Match: the tag of any language names the version", async () => {
    const german = await shop.request("/api/products/4", { headers: { "Accept-Language": "de" } });
    expect((await put(4, { stock: 5 }, { "If-Match": german.headers.get("etag") ?? "none" })).status).toBe(200);
    expect((await put(4, { stock: 6 }, { "If-Match": german.headers.get("etag") ?? "none" })).status).toBe(412);
  });

  test("If-None-Match excludes the version in every language, also beside If-Match", async () => {
    const german = await shop.request("/api/products/5", { headers: { "Accept-Language": "de" } });
    const conditions = { "If-Match": await etagOf(5), "If-None-Match": german.headers.get("etag") ?? "none" };
    expect((await put(5, { stock: 5 }, conditions)).status).toBe(412);
    expect((await put(5, { stock: 5 }, { ...conditions, "If-None-Match": '"another"' })).status).toBe(200);
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

  const waiting = async (): Promise<readonly unknown[]> =>
    (await shop.db.query("SELECT event FROM outbox WHERE handled_at IS NULL ORDER BY id")).map(({ event }) => event);

  test("an update changes the row and empties Redis; its event then purges the edge", async () => {
    await shop.handleEvents();
    shop.edge.purges.length = 0;
    shop.edge.headers.length = 0;
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
    const response = await put(7, { price_cents: 1_234 }, { "X-Request-Id": "change-7" });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect([shop.edge.purges, await held()]).toEqual([[], 0]);
    expect(await json(response)).toEqual({
      product: expect.objectContaining({
        id: 7,
        price_cents: 1_234,
        version: 2,
        updated_at: new Date(NOW_MS).toISOString(),
      }),
      invalidation: {
        application: { status: "done", keys: 6 },
        gateway: { status: "done", tags: 5 },
        cdn: { status: "queued", event: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      },
    });
    // Somebody reads, and fills Redis again, before the event is handled.
    await shop.request(path);
    expect(await held()).toBe(1);
    await shop.handleEvents();
    // Seen by the edge when its purge arrived: committed, and gone from Redis.
    expect(seen).toEqual([{ redis: 0, price: 1_234 }]);
    expect(shop.edge.purges).toEqual([
      {
        authorization: "Bearer dev-token",
        path: "POST /.strata/purge",
        body: { tags: ["product:7", "category:bath", "categories", "search", "deals"] },
      },
    ]);
    expect(shop.edge.headers).toEqual([expect.objectContaining({ "x-request-id": "change-7" })]);
    expect(await waiting()).toEqual([]);
    const after = await shop.request(path);
    expect(after.headers.get("x-cache-app")).toBe("MISS");
    expect(await json(after)).toMatchObject({ price_cents: 1_234 });
  });

  const of = (id: number, event: Record<string, unknown>): Record<string, unknown> => ({
    id,
    categories: ["bath"],
    ...event,
  });
  test.each([
    [
      "the price",
      { price_cents: 2_000 },
      of(31, { type: "product.price_changed", from_cents: 1_000, to_cents: 2_000 }),
    ],
    ["only the stock", { stock: 77 }, of(31, { type: "inventory.updated" })],
    ["the name", { name: "Another name" }, of(31, { type: "product.updated" })],
    ["name and stock", { name: "A third name", stock: 9 }, of(31, { type: "product.updated" })],
    [
      "price and stock",
      { price_cents: 2_500, stock: 10 },
      of(31, { type: "product.price_changed", from_cents: 2_000, to_cents: 2_500 }),
    ],
    ["nothing", { stock: 10 }, of(31, { type: "product.updated" })],
    ["the category", { category: "pets" }, of(31, { type: "product.updated", categories: ["bath", "pets"] })],
  ])("changing %s is one event, of the right kind", async (what, changes, event) => {
    if (what === "the price") await put(31, { price_cents: 1_000 });
    await shop.handleEvents();
    expect((await put(31, changes)).status).toBe(200);
    expect(await waiting()).toEqual([event]);
  });

  test("what is refused is no event", async () => {
    await shop.handleEvents();
    await put(2, { stock: 1 }, { "If-Match": '"x"' });
    await put(999_999, { stock: 1 });
    expect(await waiting()).toEqual([]);
  });

  test("a change of stock reaches Redis and nothing in front of it", async () => {
    await shop.handleEvents();
    shop.edge.purges.length = 0;
    await shop.request("/api/products/12");
    expect(await json(await put(12, { stock: 123 }))).toMatchObject({
      invalidation: { application: { status: "done" }, gateway: { status: "skipped" }, cdn: { status: "skipped" } },
    });
    await shop.handleEvents();
    expect(shop.edge.purges).toEqual([]);
    expect((await pastGateway(12)).headers.get("x-cache-app")).toBe("MISS");
  });

  test("moving to another category touches both, and the counts", async () => {
    await shop.handleEvents();
    shop.edge.purges.length = 0;
    await Promise.all([shop.request("/api/categories"), shop.request("/api/products?category=toys")]);
    await put(31, { category: "toys" });
    await shop.handleEvents();
    expect(shop.edge.purges.map(({ body }) => body)).toEqual([
      { tags: ["product:31", "category:pets", "category:toys", "categories", "search"] },
    ]);
    expect((await shop.request("/api/categories")).headers.get("x-cache-app")).toBe("MISS");
    expect((await shop.request("/api/products?category=toys")).headers.get("x-cache-app")).toBe("MISS");
  });

  test("deleting takes the product out of every answer", async () => {
    await shop.handleEvents();
    shop.edge.purges.length = 0;
    await Promise.all([shop.request("/api/products/8"), shop.request("/api/products?limit=10")]);
    const response = await shop.request("/api/products/8", { method: "DELETE", headers: ADMIN });
    expect(await json(response)).toMatchObject({
      product: { id: 8 },
      invalidation: { application: { status: "done" }, cdn: { status: "queued" } },
    });
    expect(await waiting()).toEqual([{ type: "product.deleted", id: 8, categories: ["garden"] }]);
    await shop.handleEvents();
    expect(shop.edge.purges.map(({ body }) => body)).toEqual([
      { tags: ["product:8", "category:garden", "categories", "search", "product-list"] },
    ]);
    expect((await shop.request("/api/products/8")).status).toBe(404);
    expect(JSON.stringify(await json(await shop.request("/api/products?limit=10")))).not.toContain('"id":8,');
    expect((await shop.request("/api/products/8", { method: "DELETE", headers: ADMIN })).status).toBe(404);
  });

  test("an update answers while the edge does not", async () => {
    await shop.handleEvents();
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      shop.edge.answer = (response) => {
        answer = () => receipt(response);
        resolve();
      };
    });
    await put(9, { description: "first" });
    const handling = shop.handleEvents();
    await asked;
    expect((await put(9, { description: "second" })).status).toBe(200);
    shop.edge.answer = receipt;
    answer();
    await handling;
  });

  test("who waits is told what the edge said, and it is not purged once more by the event", async () => {
    await shop.handleEvents();
    shop.edge.headers.length = 0;
    const response = await put(9, { description: "waited for" }, { Prefer: "respond-async, wait=5" });
    expect(response.headers.get("preference-applied")).toBe("wait");
    expect(await json(response)).toMatchObject({
      invalidation: { application: { status: "done" }, cdn: { status: "done", seq: 7 } },
    });
    await shop.handleEvents();
    // One key: the edge purges once and answers both.
    expect(shop.edge.headers).toHaveLength(2);
    expect(new Set(shop.edge.headers.map((headers) => headers["idempotency-key"])).size).toBe(1);
  });

  test("an edge that fails does not fail the update, whether it waits or not", async () => {
    shop.edge.answer = (response) => void response.writeHead(503).end();
    const response = await put(9, { description: "unlucky" }, { Prefer: "wait=5" });
    expect(response.status).toBe(200);
    expect(await json(response)).toMatchObject({
      invalidation: {
        application: { status: "done" },
        cdn: { status: "failed", failure: "temporary", reason: "the edge answered 503" },
      },
    });
    expect(await waiting()).toHaveLength(1);
  });

  // Breaks Redis: stays last.
  test("without Redis the update stands, the tiers in front are held, and what follows is read from the database", async () => {
    await shop.request("/api/products/10");
    await shop.server.stop();
    const response = await put(10, { description: "new" }, { Prefer: "wait=5" });
    expect(await json(response)).toMatchObject({
      product: { description: "new" },
      invalidation: {
        application: { status: "deferred", keys: 6 },
        gateway: { status: "held" },
        cdn: { status: "held", reason: expect.stringContaining("the application cache is not clean") },
      },
    });
    expect(shop.edge.purges).toEqual([]);
    const after = await shop.request("/api/products/10");
    expect(after.headers.get("x-cache-app")).toBe("BYPASS");
    expect(await json(after)).toMatchObject({ description: "new" });
  });

  test("without the database a write is 503", async () => {
    await shop.db.close();
    expect((await put(10, { stock: 4 })).status).toBe(503);
  });
});
