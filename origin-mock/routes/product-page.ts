// Owns the answer to a page of products: lists, searches and deals.
import type { Context } from "hono";
import { policyHeaders, type TierPolicy } from "../cache/tier-policy.ts";
import type { Locale } from "../catalogue/locale.ts";
import type { ProductPage } from "../catalogue/product.ts";
import { contentETag, JSON_TYPE, respond } from "../http/respond.ts";
import { PRODUCTS_TAG, productTag } from "../invalidation/names.ts";

// Storing empty pages would let anyone fill Redis with pages past the end, unknown categories and vain searches.
export function hasProducts({ products }: ProductPage): boolean {
  return products.length > 0;
}

export function respondPage(
  c: Context,
  page: {
    readonly body: ProductPage & Readonly<Record<string, unknown>>;
    readonly locale: Locale;
    readonly policy: TierPolicy;
    readonly tags: readonly string[];
  },
): Response {
  const body = JSON.stringify(page.body);
  return respond(c, {
    body,
    contentType: JSON_TYPE,
    language: page.locale,
    validators: { etag: contentETag(body) },
    headers: policyHeaders(page.policy, [
      PRODUCTS_TAG,
      ...page.tags,
      ...page.body.products.map(({ id }) => productTag(id)),
    ]),
  });
}
