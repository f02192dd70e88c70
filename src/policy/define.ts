// Owns defineSite: a configuration checked as a whole, every problem named with its path, then made ready for use.
import * as v from "valibot";
import { SiteError } from "../error.ts";
import { cookieGroups } from "./cookie-groups.ts";
import { check, isUnknownMember } from "./issues.ts";
import { completeOrigins, leadingBack, type Origins, originUrl } from "./origins.ts";
import { completeRule, type Rule, type SiteDefaults } from "./rule.ts";
import { type RuleInput, type SiteInput, siteSchema } from "./schema.ts";

export type { Rule } from "./rule.ts";
export type { SiteInput } from "./schema.ts";

/** Marks what `defineSite` returned, also across bundles. */
const SITE = Symbol.for("strata.site");

export interface Site {
  readonly [SITE]: true;
  readonly rules: readonly Rule[];
  /** Answers every path no rule matches. */
  readonly defaultRule: Rule;
  /** Public host or "*" -> origin. */
  readonly origins: Origins;
  /** The largest bound of any rule: within it every edge obeys a purge. */
  readonly maxLagMs: number;
  readonly memory: { readonly bytes: number; readonly bodyBytes: number };
  readonly global: { readonly minTtlSeconds: number };
  readonly serverTiming: boolean;
}

/** Raise it when a known list of names changes: responses stored under the old list are not found any more. */
const LISTS_VERSION = 2;

const DEFAULTS = {
  memoryBytes: 32 * 2 ** 20,
  memoryBodyBytes: 2 ** 20,
  globalMinTtl: 300,
} as const;

/**
 * Checks and completes a site's configuration.
 * @throws SiteError naming every problem with its path, `rules[2].edge.ttl` for instance.
 */
export function defineSite(input: SiteInput): Site {
  const parsed = check(siteSchema, input);
  if (!parsed.ok) throw new SiteError(parsed.issues.flatMap((issue) => describe(issue)));
  const origins = completeOrigins(parsed.output.origins);
  const looping = leadingBack(origins, origins.keys());
  if (looping.length > 0) throw new SiteError(looping.map(({ host, why }) => `origins.${host}: ${why}`));
  const { session = {}, fields = {}, purge, origin, tiers = {}, serverTiming = false, rules = [] } = parsed.output;
  const defaults: SiteDefaults = {
    purge,
    origin,
    fields,
    cookieGroupOf: cookieGroups(session),
    // the naming of fields and cookies shapes every entry
    version: JSON.stringify([LISTS_VERSION, inOrder(session), inOrder(fields)]),
  };
  const complete = (rule: RuleInput, name: string): Rule => completeRule(rule, name, defaults);
  const compiled = rules.map((rule) => complete(rule, rule.match));
  const defaultRule = complete({ match: "/*" }, "(default)");
  return {
    [SITE]: true,
    rules: compiled,
    defaultRule,
    origins,
    maxLagMs: Math.max(...[...compiled, defaultRule].map(({ maxLagMs }) => maxLagMs)),
    memory: {
      bytes: tiers.memory?.bytes ?? DEFAULTS.memoryBytes,
      bodyBytes: tiers.memory?.bodyBytes ?? DEFAULTS.memoryBodyBytes,
    },
    global: { minTtlSeconds: tiers.global?.minTtl ?? DEFAULTS.globalMinTtl },
    serverTiming,
  };
}

/** The order of names makes no difference. */
function inOrder(lists: object): unknown {
  const sorted = (value: unknown): unknown => (Array.isArray(value) ? value.map(String).toSorted() : value);
  return JSON.parse(JSON.stringify(lists), (_, value: unknown) => sorted(value));
}

/**
 * The default export of a configuration file, if it is a site.
 * @throws SiteError when it is anything but what `defineSite` returned.
 */
export function requireSite(exported: unknown): Site {
  if (isSite(exported)) return exported;
  throw new SiteError(["the default export must be what defineSite({ ... }) returns"]);
}

function isSite(value: unknown): value is Site {
  return typeof value === "object" && value !== null && SITE in value;
}

/**
 * The site with one origin for every host, for STRATA_ORIGIN. `publicHosts`: the hosts for which this edge answers. An edge on a developer's machine
 * answers for none of the site's hosts, and may stand in front of the edge that does.
 * @throws SiteError when `url` is no origin, or leads back to the edge.
 */
export function withOrigin(
  site: Site,
  url: string | undefined,
  publicHosts: Iterable<string> = site.origins.keys(),
): Site {
  if (url === undefined) return site;
  const parsed = v.safeParse(originUrl, url);
  if (!parsed.success)
    throw new SiteError(parsed.issues.map((issue) => `STRATA_ORIGIN: ${issue.message} (got ${show(url)})`));
  const origins = completeOrigins({ "*": url });
  const looping = leadingBack(origins, publicHosts);
  if (looping.length > 0) throw new SiteError(looping.map(({ why }) => `STRATA_ORIGIN: ${why} (got ${show(url)})`));
  return { ...site, origins };
}

/** One line a problem: path, what is wrong, what was found. */
function describe(issue: v.BaseIssue<unknown>): string[] {
  // a union reports that no member fits; its members know why
  const deeper = issue.issues?.filter(({ path }) => path !== undefined) ?? [];
  if (deeper.length > 0) return deeper.flatMap((inner) => describe(withParent(inner, issue)));
  const place = pathOf(issue.path ?? []);
  if (isUnknownMember(issue)) return [`${place}: unknown option`];
  const missing = issue.input === undefined;
  return [`${place}: ${missing ? "is missing" : message(issue)}${missing ? "" : ` (got ${show(issue.input)})`}`];
}

function withParent(inner: v.BaseIssue<unknown>, parent: v.BaseIssue<unknown>): v.BaseIssue<unknown> {
  const [first, ...rest] = [...(parent.path ?? []), ...(inner.path ?? [])];
  return first ? { ...inner, path: [first, ...rest] } : inner;
}

function message(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith("Invalid type") ? `must be ${issue.expected ?? "something else"}` : issue.message;
}

function pathOf(path: readonly v.IssuePathItem[]): string {
  const text = path.map(({ key }) => (typeof key === "number" ? `[${String(key)}]` : `.${String(key)}`)).join("");
  return text === "" ? "(site)" : text.replace(/^\./, "");
}

function show(value: unknown): string {
  const text = asText(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function asText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // a bigint, or an object that holds itself
    return typeof value === "bigint" ? `${String(value)}n` : "an object";
  }
}
