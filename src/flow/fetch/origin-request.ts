// Owns the request that the origin gets, and the translation of its addresses in the answer.
import type { RequestFacts } from "../../http/message/facts.ts";
import { fetchedUrl } from "../../http/message/fetched-url.ts";
import { forwardedConditions, forwardedToOrigin, passedToOrigin } from "../../http/message/field-table.ts";
import type { FieldReader, HeaderPairs } from "../../http/message/fields.ts";
import { wayFields } from "../../http/message/cdn-loop.ts";
import { withoutGeneratedTags } from "../../http/law/generated-etag.ts";
import { asGatewaysRead } from "../../http/message/request-fields.ts";
import { isForwardedNormalised, normalisedValue } from "../../http/select/vary.ts";
import type { Exchange } from "../edge.ts";
import type { Trace } from "../support/trace.ts";

/** How much of a client's request is forwarded to the origin, and what the edge adds in its own name. */
export interface Forwarding {
  /** The client's request goes on as it came: method, body, conditionals, ranges and codings are the origin's to judge. */
  readonly asSent: boolean;
  readonly clientConditionals: boolean;
  /** Fields the resource is known to vary on, in lower case. */
  readonly varied?: readonly string[];
  /** Client hints to send although no stored response varies on them, in lower case. */
  readonly hints?: readonly string[];
  /** The edge's own conditions: validators of a stored response, or the range it wants. */
  readonly conditions: HeaderPairs;
}

export const FETCH_WHOLE: Forwarding = { asSent: false, clientConditionals: false, conditions: [] };
export const AS_SENT: Forwarding = { asSent: true, clientConditionals: true, conditions: [] };

/** `origin`: absent where the public URL is also the origin's. `edgeName`: the edge's name in `CDN-Loop` and `Via`. */
export function originRequest(
  edgeName: string,
  { request, trace }: Exchange,
  facts: RequestFacts,
  forwarding: Forwarding,
  origin: URL | undefined,
  signal: AbortSignal,
): Request {
  const { method, field, location } = facts;
  const headers = new Headers();
  for (const [name] of forwardedFields([...request.headers], facts, forwarding)) {
    const value = isTwin(name, facts, forwarding) ? undefined : valueToSend(name, facts, forwarding);
    // a GET's content means nothing (RFC 9110 9.3.1), so it is dropped with the fields that describe it
    if (value !== undefined && (forwarding.asSent || !name.startsWith("content-"))) headers.set(name, value);
  }
  // a reduced field may have a value where the client sent none
  for (const name of facts.declared) {
    const value = field(name);
    if (value !== undefined) headers.set(name, value);
  }
  for (const [name, value] of forwarding.conditions) headers.set(name, value);
  // from the raw request: Connection must not remove the names of servers that have passed it on
  const read: FieldReader = (name) => request.headers.get(name) ?? undefined;
  for (const [name, value] of wayFields(read, edgeName)) headers.set(name, value);
  setOwn(headers, facts, trace, origin, forwarding.asSent ? request : undefined);
  // with another method, the runtime would send a GET without the body
  const upgrade = forwarding.asSent && method === "GET" ? field("upgrade") : undefined;
  if (upgrade !== undefined) headers.set("upgrade", upgrade);
  const hasBody = forwarding.asSent && method !== "GET" && method !== "HEAD";
  return new Request(upstreamUrl(location, origin), {
    method,
    headers,
    body: hasBody ? request.body : null,
    redirect: "manual",
    // the zone's own cache must not answer: it knows nothing of our purges
    cache: "no-store",
    signal,
  });
}

function forwardedFields(
  sent: HeaderPairs,
  { field, naming, declared }: RequestFacts,
  forwarding: Forwarding,
): HeaderPairs {
  const { asSent, clientConditionals, varied = [], hints = [] } = forwarding;
  if (asSent) return passedToOrigin(sent, field, naming.groupOf);
  const isAskedFor = (name: string): boolean =>
    naming.groupOf(name) !== "on-demand" || [varied, declared, hints].some((names) => names.includes(name));
  const forwarded = forwardedToOrigin(sent, field, naming.groupOf).filter(([name]) => isAskedFor(name));
  return clientConditionals ? [...forwarded, ...forwardedConditions(sent)] : forwarded;
}

/** Whether an origin may take the field for a keyed one. Unlike the keyed field, it is in no key, so it must not reach the origin. */
function isTwin(name: string, { declared }: RequestFacts, { asSent, varied = [] }: Forwarding): boolean {
  const read = asGatewaysRead(name);
  return !asSent && read !== name && (declared.includes(read) || isForwardedNormalised(read, varied));
}

/** The value that the facts have, so that key and content cannot disagree; a conditional without the tags that the edge made. */
function valueToSend(name: string, { field }: RequestFacts, { asSent, varied = [] }: Forwarding): string | undefined {
  const value = name === "if-none-match" ? withoutGeneratedTags(field(name)) : field(name);
  return !asSent && isForwardedNormalised(name, varied) ? normalisedValue(name, value) : value;
}

/** An address and nothing else: an origin would believe text that a client put behind a comma. */
const ADDRESS = /^[\da-f.:]{2,45}$/i;

/** Sets the edge's own fields (RFC 7239 and its kin). `passed`: the client's request, where it goes on as it came. */
function setOwn(
  headers: Headers,
  facts: RequestFacts,
  trace: Trace,
  origin: URL | undefined,
  passed: Request | undefined,
): void {
  const { host, scheme } = facts.location;
  headers.set("x-request-id", trace.requestId);
  for (const [name, value] of trace.span()) headers.set(name, value);
  // identity: one body for all clients, unless a rule declares the codings it wants
  const chosen = passed !== undefined || facts.declared.includes("accept-encoding");
  headers.set("accept-encoding", (chosen ? facts.field("accept-encoding") : undefined) ?? "identity");
  // with `cache: "no-store"` the runtime adds no-cache to both unless they have a value; an unknown directive means nothing
  if (!headers.has("cache-control")) headers.set("cache-control", "strata");
  if (!headers.has("pragma")) headers.set("pragma", "strata");
  if (!origin) return;
  headers.set("x-forwarded-host", host);
  headers.set("x-forwarded-proto", scheme);
  headers.set("forwarded", `host="${host}";proto=${scheme}`);
  // a fetch for the cache is nobody's: the stored response must not depend on the client that asked first
  const client = passed?.headers.get("cf-connecting-ip") ?? "";
  if (ADDRESS.test(client)) headers.set("x-forwarded-for", client);
}

/** @throws TypeError where this is not the keyed URL: then nothing is fetched, and nothing stored. */
function upstreamUrl(location: RequestFacts["location"], origin: URL | undefined): URL {
  const url = fetchedUrl(location, origin);
  if (!url) throw new TypeError("the URL to fetch is not the one that is keyed");
  return url;
}

/** The origin's own address in Location and Content-Location becomes the public one. */
export function mappedBack(headers: HeaderPairs, origin: URL | undefined, { location }: RequestFacts): HeaderPairs {
  if (!origin) return headers;
  const shown = `${location.scheme}://${location.host}`;
  return headers.map(([name, value]) => {
    const names = name === "location" || name === "content-location";
    // absolute, or with the scheme left out; a relative one stays relative
    const absolute = value.startsWith("//") ? origin.protocol + value : value;
    if (!names || !URL.canParse(absolute)) return [name, value];
    const url = new URL(absolute);
    return [name, url.origin === origin.origin ? shown + url.pathname + url.search + url.hash : value];
  });
}
