// Owns how much one client may ask of each class of route, and which class a request is of. Pure.

/** `quota` at once, and as many again, evenly, in every `windowSeconds`. */
export type Limit = { readonly quota: number; readonly windowSeconds: number };
export type LimitClass = "read" | "write" | "login" | "checkout" | "token";
export type Limits = Readonly<Record<LimitClass, Limit>>;

// Without a trusted hop that names its clients the edge is one client for all of its own, so reads and writes are generous.
export const LIMITS: Limits = {
  read: { quota: 3_000, windowSeconds: 10 },
  write: { quota: 600, windowSeconds: 10 },
  login: { quota: 10, windowSeconds: 60 },
  checkout: { quota: 20, windowSeconds: 60 },
  // Tokens the gateway does not know yet: guessing costs the authority and Redis no more than this.
  token: { quota: 300, windowSeconds: 60 },
};

export const classOf = (method: string, path: string): LimitClass => {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return "read";
  if (path === "/api/login") return "login";
  return path === "/api/checkout" ? "checkout" : "write";
};
