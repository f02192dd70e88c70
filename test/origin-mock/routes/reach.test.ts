// Proves that no change outlives its event: what every route answers afterwards is what it would answer without any cache, and
// where that is another answer than before, the edge was told to forget it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refreshCategoryTotals } from "../../../origin-mock/db/categories.ts";
import { isRecord } from "../../../origin-mock/schema.ts";
import { DATABASES } from "../support/databases.ts";
import { ADMIN, openTestShop } from "../support/shop.ts";
import type { TestShop } from "../support/shop.ts";

const ALICE = { Authorization: "Bearer alice-token", "Content-Type": "application/json" };

type Route = { readonly path: string; readonly language?: string; readonly person?: true };
const LISTS = ["", "&category=bath", "&category=pets"].flatMap((of) => [
  `/api/products?limit=5${of}`,
  `/api/products?limit=5&page=2${of}`,
  `/api/products?limit=5&after=bDEuMw${of}`,
]);
const ROUTES: readonly Route[] = [
  ...["en", "de", "fr"].flatMap((language) =>
    [
      "/",
      "/api/products/7",
      "/api/categories",
      "/api/deals?limit=5",
      "/api/deals?limit=100",
      "/api/search?q=bowl",
      "/api/search?q=quokka",
      ...LISTS,
    ].map((path) => ({ path, language })),
  ),
  { path: "/api/products/7/rating" },
  { path: "/api/products/8/rating" },
  { path: "/api/me/profile", person: true },
  { path: "/api/cart", person: true },
  { path: "/api/me/orders", person: true },
];

type Tier = "application" | "gateway";
/** By design: values that may be old in a tier for its lifetime, and the reason. */
type Lived = (route: Route, tier: Tier | "edge") => boolean;
const never: Lived = () => false;
// Stock changes with every sale: the tiers in front, and pages of much else in the application, live it down.
const byStock: Lived = ({ path }, tier) => tier !== "application" || /^\/api\/(?:search|deals)/.test(path);
// Rolled out over minutes: every tier in front lives it down.
const byFlag: Lived = ({ path }) => path.startsWith("/api/deals");

const put = (path: string, body: object) => ({ method: "PUT", path, body, headers: ADMIN });
type Change = {
  readonly what: string;
  readonly requests: readonly {
    readonly method: string;
    readonly path: string;
    readonly body?: object;
    readonly headers: Record<string, string>;
  }[];
  readonly lived: Lived;
  /** Of what is changed, a route that must show it: or the row would prove nothing. */
  readonly shows: string;
};
// In this order: each begins where the one before it ended.
const CHANGES: readonly Change[] = [
  {
    what: "a name",
    requests: [put("/api/products/7", { name: "Quokka Bowl" })],
    lived: never,
    shows: "/api/search?q=quokka",
  },
  {
    what: "a translation",
    requests: [put("/api/products/7", { name: "Schale", locale: "de" })],
    lived: never,
    shows: "/api/products/7",
  },
  {
    what: "a price that makes a deal",
    requests: [put("/api/products/7", { price_cents: 1 })],
    lived: never,
    shows: "/api/deals?limit=5",
  },
  {
    what: "a price that ends one",
    requests: [put("/api/products/7", { price_cents: 999_999 })],
    lived: never,
    shows: "/api/categories",
  },
  {
    what: "stock that ends",
    requests: [put("/api/products/7", { stock: 0 })],
    lived: byStock,
    shows: "/api/categories",
  },
  {
    what: "stock and a text",
    requests: [put("/api/products/7", { stock: 5, description: "In stock again" })],
    lived: never,
    shows: "/api/categories",
  },
  {
    what: "a sale",
    requests: [
      {
        method: "POST",
        path: "/api/checkout",
        headers: ALICE,
        body: { cart: "v1", lines: [{ product_id: 7, quantity: 5, price_cents: 999_999 }] },
      },
    ],
    lived: byStock,
    shows: "/api/categories",
  },
  {
    what: "another category",
    requests: [put("/api/products/7", { category: "pets" })],
    lived: never,
    shows: "/api/products?limit=5&category=pets",
  },
  {
    what: "a category's name",
    requests: [put("/api/categories/bath", { locale: "en", name: "Wet Rooms" })],
    lived: never,
    shows: "/api/categories",
  },
  {
    what: "its translation",
    requests: [put("/api/categories/bath", { locale: "fr", name: "Salles d'eau" })],
    lived: never,
    shows: "/api/categories",
  },
  {
    what: "a profile",
    requests: [
      {
        method: "PATCH",
        path: "/api/me/profile",
        headers: { ...ALICE, "If-Match": '"alice-1"' },
        body: { display_name: "Alice Q." },
      },
    ],
    lived: never,
    shows: "/api/me/profile",
  },
  {
    what: "a flag",
    requests: [put("/api/admin/flags/new-deals-badge", { rollout: 100 })],
    lived: byFlag,
    shows: "/api/deals?limit=5",
  },
  {
    what: "a product's end",
    requests: [{ method: "DELETE", path: "/api/products/7", headers: ADMIN }],
    lived: never,
    shows: "/api/products/7/rating",
  },
];

