// Owns the rule in use: the configuration of some paths, with every default filled in.
import type { BrowserPolicy } from "../http/answer/browser.ts";
import { CONTENT_CODINGS, type ContentCoding } from "../http/select/coding.ts";
import type { CookieGroups } from "../http/message/cookies.ts";
import type { Naming } from "../http/message/facts.ts";
import type { TtlPolicy } from "../http/law/freshness.ts";
import { hash64 } from "../http/message/hash.ts";
import { nameTest, PERSONAL_FIELDS } from "../http/message/personal-fields.ts";
import type { QueryPolicy } from "../http/select/reduced-query.ts";
import { declaredFields, type VaryPolicy } from "../http/select/reduced-request.ts";
import type { ReusePolicy } from "../http/law/reuse.ts";
import type { SettlePolicy } from "../http/law/record.ts";
import { fieldGroups } from "../http/message/request-fields.ts";
import { caseFolded } from "../http/message/lenient-path.ts";
import { anyPatternTest } from "../http/message/pattern.ts";
import { namesOf } from "./name-list.ts";
import { type PathReading, normalisedPattern, pathTest } from "./path-test.ts";
import { type BreakerPolicy, breakerPolicy } from "./breaker.ts";
import { namesIn, segmentReader, tagsWith } from "./segments.ts";
import type { RuleInput, SiteInput } from "./schema.ts";

/** A rule with every default filled in. */
export interface Rule extends SettlePolicy, ReusePolicy {
  /** Its pattern, or "(default)". */
  readonly name: string;
  readonly matches: (path: string) => boolean;
  readonly bypass: boolean;
  /** The meaning of names in a request here. */
  readonly naming: Naming;
  /** No cookie reaches the origin with a fetch that may be stored. */
  readonly ignoresCookies: boolean;
  /** An answer to POST that says what a GET would get is stored for it. */
  readonly storesPost: boolean;
  /** Absent where the whole query counts, as written. */
  readonly query: QueryPolicy | undefined;
  /** Absent where no request field is declared. */
  readonly vary: VaryPolicy | undefined;
  /** Variants kept per resource. */
  readonly maxVariants: number;
  /** Absent where browsers get the origin's own freshness. */
  readonly browser: BrowserPolicy | undefined;
  /** Whether a response without an ETag gets one from its bytes. */
  readonly etag: boolean;
  /** Codings that text leaves in, the preferred first; empty where the edge encodes nothing. */
  readonly compress: readonly ContentCoding[];
  /** Store and deliver responses without the cookies they set. */
  readonly stripSetCookie: boolean;
  /** Until the origin's header section has arrived. */
  readonly deadlineMs: number;
  /** How long a client waits for the origin where something stale may stand in. */
  readonly patienceMs: number;
  /** When the circuit breaker gives the origin a rest; absent: never. */
  readonly breaker: BreakerPolicy | undefined;
  readonly maxLagMs: number;
  readonly onUnknown: "revalidate" | "serve";
  /** Unsafe requests purge through the log. */
  readonly purgesEverywhere: boolean;
  readonly global: boolean;
  /** Scope of request collapsing: one origin fetch per isolate, or one across all isolates, through a lease. */
  readonly collapse: "isolate" | "global";
  /** Part of every key: a rule that would have shaped an entry differently does not find it. */
  readonly version: string;
}

const DEFAULTS = { maxLag: 1, onUnknown: "revalidate", maxVariants: 16, deadline: 30, patience: 2 } as const;

type Lifetime = number | { readonly [bound in "min" | "default" | "max"]?: number | undefined };

/** The values that every rule of a site starts from. */
export interface SiteDefaults {
  readonly purge: SiteInput["purge"];
  readonly origin: SiteInput["origin"];
  readonly fields: NonNullable<SiteInput["fields"]>;
  readonly cookieGroupOf: CookieGroups;
  /** Version of the parts of a site that shape every entry. */
  readonly version: string;
}

