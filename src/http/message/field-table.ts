// Owns the table of header fields: which of them go to the origin, into a store, onto a 304, and out to clients.
import { type FieldReader, type HeaderPairs, splitList, trimOws } from "./fields.ts";
import { asGatewaysRead, DEFAULT_GROUPS, type FieldGroups } from "./request-fields.ts";

interface FieldTreatment {
  /** Belongs to one connection: never forwarded, never stored (RFC 9110 7.6.1). */
  readonly hop?: true;
  /** Meant for every recipient: Connection cannot make it hop-by-hop (RFC 9110 7.6.1). */
  readonly forAll?: true;
  /** A client's value is not passed on: it could choose another host, path or method, or is set by Strata itself. */
  readonly ownedByEdge?: true;
  /** Conditionals and ranges of the client: Strata decides them itself (RFC 9111 4.3.1, 3.3). */
  readonly conditional?: true;
  /** Addressed to this cache: not delivered to clients. */
  readonly forUsOnly?: true;
  /** Not kept in a store: recomputed for each answer, or never to be replayed. */
  readonly notStored?: true;
  /** A 304 does not change the stored value: it describes the stored body (RFC 9111 3.2). */
  readonly keptOn304?: true;
  /** Sent on a 304 to a client (RFC 9110 15.4.5). */
  readonly sentOn304?: true;
}

/** An origin that reflects request fields would let clients choose tags. And Connection must not remove a tag: the response could not be purged. */
const TAGS: FieldTreatment = { forUsOnly: true, forAll: true, ownedByEdge: true };

const OF_EXCHANGE: FieldTreatment = { ownedByEdge: true, notStored: true };

const TABLE: ReadonlyMap<string, FieldTreatment> = new Map<string, FieldTreatment>([
  // hop-by-hop, RFC 9110 7.6.1 and 11.7
  ["connection", { hop: true }],
  ["keep-alive", { hop: true }],
  ["proxy-authenticate", { hop: true }],
  ["proxy-authentication-info", { hop: true }],
  ["proxy-authorization", { hop: true }],
  ["proxy-connection", { hop: true }],
  ["te", { hop: true }],
  ["trailer", { hop: true }],
  ["transfer-encoding", { hop: true }],
  ["upgrade", { hop: true }],
  // the URL says it; fields that override it are families of their own (see request-fields.ts)
  ["host", { ownedByEdge: true }],
  // for the edge alone: it carries a token
  ["strata-debug", { ownedByEdge: true }],
  // of one exchange, and made anew for each: decision 020
  ["x-request-id", OF_EXCHANGE],
  ["traceparent", OF_EXCHANGE],
  ["tracestate", OF_EXCHANGE],
  ["traceresponse", { notStored: true }],
  ["server-timing", { notStored: true }],
  ["accept-encoding", { ownedByEdge: true }],
  // as tags are; but for every cache (RFC 9875)
  ["cache-group-invalidation", { ownedByEdge: true, forAll: true }],
  ["cache-groups", { ownedByEdge: true, forAll: true }],
  // request conditionals, RFC 9110 13.1 and 14.2
  ["if-match", { conditional: true }],
  ["if-none-match", { conditional: true }],
  ["if-modified-since", { conditional: true }],
  ["if-unmodified-since", { conditional: true }],
  ["if-range", { conditional: true }],
  ["range", { conditional: true }],
  // addressed to this cache: RFC 9213 2 lets a targeted field be removed by the cache it is aimed at
  ["surrogate-control", { forUsOnly: true, forAll: true }],
  ["cloudflare-cdn-cache-control", { forUsOnly: true, forAll: true }],
  ["cache-tag", TAGS],
  ["surrogate-key", TAGS],
  ["edge-cache-tag", TAGS],
  ["cdn-tag", TAGS],
  ["netlify-cache-tag", TAGS],
  // recomputed, or never replayed
  ["age", { notStored: true, sentOn304: true }],
  ["set-cookie", { notStored: true, forAll: true }],
  ["x-cache", { notStored: true }],
  // describes the stored bytes, RFC 9111 3.2
  ["content-encoding", { keptOn304: true }],
  ["content-length", { keptOn304: true }],
  ["content-range", { keptOn304: true }],
  ["content-type", { keptOn304: true }],
  ["content-md5", { keptOn304: true }],
  ["content-digest", { keptOn304: true }],
  ["repr-digest", { keptOn304: true }],
  // RFC 9110 15.4.5
  ["cache-control", { sentOn304: true, forAll: true }],
  ["cdn-cache-control", { sentOn304: true, forAll: true }],
  ["content-location", { sentOn304: true }],
  ["date", { sentOn304: true }],
  ["etag", { sentOn304: true }],
  ["expires", { sentOn304: true }],
  ["vary", { sentOn304: true, forAll: true }],
  // without an ETag it is the only validator the client has
  ["last-modified", { sentOn304: true }],
]);

const PLAIN: FieldTreatment = {};
const OF_ONE_ANSWER: FieldTreatment = { notStored: true };

// `X-Cache-Status`, `X-Cache-Hits` and their kin: reports of a cache behind this one: decision 020
const INNER_CACHE = "x-cache-";

