// Owns the door: a request becomes facts, or passes by with a reason, or is refused as no valid request.
import { isTwinAmong, type Location, type RequestFacts, requestFacts } from "../http/facts.ts";
import type { FieldReader } from "../http/fields.ts";
import { withoutEpoch } from "../http/browser-epoch.ts";
import { isHost } from "../http/host.ts";
import { normalisedPath } from "../http/path.ts";
import type { ReasonCode } from "../http/reasons.ts";
import type { Site } from "../policy/define.ts";

export type Received =
  | { readonly kind: "lookup"; readonly facts: RequestFacts }
  | { readonly kind: "bypass"; readonly facts: RequestFacts; readonly reason: ReasonCode }
  | { readonly kind: "refused"; readonly facts: RequestFacts; readonly status: 400 | 404; readonly detail: string };

export function receive(request: Request, site: Site): Received {
  const { headers } = request;
  const field: FieldReader = (name) => {
    const value = headers.get(name) ?? undefined;
    return name === "cookie" ? withoutEpoch(value) : value;
  };
  const url = URL.parse(request.url) ?? undefined;
  const read = requestFacts(request.method, url ? locationOf(url) : NOWHERE, field, site.isSessionCookie);
  const facts: RequestFacts = { ...read, hasTwin: (name) => isTwinAmong(headers.keys(), name) };
  const invalid = whyInvalid(field("host"), url);
  if (invalid !== undefined) return { kind: "refused", facts, status: 400, detail: invalid };
  // the router has judged the path as it was written; here it is as the origin would read it
  if (isAdminPath(facts.location.path)) return { kind: "refused", facts, status: 404, detail: "not found" };
  const reason = whyBypass(facts);
  return reason === undefined ? { kind: "lookup", facts } : { kind: "bypass", facts, reason };
}

/** False where the Host field is something else: the platform makes userinfo or a path of the URL from it. */
export function namesHost({ headers }: Pick<Request, "headers">): boolean {
  const host = headers.get("host");
  return host === null || isHost(host);
}

/** Stands for the target of a request that has none. */
const NOWHERE: Location = { scheme: "http", host: "", path: "/", query: "" };

function locationOf(url: URL): Location {
  return {
    scheme: url.protocol === "https:" ? "https" : "http",
    host: url.host,
    path: normalisedPath(url.pathname),
    query: url.search,
  };
}

function isAdminPath(path: string): boolean {
  return path === "/.strata" || path.startsWith("/.strata/");
}

function whyInvalid(host: string | undefined, url: URL | undefined): string | undefined {
  if (!url) return "the request's target is not a URL";
  if (url.username !== "" || url.password !== "") return "the request's host contains userinfo";
  if (host !== undefined && !isHost(host)) return "the Host field is not a host";
  return isHost(url.host) ? undefined : "the request's URL has no valid host";
}

function whyBypass({ method, field }: RequestFacts): ReasonCode | undefined {
  if (method !== "GET" && method !== "HEAD") return "method";
  if (field("upgrade") !== undefined) return "upgrade";
  if (field("if-match") !== undefined || field("if-unmodified-since") !== undefined) return "precondition";
  return undefined;
}
