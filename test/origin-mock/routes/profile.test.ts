// Proves changes of profiles and categories: permission, versions, refusals, and invalidation.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DATABASES } from "../support/databases.ts";
import { ADMIN, json, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

const ALICE = { Authorization: "Bearer alice-token", "Content-Type": "application/json" };

describe.each(DATABASES)("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
  }, 60_000);
  afterAll(() => shop.close());
  beforeEach(async () => {
    await shop.handleEvents();
    shop.edge.purges.length = 0;
  });

  const send = (method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Response> =>
    shop.request(path, { method, headers, body: JSON.stringify(body) });
  const profile = (headers: Record<string, string> = ALICE): Promise<Response> =>
    shop.request("/api/me/profile", { headers });
  const etagOf = async (): Promise<string> => (await profile()).headers.get("etag") ?? "none";
  const patch = (body: unknown, headers: Record<string, string>): Promise<Response> =>
    send("PATCH", "/api/me/profile", body, { ...ALICE, ...headers });
  const waiting = async (): Promise<unknown[]> =>
    (await shop.db.query("SELECT event FROM outbox WHERE handled_at IS NULL ORDER BY id")).map(({ event }) => event);

  describe("a profile", () => {
    test("is changed under its version, and read so at once", async () => {
      const etag = await etagOf();
      const response = await patch({ display_name: "Alice B." }, { "If-Match": etag });
      expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
      const changed = await json(response);
      expect(changed).toMatchObject({ username: "alice", display_name: "Alice B." });
      expect(response.headers.get("etag")).not.toBe(etag);
      const read = await profile();
      expect([await json(read), read.headers.get("etag")]).toEqual([changed, response.headers.get("etag")]);
      expect((await profile({ ...ALICE, "If-None-Match": etag })).status).toBe(200);
    });

    test("is one event, which no edge hears of", async () => {
      await patch({ email: "alice@example.net" }, { "If-Match": await etagOf() });
      expect(await waiting()).toEqual([{ type: "user.updated", username: "alice" }]);
      await shop.handleEvents();
      expect(shop.edge.purges).toEqual([]);
    });

    test("is not changed under another version, nor without one, nor as another person's", async () => {
      const etag = await etagOf();
      expect((await patch({ display_name: "A" }, { "If-Match": etag })).status).toBe(200);
      expect((await patch({ display_name: "B" }, { "If-Match": etag })).status).toBe(412);
      expect((await patch({ display_name: "B" }, {})).status).toBe(428);
      const bob = await profile({ Authorization: "Bearer bob-token" });
      expect((await patch({ display_name: "B" }, { "If-Match": bob.headers.get("etag") ?? "none" })).status).toBe(412);
      expect(await json(await profile())).toMatchObject({ display_name: "A" });
    });

    test("of many writers with one version, one wins", async () => {
      const etag = await etagOf();
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, index) => patch({ display_name: `A${index}` }, { "If-Match": etag })),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412, 412, 412]);
    });

    test.each<readonly [unknown, readonly string[]]>([
      [{}, [""]],
      [[], [""]],
      [{ display_name: " " }, ["/display_name"]],
      [{ display_name: "a\0b" }, ["/display_name"]],
      [{ display_name: "a".repeat(101) }, ["/display_name"]],
      [{ email: "nobody" }, ["/email"]],
      [{ email: "a b@c" }, ["/email"]],
      [{ email: 7, display_name: null, "a/b": 1 }, ["/email", "/display_name", "/a~1b"]],
    ])("%j is refused", async (body, places) => {
      const response = await patch(body, { "If-Match": await etagOf() });
      expect(response.status).toBe(400);
      expect((await json(response))["errors"]).toEqual(places.map((at) => expect.objectContaining({ at })));
      expect(await waiting()).toEqual([]);
    });
  });

  describe("a category", () => {
    const name = async (locale: string): Promise<unknown> => {
      const { categories } = await json(
        await shop.request("/api/categories", { headers: { "Accept-Language": locale } }),
      );
      const list: readonly { slug: string; name: string }[] = Array.isArray(categories) ? categories : [];
      return list.find(({ slug }) => slug === "bath")?.name;
    };

    test("is renamed in one language, everywhere it is shown", async () => {
      const [english, french] = [await name("en"), await name("fr")];
      const response = await send("PUT", "/api/categories/bath", { name: "Badezimmer", locale: "de" }, ADMIN);
      expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
      expect(await json(response)).toEqual({ slug: "bath", name: "Badezimmer", locale: "de" });
      expect([await name("en"), await name("de"), await name("fr")]).toEqual([english, "Badezimmer", french]);
      expect(await waiting()).toEqual([{ type: "category.updated", slug: "bath" }]);
      await shop.handleEvents();
      expect(shop.edge.purges.map(({ body }) => body)).toEqual([{ tags: ["categories", "category:bath"] }]);
    });

    test.each<readonly [string, unknown, readonly string[]]>([
      ["bath", {}, ["/name", "/locale"]],
      ["bath", { name: "", locale: "it" }, ["/name", "/locale"]],
      ["bath", { name: "a\u0007", locale: "de" }, ["/name"]],
      ["bath", { name: "Bath", locale: "en", slug: "x" }, ["/slug"]],
      ["BATH", { name: 7, locale: "en" }, ["slug", "/name"]],
    ])("%s: %j is refused", async (slug, body, places) => {
      const response = await send("PUT", `/api/categories/${slug}`, body, ADMIN);
      expect(response.status).toBe(400);
      expect((await json(response))["errors"]).toEqual(places.map((at) => expect.objectContaining({ at })));
    });

    test("only administrators may, and only what is there", async () => {
      const body = { name: "Bath", locale: "en" };
      expect((await send("PUT", "/api/categories/bath", body, ALICE)).status).toBe(403);
      expect((await send("PUT", "/api/categories/nowhere", body, ADMIN)).status).toBe(404);
      expect(await waiting()).toEqual([]);
    });
  });
});
