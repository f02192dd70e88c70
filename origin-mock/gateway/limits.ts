// Owns how much one client may ask of each class of route, and which class a request is of. Pure.

/** `quota` at once, and as many again, evenly, in every `windowSeconds`. */
export interface Limit {
  readonly quota: number;
  readonly windowSeconds: number;
}
export type LimitClass = "read" | "write" | "login" | "guess" | "checkout" | "token";
export type Limits = Readonly<Record<LimitClass, Limit>>;

// Generous, because an edge that is not a trusted hop is one client for all of its own.
export const LIMITS: Limits = {
  read: { quota: 10_000, windowSeconds: 10 },
  write: { quota: 1_000, windowSeconds: 10 },
  login: { quota: 600, windowSeconds: 60 },
  // At one name's password, from one address: whoever uses it up keeps that name out from there, and nobody else.
  guess: { quota: 30, windowSeconds: 60 },
  checkout: { quota: 60, windowSeconds: 60 },
  // Tokens the gateway does not know yet: guessing costs the authority and Redis no more than this.
  token: { quota: 3_000, windowSeconds: 60 },
};

export function classOf(method: string, path: string): LimitClass {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return "read";
  if (path === "/api/login") return "login";
  return path === "/api/checkout" ? "checkout" : "write";
}
