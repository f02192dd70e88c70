// Owns the facts of a request and of a response: headers parsed once at the door into plain records.
import { type RequestDirectives, requestDirectives } from "./cache-control.ts";
import { cookieFacts, type CookieFacts, type CookieGroups } from "./cookies.ts";
import { endToEndFields, isSeenByOrigin, listedByConnection } from "./field-table.ts";
import { type FieldReader, type HeaderPairs, readerOf } from "./fields.ts";
import { isFragmentMark } from "./fragment-request.ts";
import { hasUnknownTransferCoding, withoutFalseLength } from "./framing.ts";
import { type RangeRequest, requestedRange } from "./range.ts";
import { asGatewaysRead, type FieldGroups } from "./request-fields.ts";
import { type Governing, governing } from "./targeted.ts";

/** A request URL in the one form used for matching, for the key and for the fetch. */
export interface Location {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly path: string;
  /** With its "?", or "". */
  readonly query: string;
}

/** The meaning of names in a request, by the site and by the rule of the path. */
export interface Naming {
  readonly groupOf: FieldGroups;
  readonly cookieGroupOf: CookieGroups;
  /** Whether unknown fields forbid storing even without `X-` before their names. */
  readonly refusesUnknown: boolean;
}

export interface RequestFacts extends CookieFacts {
  readonly method: string;
  readonly location: Location;
  readonly field: FieldReader;
  /** End-to-end fields as the client named them, in lower case. */
  readonly names: readonly string[];
  readonly naming: Naming;
  readonly directives: RequestDirectives;
  /** The requested range of bytes; absent where the answer is the whole. */
  readonly range: RangeRequest | undefined;
  /** Authorization, or another field that identifies a person or an account. */
  readonly hasAuthorization: boolean;
  /** Fields that are keyed and named in the answer's Vary, in lower case: the origin receives what `field` answers for them. */
  readonly declared: readonly string[];
  /** Fields by which frameworks ask for a part of the page. Only an answer to the same ones fits. */
  readonly fragments: readonly string[];
  /** Fields that the origin receives, that no key holds and that may change its answer. */
  readonly unkeyed: readonly string[];
  /** Such fields that the stored responses vary on: they are in this variant's key, if the answer's Vary names them again. */
  readonly indexed: readonly string[];
}

/** Whether one of the names of a request, in lower case, is a twin of the field: an origin may take its value for the field's. */
export function isTwinAmong(names: Iterable<string>, field: string): boolean {
  return [...names].some((name) => name !== field && asGatewaysRead(name) === field);
}

/** An origin's answer, with the two clock readings of its fetch. */
export interface ResponseFacts {
  readonly status: number;
  /** Without what belongs to the connection it came on (RFC 9110 7.6.1). */
  readonly headers: HeaderPairs;
  readonly field: FieldReader;
  readonly governing: Governing;
  /** The body came in a transfer coding that the runtime did not decode (see framing.ts). */
  readonly unknownTransferCoding: boolean;
  /** When the request was sent and when its header section arrived, milliseconds since the epoch (RFC 9111 4.2.3). */
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
}

/** @param sent field names in lower case, lines of one name joined. */
export function requestFacts(
  method: string,
  location: Location,
  sent: ReadonlyMap<string, string>,
  naming: Naming,
): RequestFacts {
  const all: FieldReader = (name) => sent.get(name);
  const listed = listedByConnection(all);
  // the origin will not see what Connection calls hop-by-hop, so that must not count here
  const isListed = (name: string): boolean => name !== "connection" && name !== "upgrade" && listed.has(name);
  const field: FieldReader = listed.size === 0 ? all : (name) => (isListed(name) ? undefined : all(name));
  const names = listed.size === 0 ? [...sent.keys()] : [...sent.keys()].filter((name) => !isListed(name));
  return {
    method,
    location,
    field,
    names,
    naming,
    directives: requestDirectives(field("cache-control"), field("pragma")),
    range: requestedRange(method, field),
    ...namedFacts(names, field, naming),
    ...cookieFacts(field("cookie"), naming.cookieGroupOf),
    declared: NONE,
    indexed: NONE,
  };
}

const NONE: readonly string[] = [];

type NamedFacts = Pick<RequestFacts, "hasAuthorization" | "fragments" | "unkeyed">;

/** Facts that follow from names alone. Most requests have only plain fields, which cost one map access each. */
function namedFacts(names: readonly string[], field: FieldReader, { groupOf, refusesUnknown }: Naming): NamedFacts {
  let hasAuthorization = false;
  let fragments: string[] | undefined;
  let unkeyed: string[] | undefined;
  for (const name of names) {
    const group = groupOf(name);
    if (group === "plain") continue;
    if (group === "credential") hasAuthorization = true;
    else if (group === "fragment" && isFragmentMark(name, field(name))) (fragments ??= []).push(name);
    else if ((group === "unknown-x" || (group === "unknown" && refusesUnknown)) && isSeenByOrigin(name))
      (unkeyed ??= []).push(name);
  }
  return { hasAuthorization, fragments: fragments ?? NONE, unkeyed: unkeyed ?? NONE };
}

export function responseFacts(
  status: number,
  allHeaders: HeaderPairs,
  requestedAtMs: number,
  receivedAtMs: number,
): ResponseFacts {
  const ofMessage = readerOf(allHeaders);
  const headers = endToEndFields(withoutFalseLength(allHeaders, ofMessage), ofMessage);
  const field = readerOf(headers);
  const unknownTransferCoding = hasUnknownTransferCoding(ofMessage);
  return { status, headers, field, governing: governing(field), unknownTransferCoding, requestedAtMs, receivedAtMs };
}
