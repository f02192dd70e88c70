// Proves carts: guests' and people's, merged at sign-in, in the reader's language, and what is refused.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATABASES } from "../support/databases.ts";
import { json, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

const JSON_BODY = { "Content-Type": "application/json" };

describe.each(DATABASES)("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
  }, 60_000);
  afterAll(() => shop.close());

  const get = (headers: Record<string, string> = {}): Promise<Response> => shop.request("/api/cart", { headers });
  const put = (id: number | string, quantity: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    shop.request(`/api/cart/lines/${id}`, {
      method: "PUT",
      headers: { ...JSON_BODY, ...headers },
      body: JSON.stringify({ quantity }),
    });
  const remove = (path: string, headers: Record<string, string>): Promise<Response> =>
    shop.request(`/api/cart${path}`, { method: "DELETE", headers });
  const cookieOf = (response: Response, name: string): string =>
    response.headers.getSetCookie().find((cookie) => cookie.startsWith(`${name}=`)) ?? "none";
  const sent = (...cookies: readonly string[]) => ({
    Cookie: cookies.map((cookie) => cookie.split(";")[0]).join("; "),
  });
  const newGuest = async (id: number, quantity: number) => sent(cookieOf(await put(id, quantity), "cart"));
  const signIn = (username: string, headers: Record<string, string>): Promise<Response> =>
    shop.request("/api/login", {
      method: "POST",
      headers: { ...JSON_BODY, ...headers },
      body: JSON.stringify({ username, password: `${username}-password` }),
    });
  const quantities = async (response: Response) => {
    const { lines } = await json(response);
    return Array.isArray(lines)
      ? lines.map(({ id, quantity }: { id: number; quantity: number }) => [id, quantity])
      : [];
  };

  test("looking makes no cart and no cookie", async () => {
    const response = await get();
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await json(response)).toEqual({ username: null, version: "0", lines: [], total_cents: 0 });
  });

  test("a guest's cart is behind a cookie that no script and no other site can use", async () => {
    const response = await put(7, 2);
    expect(cookieOf(response, "cart")).toMatch(/^cart=[\w-]{43}; Max-Age=604800; Path=\/api; HttpOnly; SameSite=Lax$/);
    const secure = await put(7, 2, { "X-Forwarded-Proto": "https" });
    expect(cookieOf(secure, "cart")).toMatch(/; Secure/);
    const guest = sent(cookieOf(response, "cart"));
    const [line] = await quantities(await get(guest));
    expect(line).toEqual([7, 2]);
    expect((await json(await get()))["lines"]).toEqual([]);
  });

  test("the cart may be kept by one browser, which asks every time", async () => {
    const guest = await newGuest(7, 1);
    const response = await get({ ...guest, "Accept-Language": "de" });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "cache-control": "private, no-cache",
      "cache-tag": "shop,cart",
      "content-language": "de",
      vary: "Authorization, Cookie, Accept-Language",
    });
    const again = { ...guest, "If-None-Match": response.headers.get("etag") ?? "none" };
    expect((await get({ ...again, "Accept-Language": "de" })).status).toBe(304);
    expect((await get({ ...again, "Accept-Language": "fr" })).status).toBe(200);
    await put(7, 2, guest);
    expect((await get({ ...again, "Accept-Language": "de" })).status).toBe(200);
  });

  test("lines are set and taken away, the same twice; the total follows", async () => {
    const guest = await newGuest(7, 1);
    const price = Number((await json(await shop.request("/api/products/7")))["price_cents"]);
    const other = Number((await json(await shop.request("/api/products/9")))["price_cents"]);
    await put(9, 3, guest);
    const both = await json(await put(9, 3, guest));
    expect(both["total_cents"]).toBe(price + 3 * other);
    expect(await quantities(await remove("/lines/7", guest))).toEqual([[9, 3]]);
    expect(await quantities(await remove("/lines/7", guest))).toEqual([[9, 3]]);
    expect(await quantities(await remove("", guest))).toEqual([]);
  });

  test("a change under a condition is made to the cart it names, or not at all", async () => {
    const guest = await newGuest(7, 1);
    const seen = (await get(guest)).headers.get("etag") ?? "none";
    const changed = await put(7, 2, { ...guest, "If-Match": seen });
    expect([changed.status, await quantities(changed)]).toEqual([200, [[7, 2]]]);
    const late = [await put(9, 1, { ...guest, "If-Match": seen }), await remove("", { ...guest, "If-Match": seen })];
    late.push(await remove("/lines/7", { ...guest, "If-None-Match": "*" }));
    for (const response of late) {
      expect([response.status, response.headers.get("cache-control")]).toEqual([412, "no-store"]);
    }
    expect(await quantities(await get(guest))).toEqual([[7, 2]]);
    // A visitor who never had a cart names none.
    expect((await put(7, 1, { "If-Match": seen })).headers.getSetCookie()).toEqual([]);
  });

  test("of changes that name the same cart one is made", async () => {
    const guest = await newGuest(7, 1);
    const condition = { ...guest, "If-Match": (await get(guest)).headers.get("etag") ?? "none" };
    const statuses = (await Promise.all([2, 3, 4, 5].map((id) => put(id, 1, condition)))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 412, 412, 412]);
    expect(await quantities(await get(guest))).toHaveLength(2);
  });

  test("tabs that change a cart at once lose nothing", async () => {
    const guest = await newGuest(1, 1);
    await Promise.all([2, 3, 4, 5, 6].map((id) => put(id, id, guest)));
    expect(await quantities(await get(guest))).toEqual([1, 2, 3, 4, 5, 6].map((id) => [id, id]));
  });

  test.each<readonly [string, number | string, unknown, readonly string[]]>([
    ["nothing of it", 7, 0, ["/quantity"]],
    ["too much", 7, 100, ["/quantity"]],
    ["a part", 7, 1.5, ["/quantity"]],
    ["words", 7, "1", ["/quantity"]],
    ["a bad id, and words", "x", "1", ["id", "/quantity"]],
  ])("%s is refused", async (_, id, quantity, places) => {
    const response = await put(id, quantity);
    expect([response.status, response.headers.getSetCookie()]).toEqual([400, []]);
    expect((await json(response))["errors"]).toEqual(places.map((at) => expect.objectContaining({ at })));
  });

  test("what is not sold cannot be put into a cart", async () => {
    const response = await put(999_999, 1);
    expect([response.status, response.headers.getSetCookie()]).toEqual([404, []]);
  });

  test("a form of another site is refused by its type", async () => {
    const response = await put(7, 1, { "Content-Type": "text/plain" });
    expect(response.status).toBe(415);
  });

  test("more lines than a cart has are refused, and those in it stay", async () => {
    const guest = await newGuest(1, 1);
    for (let id = 2; id <= 50; id += 1) await put(id, 1, guest);
    expect((await put(51, 1, guest)).status).toBe(409);
    expect((await put(50, 2, guest)).status).toBe(200);
    expect(await quantities(await get(guest))).toHaveLength(50);
  });

  test("a cookie that the shop did not make names no cart", async () => {
    const response = await put(7, 1, { Cookie: "cart=mine" });
    expect(cookieOf(response, "cart")).toMatch(/^cart=[\w-]{43};/);
    expect(await json(await get({ Cookie: "cart=mine" }))).toMatchObject({ version: "0" });
  });

  test("a token that is nobody's has no cart", async () => {
    const headers = { Authorization: "Bearer nonsense" };
    for (const response of [await get(headers), await put(7, 1, headers), await remove("", headers)]) {
      expect(response.status).toBe(401);
    }
  });

  test("signing in brings the guest's cart along, once", async () => {
    const guest = await newGuest(7, 2);
    await put(9, 1, guest);
    const first = await signIn("alice", guest);
    expect(cookieOf(first, "cart")).toMatch(/^cart=; Max-Age=0; Path=\/api$/);
    const alice = sent(cookieOf(first, "sid"));
    const cart = await get(alice);
    expect(cart.headers.get("cache-tag")).toBe("shop,cart,user:alice");
    expect(await json(cart)).toMatchObject({
      username: "alice",
      lines: [
        { id: 7, quantity: 2 },
        { id: 9, quantity: 1 },
      ],
    });
    // The same guest's cookie again, as from a browser that kept it: there is nothing left in it.
    await signIn("alice", guest);
    expect(await quantities(await get(alice))).toEqual([
      [7, 2],
      [9, 1],
    ]);
    await signIn("alice", await newGuest(9, 4));
    expect(await quantities(await get({ Authorization: "Bearer alice-token" }))).toEqual([
      [7, 2],
      [9, 5],
    ]);
    expect(await quantities(await get({ Authorization: "Bearer bob-token" }))).toEqual([]);
  });

  test("a wrong password moves nothing", async () => {
    const guest = await newGuest(7, 2);
    const headers = { ...JSON_BODY, ...guest };
    const body = JSON.stringify({ username: "bob", password: "wrong" });
    expect((await shop.request("/api/login", { method: "POST", headers, body })).status).toBe(401);
    expect(await quantities(await get(guest))).toEqual([[7, 2]]);
  });

  test("a product that is no longer sold is no longer shown", async () => {
    const guest = await newGuest(20, 1);
    await put(21, 1, guest);
    const headers = { Authorization: "Bearer admin-token" };
    await shop.request("/api/products/20", { method: "DELETE", headers });
    expect(await quantities(await get(guest))).toEqual([[21, 1]]);
  });

  // Breaks Redis: stays last.
  test("without Redis carts are 503, not empty", async () => {
    const guest = await newGuest(7, 1);
    await shop.server.stop();
    for (const response of [await get(guest), await put(7, 2, guest), await put(7, 1)]) {
      expect([response.status, response.headers.get("cache-control")]).toEqual([503, "no-store"]);
    }
  });
});
