// Owns invalidation by a successful unsafe request: its target, and the URLs that its answer names on the same origin (RFC 9111 4.4).
import { isSafe } from "../message/methods.ts";
import { canonicalHost } from "../message/host.ts";
import { normalisedPath } from "../message/path.ts";
import type { Location, RequestFacts, ResponseFacts } from "../message/facts.ts";

/** Whether the answer changed something: an unsafe method, and no error. */
export function isSuccessfulChange({ method }: RequestFacts, { status }: ResponseFacts): boolean {
  return !isSafe(method) && status >= 200 && status < 400;
}

export function invalidatedBy(request: RequestFacts, response: ResponseFacts): readonly Location[] {
  if (!isSuccessfulChange(request, response)) return [];
  const { location } = request;
  const named = ["location", "content-location"].map((name) => sameOriginLocation(response.field(name), location));
  return [location, ...named.filter((other) => other !== undefined)];
}

/** The location that a URL in a field names on the origin of `base`. Another origin's URLs are not ours to invalidate: anybody could name them. */
export function sameOriginLocation(reference: string | undefined, base: Location): Location | undefined {
  const origin = `${base.scheme}://${base.host}`;
  if (reference === undefined || !URL.canParse(reference, origin + base.path)) return undefined;
  const url = new URL(reference, origin + base.path);
  if (url.protocol !== `${base.scheme}:` || canonicalHost(url.host) !== base.host) return undefined;
  return { ...base, path: normalisedPath(url.pathname), query: url.search };
}
