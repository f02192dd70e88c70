// Owns the properties of methods: the safe and the idempotent ones of the IANA HTTP Method Registry (RFC 9110 9.2, 16.1).
// A method that is not registered is neither. Names are case-sensitive (RFC 9110 9.1).

const SAFE: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "PRI",
  "PROPFIND",
  "QUERY",
  "REPORT",
  "SEARCH",
  "TRACE",
]);

const IDEMPOTENT: ReadonlySet<string> = new Set([
  ...SAFE,
  "ACL",
  "BASELINE-CONTROL",
  "BIND",
  "CHECKIN",
  "CHECKOUT",
  "COPY",
  "DELETE",
  "LABEL",
  "LINK",
  "MERGE",
  "MKACTIVITY",
  "MKCALENDAR",
  "MKCOL",
  "MKREDIRECTREF",
  "MKWORKSPACE",
  "MOVE",
  "ORDERPATCH",
  "PROPPATCH",
  "PUT",
  "REBIND",
  "UNBIND",
  "UNCHECKOUT",
  "UNLINK",
  "UNLOCK",
  "UPDATE",
  "UPDATEREDIRECTREF",
  "VERSION-CONTROL",
]);

/** A safe method asks for no change: it never invalidates, whatever its answer says (RFC 9111 4.4). */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/** Sending it twice has the effect of sending it once. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
