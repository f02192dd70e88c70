// Owns the facts of a request and of a response: headers parsed once at the door into plain records.
import { type RequestDirectives, requestDirectives } from "./cache-control.ts";
import { asGatewaysRead, endToEndFields, listedByConnection } from "./field-table.ts";
import { type FieldReader, type HeaderPairs, readerOf } from "./fields.ts";
import { hasUnknownTransferCoding, withoutFalseLength } from "./framing.ts";
import { type RangeRequest, requestedRange } from "./range.ts";
import { type Governing, governing } from "./targeted.ts";

/** A request URL in the one form used for matching, for the key and for the fetch. */
export interface Location {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly path: string;
  /** With its "?", or "". */
  readonly query: string;
}

export interface RequestFacts {
  readonly method: string;
  readonly location: Location;
  readonly field: FieldReader;
  readonly directives: RequestDirectives;
  /** The one range of bytes that is asked for; absent where the whole is to be answered. */
  readonly range: RangeRequest | undefined;
  readonly hasAuthorization: boolean;
  readonly hasSession: boolean;
  /** Fields that a rule has reduced, in lower case: the origin receives what `field` answers for them. */
  readonly declared: readonly string[];
  /**
   * Whether the request has the field, in lower case, under a name with `_`: an origin may take that value for the field's. Asked
   * only of what is to be stored: the names are not read before.
   */
  readonly hasTwin: (field: string) => boolean;
}

/** Whether one of the names of a request, in lower case, is a twin of the field. */
export function isTwinAmong(names: Iterable<string>, field: string): boolean {
  return [...names].some((name) => name.includes("_") && asGatewaysRead(name) === field);
}

/** What an origin answered, with the two clock readings of its fetch. */
export interface ResponseFacts {
  readonly status: number;
  /** Without what belongs to the connection it came on (RFC 9110 7.6.1). */
  readonly headers: HeaderPairs;
  readonly field: FieldReader;
  readonly governing: Governing;
  /** The body came in a transfer coding that was not undone (see framing.ts). */
  readonly unknownTransferCoding: boolean;
  /** When the request was sent and when its header section arrived, milliseconds since the epoch (RFC 9111 4.2.3). */
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
}

export function requestFacts(
  method: string,
  location: Location,
  allFields: FieldReader,
  isSessionCookie: (name: string) => boolean,
): RequestFacts {
  return readFacts(method, location, endToEndReader(allFields), isSessionCookie);
}

/** The same from a reader that knows end-to-end fields only. */
export function readFacts(
  method: string,
  location: Location,
  field: FieldReader,
  isSessionCookie: (name: string) => boolean,
): RequestFacts {
  return {
    method,
    location,
    field,
    directives: requestDirectives(field("cache-control"), field("pragma")),
    range: requestedRange(method, field),
    hasAuthorization: field("authorization") !== undefined,
    hasSession: cookieNames(field("cookie")).some(isSessionCookie),
    declared: [],
    hasTwin: () => false,
  };
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

/** Without the fields that Connection calls hop-by-hop: the origin will not see them, so they must not count here. */
function endToEndReader(read: FieldReader): FieldReader {
  const listed = listedByConnection(read);
  if (listed.size === 0) return read;
  return (name) => (name !== "connection" && name !== "upgrade" && listed.has(name) ? undefined : read(name));
}

/** Names in a Cookie field. Several lines arrive joined with a comma, so both separators count (RFC 6265 4.2.1). */
function cookieNames(cookie: string | undefined): readonly string[] {
  if (cookie === undefined) return [];
  return cookie.split(/[;,]/).map((pair) => (pair.split("=", 1)[0] ?? "").trim());
}