function treatment(name: string): FieldTreatment {
  const lower = name.toLowerCase();
  return TABLE.get(lower) ?? (lower.startsWith(INNER_CACHE) ? OF_ONE_ANSWER : PLAIN);
}

/**
 * Whether the origin may receive a client's own value of this field with a fetch that may be stored. It cannot vary on a field that it
 * does not receive.
 */
export function isSeenByOrigin(name: string, groupOf: FieldGroups = DEFAULT_GROUPS): boolean {
  const { hop, conditional, ownedByEdge } = treatment(asGatewaysRead(name));
  if (hop || conditional || ownedByEdge) return false;
  const group = groupOf(name);
  return group !== "override" && group !== "dropped";
}

/** Whether a rule may key on a client's field: also one that the origin gets only because a rule names it. */
export function isDeclarable(name: string): boolean {
  const { hop, conditional, ownedByEdge } = treatment(asGatewaysRead(name));
  return !hop && !conditional && !ownedByEdge && DEFAULT_GROUPS(name) !== "override";
}

/** Fields that a message's own Connection field names as hop-by-hop. */
export function listedByConnection(field: FieldReader): ReadonlySet<string> {
  const connection = field("connection");
  if (connection === undefined || /^(?:keep-alive|close)$/i.test(connection)) return NONE;
  return new Set(splitList(connection.toLowerCase()).filter((name) => !treatment(name).forAll));
}

const NONE: ReadonlySet<string> = new Set();

/** The fields of a client's request that a fetch for the cache takes along, as far as names alone decide it. */
export function forwardedToOrigin(pairs: HeaderPairs, field: FieldReader, groupOf?: FieldGroups): HeaderPairs {
  const listed = listedByConnection(field);
  return pairs.filter(([name]) => isSeenByOrigin(name.toLowerCase(), groupOf) && !listed.has(name.toLowerCase()));
}

/** The conditionals and the range of a client whose request is the origin's to judge. */
export function forwardedConditions(pairs: HeaderPairs): HeaderPairs {
  return pairs.filter(([name]) => treatment(name).conditional);
}

/**
 * The fields that go on with a request that passes by the cache: its answer is for this client alone. Fields that make another request
 * of it are removed, and so is a twin of a conditional.
 */
export function passedToOrigin(pairs: HeaderPairs, field: FieldReader, groupOf = DEFAULT_GROUPS): HeaderPairs {
  const listed = listedByConnection(field);
  return pairs.filter(([written]) => {
    const name = written.toLowerCase();
    const { hop, ownedByEdge, conditional } = treatment(asGatewaysRead(name));
    const isTwin = conditional === true && treatment(name).conditional !== true;
    return !hop && !ownedByEdge && !isTwin && !listed.has(name) && groupOf(name) !== "override";
  });
}

/** An origin's response without what belongs to its connection (RFC 9110 7.6.1). */
export function endToEndFields(pairs: HeaderPairs, field: FieldReader): HeaderPairs {
  const listed = listedByConnection(field);
  return pairs.filter(([name]) => !treatment(name).hop && !listed.has(name.toLowerCase()));
}

/** The end-to-end fields of an origin's answer that the requesting client gets. */
export function deliverable(pairs: HeaderPairs): HeaderPairs {
  return pairs.filter(([name]) => !treatment(name).forUsOnly);
}

/** The end-to-end fields that are stored for clients: deliverable, and not made anew for each answer. */
export function kept(pairs: HeaderPairs): HeaderPairs {
  return deliverable(pairs).filter(([name]) => !treatment(name).notStored);
}

/** The fields of an origin's response that are stored for this cache alone. */
export function addressedToEdge(pairs: HeaderPairs): HeaderPairs {
  return pairs.filter(([name]) => treatment(name).forUsOnly);
}

/** The stored fields after a 304: each field it brings replaces the stored lines of that name (RFC 9111 3.2). */
export function mergedBy304(stored: HeaderPairs, fresh: HeaderPairs): HeaderPairs {
  const type = mediaType(stored);
  const replacing = fresh.filter(([name, value]) => !treatment(name).keptOn304 || isSameType(name, value, type));
  const replaced = new Set(replacing.map(([name]) => name.toLowerCase()));
  return [...stored.filter(([name]) => !replaced.has(name.toLowerCase())), ...replacing];
}

function mediaType(headers: HeaderPairs): string | undefined {
  const [value] = headers.filter(([name]) => name.toLowerCase() === "content-type").map(([, type]) => type);
  return value === undefined ? undefined : essence(value);
}

/** Gateways put a default Content-Type on a 304: a type that does not fit the stored bytes is not believed. */
function isSameType(name: string, value: string, stored: string | undefined): boolean {
  return name.toLowerCase() === "content-type" && essence(value) === stored;
}

function essence(contentType: string): string {
  return trimOws(contentType.split(";", 1)[0] ?? "").toLowerCase();
}

/** The fields of a 200 that its 304 carries; Last-Modified only where there is no ETag (RFC 9110 15.4.5). */
export function sentOn304(pairs: HeaderPairs): HeaderPairs {
  const hasEtag = pairs.some(([name]) => name.toLowerCase() === "etag");
  return pairs.filter(([name]) => treatment(name).sentOn304 && !(hasEtag && name.toLowerCase() === "last-modified"));
}
