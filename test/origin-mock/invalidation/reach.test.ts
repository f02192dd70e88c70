// Proves the reach of every kind of event, tier by tier, and what many of them are together.
import { expect, test } from "vitest";
import type { ShopEvent } from "../../../origin-mock/events/event.ts";
import { changesCategoryTotals, reachOf, withoutTotals } from "../../../origin-mock/invalidation/reach.ts";
import { mergeTargets } from "../../../origin-mock/invalidation/targets.ts";

const EVENTS: readonly {
  readonly event: ShopEvent;
  readonly keys: readonly string[];
  readonly tags: readonly string[];
}[] = [
  {
    event: { type: "product.updated", id: 7, categories: ["bath"] },
    keys: ["product 7", "product-list *", "product-list bath", "categories ", "deals ", "all search"],
    tags: ["product:7", "category:bath", "categories", "search"],
  },
  {
    event: { type: "product.updated", id: 7, categories: ["bath", "pets"] },
    keys: [
      "product 7",
      "product-list *",
      "product-list bath",
      "product-list pets",
      "categories ",
      "deals ",
      "all search",
    ],
    tags: ["product:7", "category:bath", "category:pets", "categories", "search"],
  },
  {
    event: { type: "product.price_changed", id: 7, categories: ["bath"], from_cents: 2, to_cents: 1 },
    keys: ["product 7", "product-list *", "product-list bath", "categories ", "deals ", "all search"],
    tags: ["product:7", "category:bath", "categories", "search", "deals"],
  },
  {
    event: { type: "product.deleted", id: 7, categories: ["bath"] },
    keys: ["product 7", "product-list *", "product-list bath", "categories ", "deals ", "rating 7", "all search"],
    tags: ["product:7", "category:bath", "categories", "search", "product-list"],
  },
  {
    event: { type: "category.updated", slug: "bath" },
    keys: ["categories ", "product-list bath"],
    tags: ["categories", "category:bath"],
  },
];

const keysOf = (event: ShopEvent): readonly string[] => {
  const { addresses, entities } = reachOf(event).application;
  return [...addresses.map(({ entity, id }) => `${entity} ${id}`), ...entities.map((entity) => `all ${entity}`)];
};

test.each(EVENTS)("$event.type of $event.categories reaches all tiers", ({ event, keys, tags }) => {
  expect(keysOf(event)).toEqual(keys);
  expect(reachOf(event)).toMatchObject({
    application: { everything: false },
    gateway: { tags, everything: false },
    cdn: { tags },
  });
});

test("inventory.updated reaches the application's cache alone", () => {
  const event: ShopEvent = { type: "inventory.updated", id: 7, categories: ["bath"] };
  expect(keysOf(event)).toEqual(["product 7", "product-list *", "product-list bath", "categories "]);
  expect(reachOf(event)).toMatchObject({ gateway: { tags: [], everything: false }, cdn: { tags: [] } });
});

test("user.updated reaches what is private to one person, and no edge", () => {
  const event: ShopEvent = { type: "user.updated", username: "alice" };
  expect(keysOf(event)).toEqual(["profile alice"]);
  expect(reachOf(event)).toMatchObject({ gateway: { tags: ["user:alice"], everything: false }, cdn: { tags: [] } });
});

test("global.invalidate is everything, by one tag at the edge", () => {
  expect(reachOf({ type: "global.invalidate", reason: "r" })).toEqual({
    application: { addresses: [], entities: [], everything: true },
    gateway: { tags: [], everything: true },
    cdn: { tags: ["shop"] },
  });
});

test("a price change reaches whatever an update reaches, and more", () => {
  const product = { id: 7, categories: ["bath", "pets"] };
  const update = reachOf({ type: "product.updated", ...product });
  const price = reachOf({ type: "product.price_changed", ...product, from_cents: 1, to_cents: 2 });
  expect(mergeTargets([price, update])).toEqual(price);
});

test("category totals change with products and their stock, and a name is none of them", () => {
  const changing = [
    ...EVENTS.map(({ event }) => event),
    { type: "inventory.updated", id: 7, categories: ["bath"] } as const,
    { type: "user.updated", username: "alice" } as const,
    { type: "global.invalidate", reason: "r" } as const,
  ].map(changesCategoryTotals);
  expect(changing).toEqual([true, true, true, true, false, true, false, true]);
});

test("without totals it is all that does not show them", () => {
  const { application, gateway, cdn } = withoutTotals(
    reachOf({ type: "product.updated", id: 7, categories: ["bath"] }),
  );
  expect(application.addresses.map(({ entity }) => entity)).toEqual([
    "product",
    "product-list",
    "product-list",
    "deals",
  ]);
  expect(cdn.tags).toEqual(["product:7", "category:bath", "search"]);
  expect(gateway.tags).toEqual(cdn.tags);
});

test("merged, everything is named once", () => {
  const merged = mergeTargets([...EVENTS, ...EVENTS].map(({ event }) => reachOf(event)));
  expect(merged.cdn.tags).toEqual([
    "product:7",
    "category:bath",
    "categories",
    "search",
    "category:pets",
    "deals",
    "product-list",
  ]);
  expect(merged.gateway.tags).toEqual(merged.cdn.tags);
  expect(merged.application.addresses).toHaveLength(7);
  expect(merged.application.entities).toEqual(["search"]);
});
