// Owns the door: a request becomes facts, or passes by with a reason, or is refused as no valid request.
import { type Location, type RequestFacts, requestFacts } from "../http/facts.ts";
import type { FieldReader } from "../http/fields.ts";
import { normalisedPath } from "../http/path.ts";
import type { ReasonCode } from "../http/reasons.ts";
import type { Site } from "../policy/define.ts";

export type Received =
  | { readonly kind: "lookup"; readonly facts: RequestFacts }
  | { readonly kind: "bypass"; readonly facts: RequestFacts; readonly reason: ReasonCode }
  | { readonly kind: "refused"; readonly facts: RequestFacts; readonly detail: string };

/** Host as RFC 3986 3.2.2 writes it, without userinfo: what else arrives wants to be taken for another URL. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

export function receive(request: Request, site: Site): Received {
  const { headers } = request;
  const host = headers.get("host");
  const url = new URL(request.url);
  const location: Location = {
    scheme: url.protocol === "https:" ? "https" : "http",
    host: url.host,
    path: normalisedPath(url.pathname),
    query: url.search,
  };
  const field: FieldReader = (name) => headers.get(name) ?? undefined;
  const facts = requestFacts(request.method, location, field, site.isSessionCookie);
  const refusal = whyRefused(host, url);
  if (refusal !== undefined) return { kind: "refused", facts, detail: refusal };
  const reason = whyBypass(facts);
  return reason === undefined ? { kind: "lookup", facts } : { kind: "bypass", facts, reason };
}

function whyRefused(host: string | null, url: URL): string | undefined {
  if (url.username !== "" || url.password !== "") return "the request's host contains userinfo";
  if (host !== null && !HOST.test(host)) return "the Host field is not a host";
  if (!HOST.test(url.host)) return "the request's URL has no valid host";
  return undefined;
}

function whyBypass({ method, field }: RequestFacts): ReasonCode | undefined {
  if (method !== "GET" && method !== "HEAD") return "method";
  if (field("upgrade") !== undefined) return "upgrade";
  if (field("range") !== undefined) return "range";
  if (field("if-match") !== undefined || field("if-unmodified-since") !== undefined) return "precondition";
  return undefined;
}
