// Owns each route's cache personality: what its answers tell browsers and what they tell the edge.

// The edge reads CDN-Cache-Control (RFC 9213) and ignores Cache-Control then; `public` lets signed-in visitors share what
// it stores. Not s-maxage: RFC 9111 5.2.2.10 gives it the meaning of proxy-revalidate, which forbids a shared cache to
// serve stale while it revalidates.
export const POLICY = {
  product: {
    "Cache-Control": "public, max-age=10",
    "CDN-Cache-Control": "public, max-age=300, stale-while-revalidate=60, stale-if-error=3600",
  },
  productMissing: { "Cache-Control": "public, max-age=10" },
  productList: {
    "Cache-Control": "public, max-age=5",
    "CDN-Cache-Control": "public, max-age=60, stale-while-revalidate=300, stale-if-error=3600",
  },
  categories: {
    "Cache-Control": "public, max-age=60",
    "CDN-Cache-Control": "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400",
  },
  profile: { "Cache-Control": "private, max-age=30", Vary: "Authorization, Cookie" },
  secret: { "Cache-Control": "no-store" },
  shell: { "Cache-Control": "no-cache" },
  asset: { "Cache-Control": "public, max-age=31536000, immutable" },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
