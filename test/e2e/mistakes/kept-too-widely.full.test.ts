// Owns the proof that what holds for one moment or one visitor is not kept for others: errors, absence, cookies, carts, what is deleted.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parsePage } from "../../../origin-mock/catalogue/product.ts";
import type { Database } from "../../../origin-mock/db/port.ts";
import { shopError } from "../../../origin-mock/error.ts";
import { happen } from "../../origin-mock/support/events.ts";
import { ask } from "../support/asking.ts";
import { type Fields, type Mistake, withFields } from "../support/shop-mistakes.ts";
import { bearer, changePrice, jsonOf, signIn } from "../support/shop-people.ts";
import { type ShopWorld, startShopWorld } from "../support/shop-world.ts";

const NEW_CENTS = 7_654_321;
/** On which the products of these tests are. */
const LIST = "/api/products?limit=100&page=2";
const JSON_FIELDS = { "content-type": "application/json" };
let world: ShopWorld;
let edge = "";
let id = 100;

beforeAll(async () => {
  world = await startShopWorld();
  [edge = ""] = world.edges;
});
afterAll(() => world.close());
beforeEach(() => {
  id += 1;
});

const leaving = (status: number, fields: Fields): Mistake => ({
  leaving: (response) => (response.status === status ? withFields(response, fields) : response),
});

describe("a 401 of somebody who has not signed in", () => {
  it.each<readonly [what: string, mistake: Mistake, status: number]>([
    ["as the shop is: is not another's", {}, 200],
    ["with a lifetime: is not given to credentials", leaving(401, { "Cache-Control": "max-age=60", Vary: "" }), 200],
    ["with a lifetime for all: is everybody's", leaving(401, { "Cache-Control": "public, max-age=60", Vary: "" }), 401],
  ])("%s", async (_, mistake, status) => {
    await world.serve({ mistake });
    expect((await ask(`${edge}/api/me/orders`)).status).toBe(401);
    expect((await ask(`${edge}/api/me/orders`, { headers: bearer("alice") })).status).toBe(status);
  });
});

describe("a redirect to the sign-in, in the place of that 401", () => {
  const redirecting = (cacheControl: Fields): Mistake => ({
    leaving: (response) =>
      response.status === 401
        ? new Response(null, { status: 302, headers: { location: "/", ...cacheControl } })
        : response,
  });

  it.each<readonly [what: string, mistake: Mistake, status: number]>([
    ["without a lifetime: is not another's", redirecting({}), 200],
    ["with a lifetime for all: sends everybody away", redirecting({ "Cache-Control": "public, max-age=60" }), 302],
  ])("%s", async (_, mistake, status) => {
    await world.serve({ mistake });
    expect((await ask(`${edge}/api/me/orders`)).status).toBe(302);
    expect((await ask(`${edge}/api/me/orders`, { headers: bearer("alice") })).status).toBe(status);
  });
});

describe("a 503 of a database that was away for a moment", () => {
  it.each<readonly [what: string, mistake: Mistake, status: number]>([
    ["as the shop is: is over with it", {}, 200],
    ["without no-store: is over with it, because it has no lifetime", leaving(503, { "Cache-Control": "" }), 200],
    ["with the lifetime of a page: stays", leaving(503, { "Cache-Control": "public, max-age=60" }), 503],
  ])("%s", async (_, mistake, status) => {
    let isAway = true;
    const reading = (db: Database): Database => ({
      ...db,
      query: async (sql, params) => {
        if (isAway) throw shopError("DatabaseUnavailable", "it is away");
        return db.query(sql, params);
      },
    });
    await world.serve({ mistake, reading });
    expect((await ask(`${edge}/api/products/${id}`)).status).toBe(503);
    isAway = false;
    expect((await ask(`${edge}/api/products/${id}`)).status).toBe(status);
  });
});

describe("a 404 of what is made a moment later", () => {
  it.each<readonly [what: string, mistake: Mistake, status: number]>([
    ["as the shop is: falls with it", {}, 200],
    ["without the tag of what is missing: stays", leaving(404, { "Cache-Tag": "shop" }), 404],
  ])("%s", async (_, mistake, status) => {
    await world.serve({ mistake });
    const missing = 9_000_000 + id;
    expect((await ask(`${edge}/api/products/${missing}`)).status).toBe(404);
    await world.db.query(
      `INSERT INTO products (id, name, brand, description, category, price_cents, stock, updated_at)
        SELECT $1::integer, name || $2, brand, description, category, price_cents, stock, updated_at FROM products WHERE id = 1`,
      [missing, ` ${String(missing)}`],
    );
    await world.handled(await happen(world.db, { type: "product.updated", id: missing, categories: ["bath"] }));
    expect((await ask(`${edge}/api/products/${missing}`)).status).toBe(status);
  });
});

