// Owns every reason code and what it means: the same word in Cache-Status, logs, metrics and explain (RFC 9211 2.2, 2.7).

interface Reason {
  /** Why the request went forward; absent where it did not. */
  readonly fwd?: "bypass" | "method" | "uri-miss" | "vary-miss" | "miss" | "request" | "stale" | "partial";
  readonly means: string;
  /** Said of a new answer to anybody: what is stored of the same resource was withdrawn with it, or only its reuse without validation. */
  readonly withdraws?: "resource" | "freshness";
  /** Said of this request and its moment, not of the resource. */
  readonly ofRequest?: true;
  /** Said of an answer that is this client's alone: it leaves with `private`, so that no cache below shares it. */
  readonly makesPrivate?: true;
  /** Said of one stored response; a farther tier may hold a newer one. */
  readonly newerMayExist?: true;
}

export const REASONS = {
  // reuse: answered from what is held
  fresh: { means: "the stored response is fresh" },
  "max-stale": { means: "stale, but within what the request's max-stale accepts" },
  "stale-while-revalidate": { newerMayExist: true, means: "stale within its window; a refresh runs in the background" },
  "stale-if-error": { means: "stale within its window, served because the origin failed" },
  "stale-if-slow": {
    means: "stale within its window, served because the origin had not answered yet; the fetch goes on",
  },
  "stale-if-busy": {
    means: "stale within its window, served because the origin had asked for a rest with Retry-After",
  },
  // reuse: forwarded
  "uri-miss": { fwd: "uri-miss", means: "nothing is stored for this URL" },
  "vary-miss": { fwd: "vary-miss", means: "what is stored for this URL was selected by other request headers" },
  purged: { newerMayExist: true, fwd: "miss", means: "the stored response was purged" },
  "purge-floor": {
    newerMayExist: true,
    fwd: "miss",
    means: "the response is older than what the purge log remembers of hard purges",
  },
  "purge-log-changed": {
    newerMayExist: true,
    fwd: "miss",
    means: "the stored response belongs to another incarnation of the purge log",
  },
  "purge-unknown": {
    ofRequest: true,
    fwd: "miss",
    means:
      "the purge log cannot be reached, so nothing can be proved unpurged; of a hit: it was served all the same, as the rule says",
  },
  "soft-purged": {
    newerMayExist: true,
    fwd: "stale",
    means: "softly purged more than once since it was fetched: validated first",
  },
  stale: { newerMayExist: true, fwd: "stale", means: "the stored response is stale" },
  "no-cache": {
    fwd: "stale",
    means: "the response asks to be validated before each reuse, or an answer to HEAD has put it in doubt",
  },
  partial: {
    newerMayExist: true,
    fwd: "partial",
    means: "what is stored is a part, and the request wants more than that",
  },
  "request-no-cache": { fwd: "request", means: "the request asks for validation" },
  "request-max-age": { fwd: "request", means: "the request wants a younger or longer-lasting response" },
  authorization: {
    fwd: "miss",
    means: "the request has Authorization and the stored response is not marked as shareable",
  },
  "session-cookie": {
    fwd: "miss",
    means: "the request has a session cookie and the stored response is not marked as shared",
  },
  "only-if-cached": { means: "the request forbids forwarding and nothing usable is stored" },
  // receive: never looked up
  loop: { means: "the request has passed this edge before: the origin leads back to it" },
  "bad-request": { means: "the request's target is not valid" },
  method: { fwd: "method", means: "only GET and HEAD are answered from the cache" },
  upgrade: { fwd: "bypass", means: "a protocol upgrade passes through untouched" },
  precondition: { fwd: "bypass", means: "If-Match and If-Unmodified-Since are the origin's to evaluate" },
  rule: { fwd: "bypass", means: "the site's rule says bypass" },
  preview: { fwd: "bypass", means: "the request has a cookie that shows drafts" },
  // settle: stored or not
  stored: { means: "the response was stored" },
  validated: { means: "the origin confirmed the stored response" },
  completed: { means: "the origin sent the rest of a stored part, and the whole was stored" },
  "no-store": { withdraws: "resource", means: "the response says no-store" },
  private: { withdraws: "resource", means: "the response is private" },
  "set-cookie": { withdraws: "resource", means: "the response sets a cookie" },
  "request-no-store": { ofRequest: true, means: "the request says no-store" },
  status: { means: "a response of this status is not stored" },
  "must-understand": { means: "the response demands understanding of a status that is not understood" },
  "no-lifetime": { means: "no explicit lifetime, and none may be guessed" },
  expired: { means: "already stale on arrival and without a validator" },
  "vary-star": { withdraws: "resource", means: "Vary: * never matches another request" },
  "vary-unreadable": { means: "Vary names something that is no field, or too many fields" },
  "vary-twin": {
    ofRequest: true,
    means:
      "the request names a field that the response varies on a second time, with _ for -, and the origin may have read that",
  },
  "vary-cookie": { withdraws: "resource", means: "the response varies on Cookie" },
  "vary-authorization": { withdraws: "resource", means: "the response varies on Authorization" },
  "authorization-response": {
    ofRequest: true,
    means: "the answer to a request with Authorization is not marked as shareable",
  },
  "session-response": {
    ofRequest: true,
    means: "the answer to a request with a session cookie is not marked as shared",
  },
  "unknown-cookie": {
    ofRequest: true,
    makesPrivate: true,
    means: "the request has a cookie that nobody knows, and the origin does not say that its answer is for everybody",
  },
  "always-validated": {
    ofRequest: true,
    makesPrivate: true,
    means:
      "the request has a session or an unknown cookie, and its answer is validated each time: a validator that all users share would show one user's page to another",
  },
  "unkeyed-field": {
    ofRequest: true,
    makesPrivate: true,
    means: "the request has a field that the origin receives, and that neither the key, nor Vary, nor a rule names",
  },
  "personal-field": { withdraws: "resource", means: "the response has a field that belongs to one person" },
  "ambiguous-path": { means: "the path can be read in two ways, so its answer is not shared" },
  "type-mismatch": { means: "a path that names a static file answered with another type" },
  "content-encoding": { means: "a part of an encoded body, which nobody here can decode" },
  endless: { means: "events, or pictures that replace each other: a body that goes on while somebody listens" },
  "too-large": { means: "a body larger than any tier takes" },
  "too-many-tags": { means: "more tags than can be purged by" },
  "tag-too-long": { means: "a tag longer than can be purged by" },
  "tag-unnameable": {
    means: "a tag that no purge order can name: control characters, or a cache group with an empty name",
  },
  "transfer-coding": { means: "the body came in a transfer coding that is not undone" },
  "part-length": { means: "the part is not as long as its Content-Range says" },
  "head-response": { means: "an answer to HEAD has no body to store" },
  "head-freshened": { means: "an answer to HEAD confirmed the stored response" },
  "head-mismatch": {
    withdraws: "freshness",
    means: "an answer to HEAD describes another body than the stored one, which is validated before its next reuse",
  },
  "client-304": { ofRequest: true, means: "the origin answered the client's own conditional" },
  "validator-mismatch": { means: "a 304 named another entity tag than the stored one" },
  "nonce-changed": {
    means: "the origin confirmed the stored body, with another nonce in its Content-Security-Policy than the body has",
  },
  "part-mismatch": { means: "what the origin sent does not complete the stored part" },
  "origin-unreachable": { means: "the origin could not be reached" },
  "origin-invalid": { means: "the origin answered with something that is no final response" },
  "origin-timeout": { means: "the origin did not answer in time" },
  "origin-resting": { means: "the origin failed so often that it is given time to recover" },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;

export function newerMayExist(code: ReasonCode): boolean {
  const reason: Reason = REASONS[code];
  return reason.newerMayExist ?? false;
}

export function withdraws(code: ReasonCode): Reason["withdraws"] {
  const reason: Reason = REASONS[code];
  return reason.withdraws;
}

export function makesPrivate(code: ReasonCode): boolean {
  const reason: Reason = REASONS[code];
  return reason.makesPrivate ?? false;
}

export function isOfRequest(code: ReasonCode): boolean {
  const reason: Reason = REASONS[code];
  return reason.ofRequest ?? false;
}

export function fwdOf(code: ReasonCode): Reason["fwd"] {
  const reason: Reason = REASONS[code];
  return reason.fwd;
}
