// Owns the table of the whole IANA HTTP Method Registry: which methods are safe, which idempotent (RFC 9110 16.1).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { invalidatedGroups } from "../../../src/http/targets/groups.ts";
import { invalidatedBy } from "../../../src/http/targets/invalidation.ts";
import { isIdempotent, isSafe } from "../../../src/http/message/methods.ts";
import { requestOf, responseOf } from "../support.ts";

/** The registry's rows: name, safe, idempotent. */
const REGISTRY: readonly (readonly [method: string, safe: boolean, idempotent: boolean])[] = [
  ["ACL", false, true],
  ["BASELINE-CONTROL", false, true],
  ["BIND", false, true],
  ["CHECKIN", false, true],
  ["CHECKOUT", false, true],
  ["CONNECT", false, false],
  ["COPY", false, true],
  ["DELETE", false, true],
  ["GET", true, true],
  ["HEAD", true, true],
  ["LABEL", false, true],
  ["LINK", false, true],
  ["LOCK", false, false],
  ["MERGE", false, true],
  ["MKACTIVITY", false, true],
  ["MKCALENDAR", false, true],
  ["MKCOL", false, true],
  ["MKREDIRECTREF", false, true],
  ["MKWORKSPACE", false, true],
  ["MOVE", false, true],
  ["OPTIONS", true, true],
  ["ORDERPATCH", false, true],
  ["PATCH", false, false],
  ["POST", false, false],
  ["PRI", true, true],
  ["PROPFIND", true, true],
  ["PROPPATCH", false, true],
  ["PUT", false, true],
  ["QUERY", true, true],
  ["REBIND", false, true],
  ["REPORT", true, true],
  ["SEARCH", true, true],
  ["TRACE", true, true],
  ["UNBIND", false, true],
  ["UNCHECKOUT", false, true],
  ["UNLINK", false, true],
  ["UNLOCK", false, true],
  ["UPDATE", false, true],
  ["UPDATEREDIRECTREF", false, true],
  ["VERSION-CONTROL", false, true],
  // "*" is reserved: no request has it
  ["*", false, false],
];

const SAFE = REGISTRY.filter(([, safe]) => safe).map(([method]) => method);
/** Not registered, however much they look like a safe one. */
const UNKNOWN = ["FOO", "M-SEARCH", "PURGE", "get", "query", "Propfind", "GETS", "GET ", ""];

/** Everything that an answer of this method to a successful request makes invalid. */
function invalidated(method: string): number {
  const request = requestOf({}, { method, path: "/a" });
  const response = responseOf({ Location: "/b", "Cache-Group-Invalidation": '"g"' }, { status: 201 });
  return invalidatedBy(request, response).length + invalidatedGroups(request, response).length;
}

describe("the method registry", () => {
  it.each(REGISTRY)("RFC 9110 16.1: %s is safe: %s, idempotent: %s", (method, safe, idempotent) => {
    expect([isSafe(method), isIdempotent(method)]).toEqual([safe, idempotent]);
  });

  it.each(UNKNOWN)("RFC 9110 9.1: %j is not registered, so it is neither", (method) => {
    expect([isSafe(method), isIdempotent(method)]).toEqual([false, false]);
  });

  it.each(SAFE)("RFC 9111 4.4, RFC 9875 3: an answer to %s invalidates nothing", (method) => {
    expect(invalidated(method)).toBe(0);
  });

  it.each([...REGISTRY.filter(([, safe]) => !safe).map(([method]) => method), ...UNKNOWN])(
    "RFC 9111 4.4: a successful %s invalidates its target, what it names, and its groups",
    (method) => {
      expect(invalidated(method)).toBe(3);
    },
  );

  it("RFC 9110 9.2.2: what is safe is idempotent, and no other name is either", () => {
    const known = new Set(REGISTRY.map(([method]) => method));
    fc.assert(
      fc.property(fc.string(), (method) => {
        if (!known.has(method)) expect([isSafe(method), isIdempotent(method)]).toEqual([false, false]);
        if (isSafe(method)) expect(isIdempotent(method)).toBe(true);
      }),
    );
  });
});
