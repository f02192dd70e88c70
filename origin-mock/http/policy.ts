// Owns each route's cache policy: its lifetime in every tier, the headers for caches, and what it varies by.
import { definePolicy, type TierPolicy } from "../cache/tier-policy.ts";

const LANGUAGE = "Accept-Language";
const PERSON = "Authorization, Cookie";

/**
 * Routes that read through the tiers: seconds in each, from the inside out. The gateway's paths are in
 * gateway/lifetimes.ts.
 */
export const TIER_POLICY = {
  product: definePolicy({
    audience: "public",
    application: 300,
    gateway: 30,
    cdn: 300,
    cdnStaleWhileRevalidate: 60,
    cdnStaleIfError: 3_600,
    browser: 10,
    vary: [LANGUAGE],
  }),
  // Numbers only, so it varies by nothing. It changes by itself, so nobody waits for its invalidation.
  rating: definePolicy({
    audience: "public",
    application: 60,
    gateway: 0,
    cdn: 300,
    cdnStaleWhileRevalidate: 600,
    cdnStaleIfError: 86_400,
    browser: 60,
    vary: [],
  }),
  productList: definePolicy({
    audience: "public",
    application: 60,
    gateway: 15,
    cdn: 60,
    cdnStaleWhileRevalidate: 300,
    cdnStaleIfError: 3_600,
    browser: 5,
    vary: [LANGUAGE],
  }),
  categories: definePolicy({
    audience: "public",
    application: 300,
    gateway: 60,
    cdn: 300,
    cdnStaleWhileRevalidate: 600,
    cdnStaleIfError: 86_400,
    browser: 60,
    vary: [LANGUAGE],
  }),
  search: definePolicy({
    audience: "public",
    application: 60,
    gateway: 10,
    cdn: 60,
    cdnStaleWhileRevalidate: 60,
    cdnStaleIfError: 600,
    browser: 15,
    vary: [LANGUAGE],
  }),
  deals: definePolicy({
    audience: "public",
    application: 30,
    gateway: 10,
    cdn: 30,
    cdnStaleWhileRevalidate: 30,
    cdnStaleIfError: 600,
    browser: 5,
    vary: [LANGUAGE],
  }),
  profile: definePolicy({
    audience: "private",
    application: 60,
    gateway: 10,
    browser: 30,
    vary: ["Authorization", "Cookie"],
  }),
} as const satisfies Record<string, TierPolicy>;

/** Answers that no inner tier stores, and errors. */
export const POLICY = {
  // The same in every language, so it does not vary.
  productMissing: { "Cache-Control": "public, max-age=10" },
  // Stored, so that an unchanged cart costs a 304. Validated each time, so that no tab shows an older cart.
  cart: { "Cache-Control": "private, no-cache", Vary: `${PERSON}, ${LANGUAGE}` },
  /** For one person's eyes, and for no cache. */
  confidential: { "Cache-Control": "no-store", Vary: PERSON },
  secret: { "Cache-Control": "no-store" },
  // `public`, because signed-in readers get the same page: caches may store it for them too, and validate it.
  shell: { "Cache-Control": "public, no-cache", Vary: `${LANGUAGE}, Sec-CH-UA-Mobile` },
  asset: { "Cache-Control": "public, max-age=31536000, immutable" },
  manifest: { "Cache-Control": "public, no-cache" },
  media: { "Cache-Control": "public, max-age=86400" },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
