// Owns each route's cache personality: how long every tier keeps its answers, what they tell caches, and what they vary by.
import { definePolicy, type TierPolicy } from "../cache/tier-policy.ts";

const LANGUAGE = "Accept-Language";
const PERSON = "Authorization, Cookie";

/** What is read through the tiers: seconds in each, from the inside out. The gateway's paths are in gateway/lifetimes.ts. */
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
  // Numbers only: no language. It changes by itself, so that an invalidation is not waited for.
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

/** What no inner tier keeps, and errors. */
export const POLICY = {
  // Says the same in every language, so it does not vary.
  productMissing: { "Cache-Control": "public, max-age=10" },
  // Kept, so that an unchanged cart costs a 304; asked about, so that no tab shows the cart of a moment ago.
  cart: { "Cache-Control": "private, no-cache", Vary: `${PERSON}, ${LANGUAGE}` },
  /** What one person may see and no cache may hold. */
  confidential: { "Cache-Control": "no-store", Vary: PERSON },
  secret: { "Cache-Control": "no-store" },
  // `public`: the same for those who are signed in, so what is between may keep it for them too, and ask.
  shell: { "Cache-Control": "public, no-cache", Vary: `${LANGUAGE}, Sec-CH-UA-Mobile` },
  asset: { "Cache-Control": "public, max-age=31536000, immutable" },
  manifest: { "Cache-Control": "public, no-cache" },
  media: { "Cache-Control": "public, max-age=86400" },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