export function completeRule(rule: RuleInput, name: string, site: SiteDefaults): Rule {
  const { edge = {}, purge = {}, origin = {} } = rule;
  return {
    name,
    matches: pathTest(rule.match, readingFor(rule)),
    bypass: rule.bypass ?? false,
    naming: {
      groupOf: fieldGroups(site.fields, rule.fields ?? {}),
      cookieGroupOf: site.cookieGroupOf,
      refusesUnknown: site.fields.unknown === "unshared",
    },
    ignoresCookies: rule.cookies === "ignore",
    storesPost: rule.storePost ?? false,
    isPersonalField: nameTest(namesOf(site.fields.personal, PERSONAL_FIELDS)),
    staticExtension: /\*\.([a-z0-9]+)$/i.exec(rule.match)?.[1]?.toLowerCase(),
    honourClient: rule.client !== "ignore",
    ...ttlPolicy(edge.ttl),
    byStatus: new Map(Object.entries(edge.status ?? {}).map(([status, ttl]) => [status, ttlPolicy(ttl)])),
    staleWhileRevalidate: edge.swr,
    staleIfError: edge.sie,
    query: queryPolicy(rule.query),
    vary: varyPolicy(rule.vary),
    maxVariants: rule.vary?.max ?? DEFAULTS.maxVariants,
    browser: browserPolicy(rule.browser),
    etag: rule.browser?.etag ?? true,
    compress: rule.compress === false ? [] : (rule.compress ?? CONTENT_CODINGS),
    sharedRoute: rule.auth === "shared",
    stripSetCookie: rule.setCookie === "strip",
    deceptionGuard: rule.guard ?? true,
    keepCodings: rule.vary?.encodings !== undefined,
    tagsOf: tagsOf(rule),
    deadlineMs: (origin.deadline ?? site.origin?.deadline ?? DEFAULTS.deadline) * 1000,
    patienceMs: (origin.patience ?? site.origin?.patience ?? DEFAULTS.patience) * 1000,
    breaker: breakerPolicy(origin.breaker, site.origin?.breaker),
    maxLagMs: (purge.maxLag ?? site.purge?.maxLag ?? DEFAULTS.maxLag) * 1000,
    purgesEverywhere: purge.unsafe === "everywhere",
    onUnknown: purge.onUnknown ?? site.purge?.onUnknown ?? DEFAULTS.onUnknown,
    global: rule.global ?? true,
    collapse: rule.collapse ?? "isolate",
    version: hash64(JSON.stringify([site.version, shapingStored(rule)])),
  };
}

/** No spelling of a path may evade a rule that keeps responses out of the cache. A rule that lets more in must match nothing else. */
function readingFor({ matchCase, bypass = false }: RuleInput): PathReading {
  if (matchCase === "exact") return "exact";
  if (bypass) return "lenient";
  return matchCase ?? "exact";
}

function tagsOf({ match, matchCase, tags = [] }: RuleInput): (path: string) => readonly string[] {
  if (tags.every((tag) => namesIn(tag).length === 0)) return () => tags;
  const read = segmentReader(normalisedPattern(match), matchCase === "fold" ? caseFolded : undefined);
  return (path) => tagsWith(tags, read(path) ?? new Map());
}

/** Options that no stored byte depends on stay out: changing them leaves the cache warm. */
function shapingStored(input: RuleInput): unknown {
  const { browser, purge: _purge, origin: _origin, collapse: _collapse, compress: _compress, vary, ...others } = input;
  const { max: _max, ...declared } = vary ?? {};
  return [others, declared, browser?.etag];
}

function ttlPolicy(ttl: Lifetime | undefined): TtlPolicy {
  const range = typeof ttl === "object" ? ttl : {};
  return {
    ttl: typeof ttl === "number" ? ttl : undefined,
    defaultTtl: range.default,
    minTtl: range.min,
    maxTtl: range.max,
  };
}

function queryPolicy({ allow, deny, sort = false }: NonNullable<RuleInput["query"]> = {}): QueryPolicy | undefined {
  if (!allow && !deny && !sort) return undefined;
  const allowed = allow && anyPatternTest(allow);
  const denied = anyPatternTest(deny ?? []);
  return { keeps: allowed ?? ((name) => !denied(name)), sort };
}

function varyPolicy(vary: RuleInput["vary"]): VaryPolicy | undefined {
  const policy: VaryPolicy = {
    languages: vary?.languages,
    media: vary?.media?.map((type) => type.toLowerCase()),
    encodings: vary?.encodings,
    device: vary?.device ?? false,
    cookies: vary?.cookies && anyPatternTest(vary.cookies),
    headers: new Map(Object.entries(vary?.headers ?? {}).map(([name, values]) => [name.toLowerCase(), values])),
  };
  return declaredFields(policy).length > 0 ? policy : undefined;
}

function browserPolicy(browser: RuleInput["browser"]): BrowserPolicy | undefined {
  const { ttl, swr, immutable = false, validate = false } = browser ?? {};
  if (ttl === undefined && swr === undefined && !validate) return undefined;
  return { ...ttlPolicy(ttl), staleWhileRevalidate: swr, immutable, validate };
}