describe("a deleted product", () => {
  /** Its page at the edge, and whether the edge's list shows it. */
  async function seen(): Promise<readonly [number, boolean]> {
    const page = await ask(`${edge}/api/products/${id}`);
    const list = await ask(edge + LIST);
    expect(list.status).toBe(200);
    return [page.status, list.body.includes(`"id":${id},`)];
  }

  const unheard: Mistake = { events: (right) => ({ ...right, record: async () => "unheard" }) };

  it.each<readonly [what: string, mistake: Mistake, after: readonly [number, boolean]]>([
    ["as the shop is: is gone from its page and from lists", {}, [404, false]],
    ["without an event: is sold on at the edge", unheard, [200, true]],
  ])("%s", async (_, mistake, after) => {
    await world.serve({ mistake });
    expect(await seen()).toEqual([200, true]);
    const answer = await ask(`${world.originUrl}/api/products/${id}`, { method: "DELETE", headers: bearer("admin") });
    expect(answer.status).toBe(200);
    const event = /"event":"([^"]+)"/.exec(answer.body)?.[1] ?? "";
    if (event !== "unheard") await world.handled(event);
    expect(await seen()).toEqual(after);
  });
});

describe("a list that shows what is changed", () => {
  /** In two languages. */
  async function listed(): Promise<readonly unknown[]> {
    const prices: unknown[] = [];
    for (const language of ["en", "de"]) {
      const list = await ask(edge + LIST, { headers: { "accept-language": language } });
      const products = parsePage(jsonOf(list))?.products ?? [];
      prices.push(products.find((product) => product.id === id)?.price_cents);
    }
    return prices;
  }

  const taggedByKind: Mistake = {
    leaving: (response, request) =>
      request.url.includes("?") ? withFields(response, { "Cache-Tag": "shop,products" }) : response,
  };

  it.each<readonly [what: string, mistake: Mistake, isNew: boolean]>([
    ["as the shop is: shows the new price", {}, true],
    ["tagged by its kind alone: shows the old one", taggedByKind, false],
  ])("%s", async (_, mistake, isNew) => {
    await world.serve({ mistake });
    const before = await listed();
    await world.handled(await changePrice(world.originUrl, id, NEW_CENTS));
    expect(await listed()).toEqual(isNew ? [NEW_CENTS, NEW_CENTS] : before);
    expect(before).not.toContain(undefined);
  });
});

describe("a guest's cart", () => {
  it.each<readonly [what: string, mistake: Mistake, isShown: boolean]>([
    ["as the shop is: is the guest's own", {}, false],
    ["public: is shown to the next guest", { policy: { cart: { "Cache-Control": "public, max-age=60" } } }, true],
  ])("%s", async (_, mistake, isShown) => {
    await world.serve({ mistake });
    const put = { method: "PUT", headers: JSON_FIELDS };
    const filled = await ask(`${edge}/api/cart/lines/${id}`, put, JSON.stringify({ quantity: 2 }));
    const cookie = filled.fields["set-cookie"]?.[0]?.split(";")[0] ?? "";
    expect(cookie).toMatch(/^cart=/);
    const linesOf = async (headers: Fields): Promise<unknown> =>
      jsonOf(await ask(`${edge}/api/cart`, { headers }))["lines"];
    const own = await linesOf({ cookie });
    expect(own).toMatchObject([{ id, quantity: 2 }]);
    expect(await linesOf({})).toEqual(isShown ? own : []);
  });
});

describe("a cookie for one visitor on a page for all", () => {
  it("reaches that visitor alone: the edge keeps no answer that sets one", async () => {
    let visitors = 0;
    const greet = (response: Response): Response =>
      withFields(response, { "Set-Cookie": `visitor=${(visitors += 1)}` });
    await world.serve({ mistake: { leaving: greet } });
    const cookies: unknown[] = [];
    for (let visit = 0; visit < 3; visit += 1) {
      cookies.push((await ask(`${edge}/api/products/${id}`)).fields["set-cookie"]);
    }
    expect(cookies).toEqual([["visitor=1"], ["visitor=2"], ["visitor=3"]]);
  });
});

describe("a session that somebody else chose", () => {
  it("is not the one that is signed in to, and is over", async () => {
    await world.serve();
    const planted = await signIn(edge, "bob");
    const own = await signIn(edge, "alice", { cookie: planted });
    const seenWith = async (cookie: string) => (await ask(`${edge}/api/me/profile`, { headers: { cookie } })).status;
    expect(own).not.toBe(planted);
    expect([await seenWith(own), await seenWith(planted)]).toEqual([200, 401]);
  });
});
