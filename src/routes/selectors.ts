// Owns selectors: it reads each as a canonical target, by the same rules as requests, or names the problem.
import type { Location } from "../http/message/facts.ts";
import { canonicalHost, isHost } from "../http/message/host.ts";
import { whyUnnameable } from "../http/targets/tag-name.ts";
import { normalisedPath } from "../http/message/path.ts";
import { EVERYTHING, type Target, targetName, urlTarget } from "../http/targets/target.ts";
import { MAX_TAG_LENGTH } from "../http/targets/tags.ts";
import { ruleFor } from "../policy/match.ts";
import type { Site } from "../policy/define.ts";
import { keyedLocation } from "../flow/lookup/resource-key.ts";
import type { Problem } from "./problem.ts";

/** Lists as they are written; a member that is no string becomes a problem. */
export const LISTS = ["tags", "urls", "paths", "prefixes", "hosts"] as const;

export type Selectors = { readonly [list in (typeof LISTS)[number]]?: readonly unknown[] | undefined } & {
  readonly everything?: true | undefined;
};

/** One selector with its targets. */
export interface Selected {
  /** Its place in the request body (RFC 6901). */
  readonly pointer: string;
  readonly written: string;
  /** Several where the scheme was left out and makes a difference. */
  readonly targets: readonly Target[];
}

export type Selection =
  | { readonly ok: true; readonly selected: readonly Selected[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Targets, or the problem. */
type Read = readonly Target[] | string;

export const MAX_SELECTED = 1000;
const MAX_LENGTH = 16_384;

/** All selected targets, or every problem. */
export function select(selectors: Selectors, site: Site): Selection {
  const problems: Problem[] = [];
  const selected: Selected[] = selectors.everything
    ? [{ pointer: "/everything", written: "everything", targets: [EVERYTHING] }]
    : [];
  let count = selected.length;
  for (const list of LISTS) {
    for (const [index, written] of (selectors[list] ?? []).entries()) {
      count += 1;
      if (count > MAX_SELECTED) continue;
      const pointer = `/${list}/${String(index)}`;
      const read = readAs(list, written, site);
      if (typeof read === "string") problems.push({ pointer, detail: read });
      else selected.push({ pointer, written: String(written), targets: distinct(read) });
    }
  }
  if (count > MAX_SELECTED) {
    problems.unshift({
      pointer: "",
      detail: `names ${String(count)} targets: at most ${String(MAX_SELECTED)} at once`,
    });
  }
  if (count === 0) problems.push({ pointer: "", detail: `must name something: ${LISTS.join(", ")} or everything` });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, selected };
}

function readAs(list: (typeof LISTS)[number], written: unknown, site: Site): Read {
  if (typeof written !== "string") return "must be a string";
  if (written.length > MAX_LENGTH) return `must be at most ${String(MAX_LENGTH)} characters`;
  return whyUnnameable(written) ?? READERS[list](written, site);
}

const READERS: Readonly<Record<(typeof LISTS)[number], (written: string, site: Site) => Read>> = {
  tags(written) {
    const value = written.trim();
    if (value.length > MAX_TAG_LENGTH) return `must be at most ${String(MAX_TAG_LENGTH)} characters`;
    return [{ kind: "tag", value }];
  },
  urls(written, site) {
    if (/^\/(?!\/)/.test(written)) return "must name a host; a path of every host belongs into paths";
    if (written.endsWith("*")) return "ends in *: what begins like this belongs into prefixes";
    const locations = located(written);
    if (typeof locations === "string") return locations;
    return locations.map((location) => urlTarget(keyedLocation(location, ruleFor(site, location.path))));
  },
  paths(written) {
    if (written.includes("?")) return "must not have a query: a path stands for any; one query belongs into urls";
    if (written.endsWith("*")) return "ends in *: what begins like this belongs into prefixes";
    return placed("path", written);
  },
  prefixes(written) {
    const start = written.replace(/\*$/, "");
    if (start.includes("?")) return "must not have a query: prefixes are of paths";
    if (/%[0-9a-f]?$/i.test(start)) return "ends within a percent-encoding";
    // shop.* would purge the host `shop.`
    if (start !== written && !start.replace(/^([a-z]+:)?\/\//i, "").includes("/")) return "must name its host in full";
    // a prefix may end within a segment: trailing dots are letters there, as in `/.well-known`, not dot segments
    const [, dots = ""] = /\/((?:\.|%2e){1,2})$/i.exec(start) ?? [];
    const read = placed("prefix", dots === "" ? start : `${start}-`);
    if (dots === "" || typeof read === "string") return read;
    return read.map(({ kind, value }) => ({ kind, value: value.slice(0, -1) }));
  },
  hosts(written) {
    if (/[/?]/.test(written)) return "must be a host without scheme and path";
    const locations = located(written);
    return typeof locations === "string" ? locations : locations.map(({ host }) => ({ kind: "host", value: host }));
  },
};

/** A path or prefix behind its host, or without one for every host. The scheme makes no difference. */
function placed(kind: "path" | "prefix", written: string): Read {
  const isAnywhere = /^\/(?!\/)/.test(written);
  const locations = located(isAnywhere ? `https://any${written}` : written);
  if (typeof locations === "string") return locations;
  return locations.map(({ host, path }) => ({ kind, value: isAnywhere ? path : host + path }));
}

const BOTH = ["https", "http"] as const;

/** The URL under both schemes where none is written. */
function located(written: string): readonly Location[] | string {
  const [, scheme, rest = ""] = /^(?:([a-z][a-z0-9+.-]*):)?\/\/(.*)$/i.exec(written) ?? [undefined, undefined, written];
  if (scheme !== undefined && !/^https?$/i.test(scheme))
    return `has the scheme ${scheme}: only http and https are cached`;
  const schemes = scheme === undefined ? BOTH : BOTH.filter((each) => each === scheme.toLowerCase());
  const read = schemes.map((each) => locationOf(each, rest));
  return read.find((one) => typeof one === "string") ?? read.filter((one) => typeof one !== "string");
}

function locationOf(scheme: Location["scheme"], rest: string): Location | string {
  if (/\s/u.test(rest)) return "must not contain white space: write %20";
  if (rest.includes("#")) return "must not have a fragment: no request carries one";
  const url = URL.parse(`${scheme}://${rest}`);
  if (!url) return "is no URL";
  if (url.username !== "" || url.password !== "" || /^[^/?]*@/.test(rest)) return "must not contain userinfo";
  if (!isHost(url.host)) return "has no valid host";
  return { scheme, host: canonicalHost(url.host), path: normalisedPath(url.pathname), query: url.search };
}

/** Each target once, in the order of first mention. */
export function distinct(targets: readonly Target[]): readonly Target[] {
  return [...new Map(targets.map((target) => [targetName(target), target])).values()];
}

/** The hosts that the targets name; `undefined` where a target names none, and so concerns all. */
export function hostsOf(selected: readonly Selected[]): readonly string[] | undefined {
  const hosts = selected.flatMap(({ targets }) => targets).map(hostOfTarget);
  return hosts.includes(undefined) ? undefined : [...new Set(hosts.filter((host) => host !== undefined))];
}

function hostOfTarget({ kind, value }: Target): string | undefined {
  if (kind === "host") return value;
  if (kind === "url") return URL.parse(value)?.host;
  if (kind !== "path" && kind !== "prefix") return undefined;
  const [host = ""] = value.split("/", 1);
  return host === "" ? undefined : host;
}
