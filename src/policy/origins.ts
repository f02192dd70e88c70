// Owns the origins that may stand behind a public host: another origin's URL, or a worker bound as a service.
import * as v from "valibot";
import { canonicalHost } from "../http/message/host.ts";

export type Origin =
  | { readonly kind: "url"; readonly url: URL }
  /** The worker gets the public URL, as the zone's own origin does. */
  | { readonly kind: "service"; readonly binding: string };

/** http or https, a host, nothing after it. */
export const originUrl = v.pipe(
  v.string("must be a URL"),
  v.check(isOriginUrl, "must be http:// or https:// with a host, and nothing after it"),
);

const service = v.strictObject({
  /** Name of the service binding in wrangler.toml. */
  service: v.pipe(
    v.string("must be the name of a binding"),
    v.regex(/^[A-Za-z_]\w*$/, "must be the name of a service binding"),
  ),
});

export const anyOrigin = v.union([originUrl, service], 'must be a URL or { service: "BINDING" }');

type OriginsInput = Readonly<Record<string, string | { readonly service: string }>>;

/** Public host, or "*", -> what stands behind it. */
export type Origins = ReadonlyMap<string, Origin>;

export function completeOrigins(input: OriginsInput = {}): Origins {
  return new Map(Object.entries(input).map(([host, given]): [string, Origin] => [host, completeOrigin(given)]));
}

function completeOrigin(given: string | { readonly service: string }): Origin {
  return typeof given === "string" ? { kind: "url", url: new URL(given) } : { kind: "service", binding: given.service };
}

/** The origin of a public host; `undefined` where the zone's own, or the application's own routes, answer. */
export function originOf(origins: Origins, host: string): Origin | undefined {
  return origins.get(host) ?? origins.get("*");
}

/** Part of every key, and the name of the origin's circuit, so that answers of two origins are never mixed up. */
export function originId(origin: Origin | undefined): string {
  if (!origin) return "zone";
  return origin.kind === "url" ? origin.url.origin : `service:${origin.binding}`;
}

function isOriginUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const bare =
    url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  return (url.protocol === "https:" || url.protocol === "http:") && bare;
}

/**
 * Why these origins lead back to the edge: each entry whose URL has a host for which the edge itself answers. `publicHosts`: the hosts for which it answers.
 * A service is reached by its binding, and the address of the zone's own origin is not known here.
 */
export function leadingBack(origins: Origins, publicHosts: Iterable<string>): readonly Problem[] {
  const own = new Set(publicHosts);
  return [...origins].flatMap(([host, origin]) => {
    const behind = origin.kind === "url" ? canonicalHost(origin.url.host) : undefined;
    if (behind === undefined || !own.has(behind)) return [];
    return [{ host, why: `leads back to the edge, which itself answers for ${behind}` }];
  });
}

interface Problem {
  /** The public host, or "*". */
  readonly host: string;
  readonly why: string;
}
