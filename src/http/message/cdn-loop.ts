// Owns loop detection: the edge's name towards origins, and its recognition in a request that has come back (RFC 8586, RFC 9110 7.6.3).
import type { FieldReader } from "./fields.ts";
import { hash64 } from "./hash.ts";

/**
 * The name of a deployment: a token for CDN-Loop and a pseudonym for Via. `identity`: text that differs from that of every deployment it may
 * stand in front of. Two deployments with one name could not be chained.
 */
export function edgeName(identity: string): string {
  return `strata-${hash64(identity)}`;
}

/**
 * Whether a request has passed the edge of that name before. The name counts wherever it stands: a client that leaves a quoted string or
 * a comment open in front of it must not hide it. A client that forges it is refused, and nobody else.
 */
export function isLoop(read: FieldReader, name: string): boolean {
  return [read("cdn-loop"), read("via")].some((value) => value?.toLowerCase().includes(name));
}

/** The fields that tell the next server which servers have passed the request on. */
export function wayFields(read: FieldReader, name: string): readonly (readonly [name: string, value: string])[] {
  return [
    ["via", appended(read("via"), `1.1 ${name}`)],
    ["cdn-loop", appended(withClosedQuotes(read("cdn-loop")), name)],
  ];
}

function appended(list: string | undefined, member: string): string {
  return list === undefined || list === "" ? member : `${list}, ${member}`;
}

/** Behind an open quoted string the next server would not find our name. */
function withClosedQuotes(value: string | undefined): string | undefined {
  const quotes = value?.split('"').length ?? 1;
  return quotes % 2 === 0 ? value?.replaceAll('"', "") : value;
}
