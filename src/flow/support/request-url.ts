// Owns reading a request's URL, with a memory of recent ones: the same hot URLs come again and again.
import { boundedMap } from "../../base/bounded-map.ts";
import type { Location } from "../../http/message/facts.ts";
import { fetchedUrl } from "../../http/message/fetched-url.ts";
import { canonicalHost, isHost } from "../../http/message/host.ts";
import { isOwnPath } from "../../http/message/lenient-path.ts";
import { normalisedPath } from "../../http/message/path.ts";

export type ReadUrl =
  | { readonly ok: true; readonly location: Location }
  | { readonly ok: false; readonly location: Location; readonly status: 400 | 404; readonly detail: string };

/** Together at most 2 MB. */
const MAX_KEPT = 1000;
const MAX_CHARACTERS = 500;

/** One per isolate. It is pure: the same text always gives the same result. */
export function urlReader(): (text: string) => ReadUrl {
  const kept = boundedMap<string, ReadUrl>(MAX_KEPT);
  return (text) => {
    const known = kept.get(text);
    if (known) return known;
    const made = read(text);
    if (text.length > MAX_CHARACTERS) return made;
    kept.set(text, made);
    return made;
  };
}

/** Stands for the target of a request that has none. */
const NOWHERE: Location = { scheme: "http", host: "", path: "/", query: "" };

function read(text: string): ReadUrl {
  const url = URL.parse(text);
  if (!url) return refused(NOWHERE, "the request's target is not a URL");
  const location: Location = {
    scheme: url.protocol === "https:" ? "https" : "http",
    host: canonicalHost(url.host),
    path: normalisedPath(url.pathname),
    query: url.search,
  };
  if (url.username !== "" || url.password !== "") return refused(location, "the request's host contains userinfo");
  if (!isHost(url.host)) return refused(location, "the request's URL has no valid host");
  // normalisedPath rules this out; checked all the same, because the key must name exactly the URL that is fetched
  if (!fetchedUrl(location, undefined)) return refused(location, "the request's target has no normal form");
  // the router matched the raw path; this also catches spellings that an origin would decode to one of our paths
  if (isOwnPath(location.path)) return { ok: false, location, status: 404, detail: "not found" };
  return { ok: true, location };
}

function refused(location: Location, detail: string): ReadUrl {
  return { ok: false, location, status: 400, detail };
}
