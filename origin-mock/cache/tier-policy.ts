// Owns cache policies: lifetimes per tier and their order, the headers that announce them, and the resulting bound on staleness.
import { shopError } from "../error.ts";

/**
 * Seconds that a representation may be reused, from the inside out. The gateway stores nothing longer than the
 * application, which it only shields. Browsers, which nobody can purge, store nothing longer than the tier they ask.
 */
export type TierPolicy =
  | {
      readonly audience: "public";
      readonly application: number;
      readonly gateway: number;
      readonly cdn: number;
      readonly cdnStaleWhileRevalidate: number;
      readonly cdnStaleIfError: number;
      readonly browser: number;
      readonly vary: readonly string[];
    }
  | {
      readonly audience: "private";
      readonly application: number;
      /** Under the person's name. */
      readonly gateway: number;
      readonly browser: number;
      /** The request fields that distinguish people. */
      readonly vary: readonly string[];
    }
  /** No tier stores it, so that every request reads the database. */
  | { readonly audience: "nobody" };

export interface StalenessBound {
  /** After an invalidation has reached every tier, only browsers are stale. The edge's purge lag is added to it. */
  readonly invalidated: number;
  /**
   * When no tier heard of the change and the origin works: each tier may take over a value that the one inside is
   * about to drop.
   */
  readonly unheard: number;
}

/** The application cache stores nothing longer (cache-aside.ts), so a policy beyond it would be false. */
const LONGEST_APPLICATION_SECONDS = 300;
const LONGEST_SECONDS = 31_536_000;
const FIELD_NAME = /^[A-Za-z0-9-]+$/;
// A member of a Cache-Tag list: visible characters without a comma.
const TAG = /^[\x21-\x2B\x2D-\x7E]{1,1024}$/;
const MOST_TAGS = 1_000;

type Lifetime = readonly [name: string, seconds: number];

function lifetimesOf(policy: TierPolicy): readonly Lifetime[] {
  switch (policy.audience) {
    case "public": {
      const { application, gateway, cdn, browser } = policy;
      return Object.entries({ application, gateway, cdn, browser });
    }
    case "private": {
      const { application, gateway, browser } = policy;
      return Object.entries({ application, gateway, browser });
    }
    case "nobody":
      return [];
  }
}

/** The outer tier of each pair may not store longer than the inner one. */
function orderedPairs(policy: TierPolicy): readonly (readonly [outer: Lifetime, inner: Lifetime])[] {
  if (policy.audience === "nobody") return [];
  const { application, gateway, browser } = policy;
  const asked: Lifetime = policy.audience === "public" ? ["cdn", policy.cdn] : ["application", application];
  return [
    [
      ["gateway", gateway],
      ["application", application],
    ],
    [["browser", browser], asked],
  ];
}

function faultsOf(policy: TierPolicy): readonly string[] {
  const lifetimes = lifetimesOf(policy);
  const stale =
    policy.audience === "public"
      ? Object.entries({ staleWhileRevalidate: policy.cdnStaleWhileRevalidate, staleIfError: policy.cdnStaleIfError })
      : [];
  const notSeconds = [...lifetimes, ...stale].filter(
    ([, seconds]) => !Number.isInteger(seconds) || seconds < 0 || seconds > LONGEST_SECONDS,
  );
  const disordered = orderedPairs(policy)
    .filter(([[, outer], [, inner]]) => outer > inner)
    .map(([[outerName, outer], [name, seconds]]) => `${outerName} (${outer}) keeps longer than ${name} (${seconds})`);
  const application = lifetimes[0]?.[1] ?? 0;
  const vary = policy.audience === "nobody" ? [] : policy.vary;
  return [
    ...notSeconds.map(([name, seconds]) => `${name} must be whole seconds from 0 to ${LONGEST_SECONDS}: ${seconds}`),
    ...disordered,
    ...(application > LONGEST_APPLICATION_SECONDS
      ? [`application (${application}) is more than the cache keeps (${LONGEST_APPLICATION_SECONDS})`]
      : []),
    ...(policy.audience === "private" && vary.length === 0 ? ["vary must name what tells people apart"] : []),
    ...vary.filter((name) => !FIELD_NAME.test(name)).map((name) => `vary: ${JSON.stringify(name)} is no field name`),
  ];
}

/** @throws InvalidArgument naming every fault. */
export function definePolicy<Policy extends TierPolicy>(policy: Policy): Policy {
  const faults = faultsOf(policy);
  if (faults.length > 0) throw shopError("InvalidArgument", `the policy cannot hold: ${faults.join("; ")}`);
  return policy;
}

function tagHeader(tags: readonly string[]): Readonly<Record<string, string>> {
  const wrong = tags.find((tag) => !TAG.test(tag));
  if (wrong !== undefined) throw shopError("InvalidArgument", `${JSON.stringify(wrong)} cannot be a cache tag`);
  if (tags.length > MOST_TAGS)
    throw shopError("InvalidArgument", `${tags.length} cache tags are more than ${MOST_TAGS}`);
  return tags.length === 0 ? {} : { "Cache-Tag": [...new Set(tags)].join(",") };
}

function varyHeader(names: readonly string[]): Readonly<Record<string, string>> {
  return names.length === 0 ? {} : { Vary: names.join(", ") };
}

/** @throws InvalidArgument for a tag that would not arrive as one. */
export function policyHeaders(policy: TierPolicy, tags: readonly string[]): Readonly<Record<string, string>> {
  switch (policy.audience) {
    case "public": {
      const { browser, cdn, cdnStaleWhileRevalidate, cdnStaleIfError, vary } = policy;
      const stale = `stale-while-revalidate=${cdnStaleWhileRevalidate}, stale-if-error=${cdnStaleIfError}`;
      return {
        "Cache-Control": `public, max-age=${browser}`,
        // RFC 9213. s-maxage would imply proxy-revalidate (RFC 9111 5.2.2.10), which forbids stale answers.
        "CDN-Cache-Control": `public, max-age=${cdn}, ${stale}`,
        ...varyHeader(vary),
        ...tagHeader(tags),
      };
    }
    case "private":
      // The gateway reads the tags, and the edge removes them.
      return {
        "Cache-Control": `private, max-age=${policy.browser}`,
        ...varyHeader(policy.vary),
        ...tagHeader(tags),
      };
    case "nobody":
      return { "Cache-Control": "no-store" };
  }
}

export function stalenessBoundMs(policy: TierPolicy): StalenessBound {
  switch (policy.audience) {
    case "public": {
      const shared = policy.application + policy.gateway + policy.cdn + policy.cdnStaleWhileRevalidate;
      return { invalidated: policy.browser * 1_000, unheard: (shared + policy.browser) * 1_000 };
    }
    case "private":
      return {
        invalidated: policy.browser * 1_000,
        unheard: (policy.application + policy.gateway + policy.browser) * 1_000,
      };
    case "nobody":
      return { invalidated: 0, unheard: 0 };
  }
}
