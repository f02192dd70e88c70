// Owns which paths the gateway keeps answers of, for whom, and how long at most. What is in no row is not kept.
import { TIER_POLICY } from "../http/policy.ts";

export type Row = {
  readonly path: RegExp;
  /** One answer for everyone, or one for each person. */
  readonly audience: "everyone" | "person";
  readonly lifetimeMs: number;
  /** Of 404: shorter, because what is missing may be made at any moment. */
  readonly missingMs: number;
};

const MISSING_MS = 5_000;
const rowOf = (path: RegExp, { audience, gateway }: (typeof TIER_POLICY)[keyof typeof TIER_POLICY]): Row =>
  audience === "public"
    ? { path, audience: "everyone", lifetimeMs: gateway * 1_000, missingMs: MISSING_MS }
    : { path, audience: "person", lifetimeMs: gateway * 1_000, missingMs: 0 };

const ROWS: readonly Row[] = [
  rowOf(/^\/api\/products\/[^/]+$/, TIER_POLICY.product),
  rowOf(/^\/api\/products$/, TIER_POLICY.productList),
  rowOf(/^\/api\/categories$/, TIER_POLICY.categories),
  rowOf(/^\/api\/deals$/, TIER_POLICY.deals),
  rowOf(/^\/api\/search$/, TIER_POLICY.search),
  rowOf(/^\/api\/me\/profile$/, TIER_POLICY.profile),
];

export const rowFor = (path: string): Row | undefined => ROWS.find((row) => row.path.test(path));
