// Owns the table of paths that the gateway stores: audience, longest lifetime, and the parameters of each. Other paths are not stored.
import { TIER_POLICY } from "../http/policy.ts";

export interface Row {
  readonly path: RegExp;
  /** One answer for everyone, or one for each person. */
  readonly audience: "everyone" | "person";
  /** The parameters that the route reads. The gateway removes all others. */
  readonly query: readonly string[];
  readonly lifetimeMs: number;
  /** For a 404: shorter, because the missing may be created at any moment. */
  readonly missingMs: number;
}

const MISSING_MS = 5_000;
type Policy = (typeof TIER_POLICY)[keyof typeof TIER_POLICY];
function rowOf(path: RegExp, { audience, gateway }: Policy, query: readonly string[] = []): Row {
  return audience === "public"
    ? { path, audience: "everyone", query, lifetimeMs: gateway * 1_000, missingMs: MISSING_MS }
    : { path, audience: "person", query, lifetimeMs: gateway * 1_000, missingMs: 0 };
}

const ROWS: readonly Row[] = [
  rowOf(/^\/api\/products\/[^/]+$/, TIER_POLICY.product),
  rowOf(/^\/api\/products$/, TIER_POLICY.productList, ["category", "page", "after", "limit"]),
  rowOf(/^\/api\/categories$/, TIER_POLICY.categories),
  rowOf(/^\/api\/deals$/, TIER_POLICY.deals, ["limit"]),
  rowOf(/^\/api\/search$/, TIER_POLICY.search, ["q", "after", "limit"]),
  rowOf(/^\/api\/me\/profile$/, TIER_POLICY.profile),
];

export function rowFor(path: string): Row | undefined {
  return ROWS.find((row) => row.path.test(path));
}
