// Proves lists, searches and deals: every product once by cursor, one answer for all spellings, and the badge's roll-out.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATABASES } from "../support/databases.ts";
import { ADMIN, json, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

type Page = { readonly products: readonly { readonly id: number }[]; readonly next: string | null };

describe.each(DATABASES)("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
  }, 60_000);
  afterAll(() => shop.close());

  const page = async (path: string): Promise<Page> => {
    const body: Page = JSON.parse(await (await shop.request(path)).text());
    return body;
  };
  /** Everything behind a first page, by its cursors. */
  const walk = async (path: string): Promise<readonly number[]> => {
    const ids: number[] = [];
    for (let next: string | null = "", pages = 0; next !== null && pages < 100; pages += 1) {
      const { products, next: following }: Page = await page(next === "" ? path : `${path}&after=${next}`);
      ids.push(...products.map(({ id }) => id));
      next = following;
    }
    return ids;
  };

  test("by cursor every product of a category comes once, in the order of the pages", async () => {
    const ids = await walk("/api/products?category=bath&limit=100");
    expect(ids.length).toBe(220);
    expect(new Set(ids).size).toBe(220);
    const second = await page("/api/products?category=bath&limit=100&page=2");
    expect(second.products.map(({ id }) => id)).toEqual(ids.slice(100, 200));
  });

  test("a page by cursor has no number", async () => {
    const { next } = await page("/api/products?limit=2");
    const after = await json(await shop.request(`/api/products?limit=2&after=${next}`));
    expect(Object.keys(after).toSorted()).toEqual(["limit", "next", "products"]);
    const refused = await shop.request(`/api/products?page=2&after=${next}`);
    expect([refused.status, (await json(refused))["errors"]]).toEqual([
      400,
      [expect.objectContaining({ at: "after" })],
    ]);
  });

  test("a search finds each hit once, also by cursor", async () => {
    const ids = await walk("/api/search?q=lamp&limit=50");
    expect(ids.length).toBeGreaterThan(50);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("all spellings of a search are one entry of the cache", async () => {
    await shop.request("/api/search?q=steel+kettle");
    for (const q of ["Steel%20%20KETTLE", "%20steel%C2%A0kettle%20", "%EF%BC%B3teel+kettle"]) {
      const response = await shop.request(`/api/search?q=${q}`);
      expect(response.headers.get("x-cache-app")).toBe("HIT");
      expect(await json(response)).toMatchObject({ q: "steel kettle" });
    }
  });

  test("words of one language find what is shown in it", async () => {
    const find = async (q: string, locale: string) =>
      json(await shop.request(`/api/search?q=${q}`, { headers: { "Accept-Language": locale } }));
    expect((await find("decke", "de"))["products"]).not.toEqual([]);
    expect((await find("decke", "en"))["products"]).toEqual([]);
  });

  test("what nobody finds is an answer, and nothing kept", async () => {
    const response = await shop.request("/api/search?q=zzzzzz", { headers: { Range: "bytes=0-" } });
    expect([response.status, await json(response)]).toEqual([
      200,
      { q: "zzzzzz", products: [], limit: 24, next: null },
    ]);
    const again = await shop.request("/api/search?q=zzzzzz", { headers: { Range: "bytes=0-" } });
    expect(again.headers.get("x-cache-app")).toBe("MISS");
  });

  test("a rating has its own URL, and is numbers; nobody's rating is told from no product", async () => {
    const rated = (await shop.db.query("SELECT min(product_id) AS id, max(product_id) AS last FROM reviews"))[0]?.[
      "id"
    ];
    const [row] = await shop.db.query(
      "SELECT avg(rating)::double precision AS mean, count(*)::integer AS count FROM reviews WHERE product_id = $1",
      [Number(rated)],
    );
    const rating = await json(await shop.request(`/api/products/${Number(rated)}/rating`));
    expect(rating).toEqual({ average: expect.closeTo(Number(row?.["mean"]), 2), count: row?.["count"] });
    await shop.db.query("DELETE FROM reviews WHERE product_id = 9");
    expect(await json(await shop.request("/api/products/9/rating"))).toEqual({ average: null, count: 0 });
    expect((await shop.request("/api/products/999999/rating")).status).toBe(404);
  });

  describe("the badge on deals", () => {
    const badges = async (limit: number): Promise<unknown> =>
      (await json(await shop.request(`/api/deals?limit=${limit}`)))["badges"];
    const roll = (definition: object): Promise<Response> =>
      shop.request("/api/admin/flags/new-deals-badge", {
        method: "PUT",
        headers: ADMIN,
        body: JSON.stringify(definition),
      });

    test("is on for as many products as it is rolled out to, the same for everybody", async () => {
      await roll({ rollout: 0 });
      expect(await badges(40)).toEqual([]);
      await roll({ rollout: 50 });
      const half = await badges(39);
      expect(half).not.toEqual([]);
      await roll({ rollout: 100 });
      const { products } = await page("/api/deals?limit=38");
      const all = await badges(38);
      expect(all).toEqual(products.map(({ id }) => id));
    });

    test("is the administrator's to change", async () => {
      const wrong = await json(await roll({ rollout: 200, salt: "", name: "other", "roll/out": 1 }));
      expect(wrong["errors"]).toEqual(
        ["/rollout", "/salt", "/name", "/roll~1out"].map((at) => expect.objectContaining({ in: "body", at })),
      );
      const headers = { Authorization: "Bearer alice-token" };
      expect((await shop.request("/api/admin/flags", { headers })).status).toBe(403);
      const list = await json(await shop.request("/api/admin/flags", { headers: ADMIN }));
      expect(list["flags"]).toContainEqual({
        name: "new-deals-badge",
        rollout: 100,
        salt: "new-deals-badge",
        overrides: {},
      });
    });
  });
});
