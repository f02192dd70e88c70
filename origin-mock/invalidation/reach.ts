// Owns how far each kind of event reaches: what it makes untrue, tier by tier. Pure.
import type { ShopEvent } from "../events/event.ts";
import {
  CATEGORIES_ADDRESS,
  CATEGORIES_TAG,
  categoryTag,
  DEALS_ADDRESS,
  DEALS_TAG,
  listAddress,
  productAddress,
  productTag,
  profileAddress,
  SEARCH_TAG,
  SHOP_TAG,
  userTag,
  WHOLE_LIST_TAG,
} from "./product-change.ts";
import type { Targets } from "./targets.ts";

type ProductEvent = Extract<ShopEvent, { readonly id: number }>;

const shownIn = ({ id, categories }: ProductEvent): Targets["application"]["addresses"] => [
  productAddress(id),
  listAddress(undefined),
  ...categories.map(listAddress),
];

/** Of a product that is shown differently from now on, or no more. */
const productReach = (event: ProductEvent, more: readonly string[]): Targets => {
  // Two categories: it moved from one to the other, and both are counted anew.
  const counted = event.type === "product.deleted" || event.categories.length > 1;
  const tags = [
    productTag(event.id),
    ...event.categories.map(categoryTag),
    ...(counted ? [CATEGORIES_TAG] : []),
    SEARCH_TAG,
    ...more,
  ];
  return {
    application: {
      addresses: [...shownIn(event), DEALS_ADDRESS, ...(counted ? [CATEGORIES_ADDRESS] : [])],
      entities: ["search"],
      everything: false,
    },
    gateway: { tags, everything: false },
    cdn: { tags },
  };
};

const NOWHERE = { tags: [], everything: false } as const;

export const reachOf = (event: ShopEvent): Targets => {
  switch (event.type) {
    case "product.updated":
      return productReach(event, []);
    case "product.price_changed":
      return productReach(event, [DEALS_TAG]);
    case "product.deleted":
      return productReach(event, [WHOLE_LIST_TAG]);
    case "inventory.updated":
      // Stock changes with every sale: the tiers in front live it down by their short lifetimes.
      return {
        application: { addresses: shownIn(event), entities: [], everything: false },
        gateway: NOWHERE,
        cdn: { tags: [] },
      };
    case "category.updated": {
      const tags = [CATEGORIES_TAG, categoryTag(event.slug)];
      return {
        application: { addresses: [CATEGORIES_ADDRESS, listAddress(event.slug)], entities: [], everything: false },
        gateway: { tags, everything: false },
        cdn: { tags },
      };
    }
    case "user.updated":
      return {
        application: { addresses: [profileAddress(event.username)], entities: [], everything: false },
        gateway: { tags: [userTag(event.username)], everything: false },
        cdn: { tags: [] },
      };
    case "global.invalidate":
      return {
        application: { addresses: [], entities: [], everything: true },
        gateway: { tags: [], everything: true },
        cdn: { tags: [SHOP_TAG] },
      };
  }
};

/** Whether the numbers shown with categories are others than before. */
export const changesCategoryTotals = ({ application }: Targets): boolean =>
  application.everything || application.addresses.includes(CATEGORIES_ADDRESS);
