// Owns whether the origin answers a request as it would answer anybody: nothing in it tells one client from another.
import type { RequestFacts } from "./facts.ts";

export function isForAnybody({ field, hasAuthorization, hasSession, unkeyed, declared }: RequestFacts): boolean {
  const hasCookie = field("cookie") !== undefined && !declared.includes("cookie");
  return !hasCookie && !hasAuthorization && !hasSession && unkeyed.length === 0;
}
