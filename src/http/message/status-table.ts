// Owns the table of final statuses, and a cache's rights with each (RFC 9110 15, RFC 9111 3 and 4.2.2).

export interface StatusFacts {
  /** Whether we know the caching requirements of this status, as must-understand demands (RFC 9111 5.2.2.3). */
  readonly understood: boolean;
  /** A lifetime may be guessed from Last-Modified (RFC 9110 15.1). */
  readonly heuristic: boolean;
  /** A rule may give it a lifetime: it is an answer about the resource, not about a failure. */
  readonly lifetimeByRule: boolean;
}

const TABLE: ReadonlyMap<number, StatusFacts> = new Map([
  [200, { understood: true, heuristic: true, lifetimeByRule: true }],
  [203, { understood: true, heuristic: true, lifetimeByRule: true }],
  [204, { understood: true, heuristic: true, lifetimeByRule: true }],
  // as the whole it is a part of
  [206, { understood: true, heuristic: true, lifetimeByRule: true }],
  [300, { understood: true, heuristic: true, lifetimeByRule: true }],
  [301, { understood: true, heuristic: true, lifetimeByRule: true }],
  [302, { understood: true, heuristic: false, lifetimeByRule: false }],
  [303, { understood: true, heuristic: false, lifetimeByRule: false }],
  [307, { understood: true, heuristic: false, lifetimeByRule: false }],
  [308, { understood: true, heuristic: true, lifetimeByRule: true }],
  [404, { understood: true, heuristic: true, lifetimeByRule: true }],
  [405, { understood: true, heuristic: true, lifetimeByRule: false }],
  [410, { understood: true, heuristic: true, lifetimeByRule: true }],
  [414, { understood: true, heuristic: true, lifetimeByRule: false }],
  [501, { understood: true, heuristic: true, lifetimeByRule: false }],
]);

const UNKNOWN: StatusFacts = { understood: false, heuristic: false, lifetimeByRule: false };

export function statusFacts(status: number): StatusFacts {
  return TABLE.get(status) ?? UNKNOWN;
}

/**
 * Statuses that may be kept as a response of their own. Not interim ones; nor 206, 304 and 416, which answer a condition or a
 * range of one request (see parts.ts for 206).
 */
export function isStorableStatus(status: number): boolean {
  return status >= 200 && status <= 599 && status !== 206 && status !== 304 && status !== 416;
}

/** A failure of the origin that stale-if-error covers (RFC 5861 4). */
export function isServerFailure(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}

/** Client errors about one request, not about the resource (RFC 9110 15.5, RFC 6585). */
const OF_REQUEST: ReadonlySet<number> = new Set([
  400, 401, 403, 405, 406, 408, 411, 412, 413, 414, 415, 416, 417, 421, 422, 425, 426, 428, 429, 431,
]);

/** An error that another request, or the same a moment later, may not get. */
export function mayDependOnRequest(status: number): boolean {
  return OF_REQUEST.has(status) || status >= 500;
}

/** Responses of these statuses carry no content (RFC 9110 6.4.1); a Response may not be built with a body. */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
