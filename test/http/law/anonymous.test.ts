// Owns the table of what makes a request one client's own, and the proof that the cache's own question carries none of it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asAnonymous, isAnonymous } from "../../../src/http/law/anonymous.ts";
import type { RequestFacts } from "../../../src/http/message/facts.ts";
import { type Fields, requestOf } from "../support.ts";

const declaring = (facts: RequestFacts, ...declared: string[]): RequestFacts => ({ ...facts, declared });

describe("a question that anybody could have asked", () => {
  it.each<[string, Fields, boolean]>([
    ["nothing of its own", {}, true],
    ["a session cookie", { cookie: "sid=1" }, false],
    ["any cookie", { cookie: "x=1" }, false],
    ["an empty Cookie field", { cookie: "" }, false],
    ["Authorization", { authorization: "Bearer a" }, false],
    [
      "a cookie that Connection names, so that the origin does not see it",
      { connection: "cookie", cookie: "x=1" },
      true,
    ],
    ["an unkeyed field", { "x-odd": "1" }, false],
    ["a credential by another name", { "x-api-key": "1" }, false],
    ["a reload", { "cache-control": "no-cache", pragma: "no-cache" }, true],
    ["max-age=0", { "cache-control": "max-age=0" }, true],
    ["conditionals and a range", { "if-none-match": '"a"', range: "bytes=0-1" }, true],
    ["negotiation", { accept: "a/b", "accept-language": "de", "user-agent": "x" }, true],
  ])("carries %s", (_, fields, verdict) => {
    expect(isAnonymous(requestOf(fields))).toBe(verdict);
  });

  it("may carry a cookie that a rule has reduced: that is in the key", () => {
    expect(isAnonymous(declaring(requestOf({ cookie: "x=1" }), "cookie"))).toBe(true);
    expect(isAnonymous(declaring(requestOf({ cookie: "sid=1" }), "cookie"))).toBe(false);
  });
});

describe("the cache's own question", () => {
  const fields = fc.dictionary(
    fc.constantFrom(
      "cookie",
      "authorization",
      "x-api-key",
      "x-odd",
      "cache-control",
      "pragma",
      "accept",
      "accept-language",
      "v",
    ),
    fc.constantFrom("sid=1", "no-store", "no-cache", "de", "a=1; b=2"),
  );

  it("is anybody's, demands nothing, and is otherwise the same", () => {
    fc.assert(
      fc.property(fields, fc.constantFrom("GET", "HEAD"), (given, method) => {
        const before = requestOf(given, { method });
        const own = asAnonymous(before);
        expect(isAnonymous(own)).toBe(true);
        for (const name of ["cookie", "authorization", "x-api-key", "x-odd", "cache-control", "pragma"])
          expect(own.field(name)).toBeUndefined();
        for (const name of ["accept", "accept-language", "v"]) expect(own.field(name)).toBe(before.field(name));
        expect(own.directives).toEqual(requestOf().directives);
        expect([own.method, own.location]).toEqual([before.method, before.location]);
      }),
    );
  });

  it("keeps a cookie that is in the key", () => {
    const own = asAnonymous(declaring(requestOf({ cookie: "x=1", authorization: "Bearer a" }), "cookie"));
    expect([own.field("cookie"), own.field("authorization")]).toEqual(["x=1", undefined]);
  });
});
