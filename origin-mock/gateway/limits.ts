// Owns the request limits of each class of route, and the class of a request. Pure.

/** `quota` requests at once, and as many again, evenly spread over `windowSeconds`. */
export interface Limit {
  readonly quota: number;
  readonly windowSeconds: number;
}
export type LimitClass = "read" | "write" | "login" | "guess" | "checkout" | "token";
export type Limits = Readonly<Record<LimitClass, Limit>>;

// Generous, because an edge that is not a trusted hop makes all its visitors one client.
export const LIMITS: Limits = {
  read: { quota: 10_000, windowSeconds: 10 },
  write: { quota: 1_000, windowSeconds: 10 },
  login: { quota: 600, windowSeconds: 60 },
  // Guesses at one name's password from one address: a guesser locks that name for its own address only.
  guess: { quota: 30, windowSeconds: 60 },
  checkout: { quota: 60, windowSeconds: 60 },
  // Tokens unknown to the gateway: the limit bounds what guessing costs the authority and Redis.
  token: { quota: 3_000, windowSeconds: 60 },
};

export function classOf(method: string, path: string): LimitClass {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return "read";
  if (path === "/api/login") return "login";
  return path === "/api/checkout" ? "checkout" : "write";
}
