// Owns what is known of methods (RFC 9110 9.2). An unknown one is neither safe nor idempotent.

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
const IDEMPOTENT: ReadonlySet<string> = new Set([...SAFE, "PUT", "DELETE"]);

export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/** Sent twice it has done what it would have done once. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
