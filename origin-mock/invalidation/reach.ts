// Owns the reach of each event: the entries and tags it makes untrue, tier by tier. Pure.
import { ratingAddress } from "../cache/aggregates.ts";
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
} from "./names.ts";
import type { Targets } from "./targets.ts";

type ProductEvent = Extract<ShopEvent, { readonly id: number }>;

/** Any change of a product, its price or its stock may change the totals of its category. */
function shownIn({ id, categories }: ProductEvent): Targets["application"]["addresses"] {
  return [productAddress(id), listAddress(undefined), ...categories.map(listAddress), CATEGORIES_ADDRESS];
}

/** The reach of a product that looks different from now on, or is gone. */
function productReach(
  event: ProductEvent,
  more: { readonly addresses?: Targets["application"]["addresses"]; readonly tags?: readonly string[] } = {},
): Targets {
  const { addresses = [], tags: moreTags = [] } = more;
  const tags = [productTag(event.id), ...event.categories.map(categoryTag), CATEGORIES_TAG, SEARCH_TAG, ...moreTags];
  return {
    application: {
      addresses: [...shownIn(event), DEALS_ADDRESS, ...addresses],
      entities: ["search"],
      everything: false,
    },
    gateway: { tags, everything: false },
    cdn: { tags },
  };
}

const NOWHERE = { tags: [], everything: false } as const;

export function reachOf(event: ShopEvent): Targets {
  switch (event.type) {
    case "product.updated":
      return productReach(event);
    case "product.price_changed":
      return productReach(event, { tags: [DEALS_TAG] });
    case "product.deleted":
      return productReach(event, { addresses: [ratingAddress(event.id)], tags: [WHOLE_LIST_TAG] });
    case "inventory.updated":
      // Stock changes with every sale, so the outer tiers rely on their short lifetimes.
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
}

/** Whether the event may change the totals shown with categories. */
export function changesCategoryTotals(event: ShopEvent): boolean {
  switch (event.type) {
    case "product.updated":
    case "product.price_changed":
    case "product.deleted":
    case "inventory.updated":
    case "global.invalidate":
      return true;
    case "category.updated":
    case "user.updated":
      return false;
  }
}

/** The targets without the views of category totals, for when those cannot be refreshed. */
export function withoutTotals({ application, gateway, cdn }: Targets): Targets {
  const others = (tags: readonly string[]): readonly string[] => tags.filter((tag) => tag !== CATEGORIES_TAG);
  return {
    application: {
      ...application,
      addresses: application.addresses.filter((address) => address !== CATEGORIES_ADDRESS),
    },
    gateway: { ...gateway, tags: others(gateway.tags) },
    cdn: { tags: others(cdn.tags) },
  };
}