type Shown = { readonly route: Route; readonly text: string; readonly tags: readonly string[] };

describe.each(DATABASES)("$kind", (database) => {
  let shop: TestShop;
  beforeAll(async () => {
    shop = await openTestShop(database);
    await shop.request("/api/cart/lines/7", { method: "PUT", headers: ALICE, body: JSON.stringify({ quantity: 1 }) });
    await shop.db.query("UPDATE products SET list_price_cents = 5000 WHERE id = 7");
    await shop.db.query("DELETE FROM reviews WHERE product_id = 7");
    await shop.db.query("INSERT INTO reviews VALUES (7, 'alice', 5)");
    await refreshCategoryTotals(shop.db);
  }, 60_000);
  afterAll(() => shop.close());

  const ask = async (route: Route, tier: Tier): Promise<Shown> => {
    const { path, language = "en", person } = route;
    const headers = new Headers({ "Accept-Language": language });
    if (person === true) headers.set("Authorization", ALICE.Authorization);
    // The gateway leaves requests for ranges to the routes.
    if (tier === "application") headers.set("Range", "bytes=0-");
    const response = await shop.request(path, { headers });
    const tags = response.headers.get("Cache-Tag")?.split(",") ?? [];
    return { route, text: `${response.status} ${await response.text()}`, tags };
  };
  const askAll = async (tier: Tier): Promise<readonly Shown[]> => {
    const shown: Shown[] = [];
    for (const route of ROUTES) shown.push(await ask(route, tier));
    return shown;
  };
  const forgetEverything = async (): Promise<void> => {
    const body = JSON.stringify({ everything: true, reason: "to see what is true" });
    await shop.request("/api/admin/invalidate", { method: "POST", headers: ADMIN, body });
    await shop.handleEvents();
  };
  const purged = (): ReadonlySet<unknown> =>
    new Set(
      shop.edge.purges.flatMap(({ body }) => (isRecord(body) && Array.isArray(body["tags"]) ? body["tags"] : [])),
    );
  const named = ({ path, language }: Route): string => `${path} ${language ?? ""}`;

  test.each(CHANGES)("$what", async ({ requests, lived, shows }) => {
    await askAll("application");
    const before = await askAll("gateway");
    shop.edge.purges.length = 0;
    for (const { method, path, headers, body } of requests) {
      const response = await shop.request(path, { method, headers, body: JSON.stringify(body ?? {}) });
      expect(response.ok, await response.text()).toBe(true);
    }
    await shop.handleEvents();
    const tags = purged();
    const [application, gateway] = [await askAll("application"), await askAll("gateway")];
    await forgetEverything();
    const after = await askAll("gateway");

    const changed = after.filter(({ text }, index) => text !== before[index]?.text).map(({ route }) => route.path);
    expect(changed).toContain(shows);
    const stale = after.flatMap(({ route, text }, index) => [
      ...(application[index]?.text === text || lived(route, "application") ? [] : [`application: ${named(route)}`]),
      ...(gateway[index]?.text === text || lived(route, "gateway") ? [] : [`gateway: ${named(route)}`]),
    ]);
    expect(stale).toEqual([]);
    const unpurged = before
      .filter(
        ({ route, text }, index) => route.person === undefined && text !== after[index]?.text && !lived(route, "edge"),
      )
      .filter((shown) => !shown.tags.some((tag) => tags.has(tag)));
    expect(unpurged.map(({ route }) => named(route))).toEqual([]);
  });
});
