// Owns nonces of content security policies. The markup repeats them, so a header section with other nonces does not fit a stored body (CSP 3, 2.3.1).
import type { FieldReader } from "./fields.ts";

const POLICIES = [
  "content-security-policy",
  "content-security-policy-report-only",
  "x-content-security-policy",
  "x-webkit-csp",
] as const;
const NONCE = /'nonce-([\w+/=-]+)'/gi;

/**
 * Whether the policies of `fresh`, and of `stored` where `fresh` has none of that name, allow other nonces than those of `stored`. One more is
 * another, and so is one fewer: the browser would refuse scripts, or let in all of them.
 */
export function changesNonces(stored: FieldReader, fresh: FieldReader): boolean {
  const merged: FieldReader = (name) => fresh(name) ?? stored(name);
  return noncesOf(stored) !== noncesOf(merged);
}

function noncesOf(field: FieldReader): string {
  const all = POLICIES.flatMap((name) => [...(field(name) ?? "").matchAll(NONCE)].map(([, nonce = ""]) => nonce));
  return [...new Set(all)].sort().join(" ");
}
