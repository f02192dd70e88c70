// Owns reading a request's URL. Hot ones come again and again: what the last of them came to is kept.
import { boundedMap } from "../../base/bounded-map.ts";
import type { Location } from "../../http/message/facts.ts";
import { fetchedUrl } from "../../http/message/fetched-url.ts";
import { canonicalHost, isHost } from "../../http/message/host.ts";
import { isOwnPath } from "../../http/message/lenient-path.ts";
import { normalisedPath } from "../../http/message/path.ts";

export type ReadUrl =
  | { readonly ok: true; readonly location: Location }
  | { readonly ok: false; readonly location: Location; readonly status: 400 | 404; readonly detail: string };

/** At most so many, none longer than this: less than 2 MB. */
const MAX_KEPT = 1000;
const MAX_CHARACTERS = 500;

/** A reader for an isolate: the same text always comes to the same. */
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
  // never, by what normalisedPath promises: but whatever is keyed must be what is fetched
  if (!fetchedUrl(location, undefined)) return refused(location, "the request's target has no normal form");
  // the router matched the path as it was written; this also catches spellings that an origin would decode to it
  if (isOwnPath(location.path)) return { ok: false, location, status: 404, detail: "not found" };
  return { ok: true, location };
}

function refused(location: Location, detail: string): ReadUrl {
  return { ok: false, location, status: 400, detail };
}
