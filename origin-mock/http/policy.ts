// Owns each route's cache personality: what its answers tell browsers, what they tell the edge, and what they vary by.

const LANGUAGE = "Accept-Language";
const PERSON = "Authorization, Cookie";

// The edge reads CDN-Cache-Control (RFC 9213) and ignores Cache-Control then; `public` lets signed-in visitors share what
// it stores. Not s-maxage: RFC 9111 5.2.2.10 gives it the meaning of proxy-revalidate, which forbids a shared cache to
// serve stale while it revalidates.
export const POLICY = {
  product: {
    "Cache-Control": "public, max-age=10",
    "CDN-Cache-Control": "public, max-age=300, stale-while-revalidate=60, stale-if-error=3600",
    Vary: LANGUAGE,
  },
  // Says the same in every language, so it does not vary.
  productMissing: { "Cache-Control": "public, max-age=10" },
  // Numbers only: no language.
  rating: {
    "Cache-Control": "public, max-age=60",
    "CDN-Cache-Control": "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400",
  },
  productList: {
    "Cache-Control": "public, max-age=5",
    "CDN-Cache-Control": "public, max-age=60, stale-while-revalidate=300, stale-if-error=3600",
    Vary: LANGUAGE,
  },
  categories: {
    "Cache-Control": "public, max-age=60",
    "CDN-Cache-Control": "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400",
    Vary: LANGUAGE,
  },
  search: {
    "Cache-Control": "public, max-age=15",
    "CDN-Cache-Control": "public, max-age=60, stale-while-revalidate=60, stale-if-error=600",
    Vary: LANGUAGE,
  },
  deals: {
    "Cache-Control": "public, max-age=5",
    "CDN-Cache-Control": "public, max-age=30, stale-while-revalidate=30, stale-if-error=600",
    Vary: LANGUAGE,
  },
  profile: { "Cache-Control": "private, max-age=30", Vary: PERSON },
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
