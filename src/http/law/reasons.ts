// Owns every reason code and what it means: the same word in Cache-Status, logs, metrics and explain (RFC 9211 2.2, 2.7).

/** Each code explained, for people. The worker's bundle does without these sentences. */
export const REASONS = {
  // reuse: answered from a stored response
  fresh: "the stored response is fresh",
  "max-stale": "stale, but within what the request's max-stale accepts",
  "stale-while-revalidate": "stale within its window; a refresh runs in the background",
  "stale-if-error": "stale within its window, served because the origin failed",
  "stale-if-slow": "stale within its window, served because the origin had not answered yet; the fetch goes on",
  "stale-if-busy": "stale within its window, served because the origin had asked for a rest with Retry-After",
  // reuse: forwarded
  "uri-miss": "nothing is stored for this URL",
  "vary-miss": "other request headers selected the responses stored for this URL",
  purged: "the stored response was purged",
  "purge-floor": "the response is older than the hard purges that the purge log remembers",
  "purge-log-changed": "the stored response belongs to another incarnation of the purge log",
  "purge-unknown":
    "the purge log cannot be reached, so nothing proves that the response was not purged. A hit with this reason was served all the same, as the rule says",
  "soft-purged": "a soft purge came more than once since the response was fetched: it is validated first",
  stale: "the stored response is stale",
  "no-cache": "the response asks to be validated before each reuse, or an answer to HEAD has put it in doubt",
  partial: "the stored response is a part, and the request wants more of it",
  "request-no-cache": "the request asks for validation",
  "request-max-age": "the request wants a younger or longer-lasting response",
  authorization: "the request has Authorization and the stored response is not marked as shareable",
  "session-cookie": "the request has a session cookie and the stored response is not marked as shared",
  "only-if-cached": "the request forbids forwarding and nothing usable is stored",
  // receive: never looked up
  loop: "the request has passed this edge before: the origin leads back to it",
  "bad-request": "the request's target is not valid",
  method: "only GET and HEAD are answered from the cache",
  upgrade: "a protocol upgrade passes through untouched",
  precondition: "If-Match and If-Unmodified-Since are the origin's to evaluate",
  rule: "the site's rule says bypass",
  preview: "the request has a cookie that shows drafts",
  // settle: stored or not
  stored: "the response was stored",
  validated: "the origin confirmed the stored response",
  completed: "the origin sent the rest of a stored part, and the whole was stored",
  "no-store": "the response says no-store",
  private: "the response is private",
  "set-cookie": "the response sets a cookie",
  "request-no-store": "the request says no-store",
  status: "a response of this status is not stored",
  "must-understand": "the response demands understanding of a status that is not understood",
  "no-lifetime": "no explicit lifetime, and none may be guessed",
  expired: "already stale on arrival and without a validator",
  "vary-star": "Vary: * never matches another request",
  "vary-unreadable": "Vary names something that is no field, or too many fields",
  "vary-twin":
    "the request names a field that the response varies on a second time, with _ for -, and the origin may have read that",
  "vary-cookie": "the response varies on Cookie",
  "vary-authorization": "the response varies on Authorization",
  "authorization-response": "the answer to a request with Authorization is not marked as shareable",
  "session-response": "the answer to a request with a session cookie is not marked as shared",
  "unknown-cookie":
    "the request has a cookie that nobody knows, and the origin does not say that its answer is for everybody",
  "always-validated":
    "the request has a session or an unknown cookie, and its answer is validated each time: a validator that all users share would show one user's page to another",
  "unkeyed-field":
    "the request has a field that the origin receives, and that neither the key, nor Vary, nor a rule names",
  "personal-field": "the response has a field that belongs to one person",
  "ambiguous-path": "the path can be read in two ways, so its answer is not shared",
  "type-mismatch": "a path that names a static file answered with another type",
  "content-encoding": "a part of an encoded body, which nobody here can decode",
  endless: "the body goes on while somebody listens: events, or pictures that replace each other",
  "too-large": "the body is larger than any tier takes",
  "too-many-tags": "the response has more tags than the purge log takes",
  "tag-too-long": "the response has a tag longer than the purge log takes",
  "tag-unnameable":
    "a tag with control characters, or a cache group with an empty name: no purge request could name it, so the response could never be purged",
  "transfer-coding": "the body came in a transfer coding that the edge does not decode",
  "part-length": "the part is not as long as its Content-Range says",
  "head-response": "an answer to HEAD has no body to store",
  "head-freshened": "an answer to HEAD confirmed the stored response",
  "head-mismatch":
    "an answer to HEAD describes another body than the stored one, which is validated before its next reuse",
  "client-304": "the origin answered the client's own conditional",
  "validator-mismatch": "a 304 named another entity tag than the stored one",
  "nonce-changed":
    "the origin confirmed the stored body, with another nonce in its Content-Security-Policy than the body has",
  "part-mismatch": "the origin sent something that does not complete the stored part",
  "origin-unreachable": "the origin could not be reached",
  "origin-invalid": "the origin answered with something that is no final response",
  "origin-timeout": "the origin did not answer in time",
  "origin-resting": "the origin failed so often that it is given time to recover",
} as const satisfies Record<string, string>;

