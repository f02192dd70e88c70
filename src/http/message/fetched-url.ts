// Owns the URL that is fetched for a location: with exactly the path and the query that are keyed.
import type { Location } from "./facts.ts";

/**
 * `origin`: absent where the public URL is the origin's too. Set part by part: `new URL("//evil/x", base)` would choose another host.
 * `undefined` where a URL parser would change the keyed path or query: it must not be fetched under that key.
 */
export function fetchedUrl({ scheme, host, path, query }: Location, origin: URL | undefined): URL | undefined {
  const url = new URL(origin ?? `${scheme}://${host}`);
  url.pathname = path;
  url.search = query;
  return url.pathname === path && url.search === query ? url : undefined;
}
