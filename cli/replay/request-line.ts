// Owns which logged request lines can be sent again, and the form of their method and target.

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = (typeof METHODS)[number];

export interface ReplayRequest {
  readonly method: Method;
  /** Path and query as the client wrote them, with bytes above 0x7f percent-encoded. */
  readonly target: string;
}

export type RequestLine =
  | ({ readonly kind: "request" } & ReplayRequest)
  | { readonly kind: "skip"; readonly reason: "junk" | "method" | "target" | "admin" };

const REQUEST_LINE = /^(?<method>[!#$%&'*+.^_`|~0-9A-Za-z-]+) (?<target>[^ ]+)(?: HTTP\/\d(?:\.\d)?)?$/;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]+/i;
// RFC 9112 3.2: these characters cannot stand in a request target at all.
const NOT_IN_TARGET = /[^\x21-\x7e]/;

export function readRequestLine(request: string): RequestLine {
  const groups = REQUEST_LINE.exec(request)?.groups;
  if (groups === undefined) return { kind: "skip", reason: "junk" };
  const method = METHODS.find((known) => known === groups["method"]);
  if (method === undefined) return { kind: "skip", reason: "method" };
  const target = originForm(groups["target"] ?? "").replace(/[\x80-\xff]/g, percentEncode);
  if (!target.startsWith("/") || NOT_IN_TARGET.test(target)) return { kind: "skip", reason: "target" };
  // The edge's own endpoints are not the origin's content, and a log must not be able to operate them.
  if (canonicalTarget(target).startsWith("/.strata/")) return { kind: "skip", reason: "admin" };
  return { kind: "request", method, target };
}

/** The one spelling under which every party finds a resource, however a proxy on the way normalised its URL. */
export function canonicalTarget(target: string): string {
  const url = URL.parse(`http://origin${target}`);
  return url === null ? target : url.pathname + url.search;
}

function originForm(target: string): string {
  const path = target.replace(ABSOLUTE_FORM, "");
  return path === target || path.startsWith("/") ? path : `/${path}`;
}

function percentEncode(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;
}