export type ReasonCode = keyof typeof REASONS;

/** Effects of a code, beside being reported. */
interface Consequences {
  /** Why the request went forward; absent where it did not. */
  readonly fwd?: "bypass" | "method" | "uri-miss" | "vary-miss" | "miss" | "request" | "stale" | "partial";
  /** On a new answer to any client, this code withdraws the stored responses of the resource, or only their reuse without validation. */
  readonly withdraws?: "resource" | "freshness";
  /** The reason lies in this request and its moment, not in the resource. */
  readonly ofRequest?: true;
  /** The answer is for this client alone: it leaves with `private`, so that no cache below shares it. */
  readonly makesPrivate?: true;
  /** The reason lies in one stored response; a farther tier may hold a newer one. */
  readonly newerMayExist?: true;
}

const CONSEQUENCES: Readonly<Partial<Record<ReasonCode, Consequences>>> = {
  "stale-while-revalidate": { newerMayExist: true },
  "uri-miss": { fwd: "uri-miss" },
  "vary-miss": { fwd: "vary-miss" },
  purged: { newerMayExist: true, fwd: "miss" },
  "purge-floor": { newerMayExist: true, fwd: "miss" },
  "purge-log-changed": { newerMayExist: true, fwd: "miss" },
  "purge-unknown": { ofRequest: true, fwd: "miss" },
  "soft-purged": { newerMayExist: true, fwd: "stale" },
  stale: { newerMayExist: true, fwd: "stale" },
  "no-cache": { fwd: "stale" },
  partial: { newerMayExist: true, fwd: "partial" },
  "request-no-cache": { fwd: "request" },
  "request-max-age": { fwd: "request" },
  authorization: { fwd: "miss" },
  "session-cookie": { fwd: "miss" },
  method: { fwd: "method" },
  upgrade: { fwd: "bypass" },
  precondition: { fwd: "bypass" },
  rule: { fwd: "bypass" },
  preview: { fwd: "bypass" },
  "no-store": { withdraws: "resource" },
  private: { withdraws: "resource" },
  "set-cookie": { withdraws: "resource" },
  "request-no-store": { ofRequest: true },
  "vary-star": { withdraws: "resource" },
  "vary-twin": { ofRequest: true },
  "vary-cookie": { withdraws: "resource" },
  "vary-authorization": { withdraws: "resource" },
  "authorization-response": { ofRequest: true },
  "session-response": { ofRequest: true },
  "unknown-cookie": { ofRequest: true, makesPrivate: true },
  "always-validated": { ofRequest: true, makesPrivate: true },
  "unkeyed-field": { ofRequest: true, makesPrivate: true },
  "personal-field": { withdraws: "resource" },
  "head-mismatch": { withdraws: "freshness" },
  "client-304": { ofRequest: true },
};

const NONE: Consequences = {};

export function consequencesOf(code: ReasonCode): Consequences {
  return CONSEQUENCES[code] ?? NONE;
}

export function newerMayExist(code: ReasonCode): boolean {
  return consequencesOf(code).newerMayExist ?? false;
}

export function withdraws(code: ReasonCode): Consequences["withdraws"] {
  return consequencesOf(code).withdraws;
}

export function makesPrivate(code: ReasonCode): boolean {
  return consequencesOf(code).makesPrivate ?? false;
}

export function isOfRequest(code: ReasonCode): boolean {
  return consequencesOf(code).ofRequest ?? false;
}

export function fwdOf(code: ReasonCode): Consequences["fwd"] {
  return consequencesOf(code).fwd;
}
