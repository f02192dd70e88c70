// Owns the proof of what a successful unsafe request invalidates.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { invalidatedBy } from "../../../src/http/targets/invalidation.ts";
import { type Fields, requestOf, responseOf } from "../support.ts";

function invalidated(method: string, status: number, fields: Fields = {}): readonly string[] {
  const request = requestOf({}, { method, path: "/a/b", query: "?q=1" });
  return invalidatedBy(request, responseOf(fields, { status })).map(
    ({ scheme, host, path, query }) => `${scheme}://${host}${path}${query}`,
  );
}

const OWN = "https://shop.example/a/b?q=1";

it.each([
  ["POST", 200, true],
  ["POST", 201, true],
  ["PUT", 204, true],
  ["DELETE", 200, true],
  ["PATCH", 303, true],
  ["FOO", 200, true],
  ["POST", 304, true],
  ["POST", 400, false],
  ["POST", 404, false],
  ["POST", 500, false],
  ["POST", 101, false],
  ["GET", 200, false],
  ["HEAD", 200, false],
  ["OPTIONS", 200, false],
  ["TRACE", 200, false],
])("RFC 9111 4.4: %s answered with %d invalidates its target: %s", (method, status, verdict) => {
  expect(invalidated(method, status)).toEqual(verdict ? [OWN] : []);
});

describe("URLs that the answer names", () => {
  it.each([
    ["an absolute URL of the same origin", "https://shop.example/c?d=2", "https://shop.example/c?d=2"],
    ["with the scheme's own port", "https://shop.example:443/c", "https://shop.example/c"],
    ["with the root's dot", "https://shop.example./c", "https://shop.example/c"],
    ["in capitals", "HTTPS://SHOP.EXAMPLE/c", "https://shop.example/c"],
    ["an absolute path", "/c", "https://shop.example/c"],
    ["a relative path", "c", "https://shop.example/a/c"],
    ["a path that leaves its directory", "../c", "https://shop.example/c"],
    ["a query alone", "?c", "https://shop.example/a/b?c"],
    ["a fragment is no part of it", "/c#d", "https://shop.example/c"],
  ])("RFC 9111 4.4: %s", (_, reference, url) => {
    expect(invalidated("POST", 201, { Location: reference })).toEqual([OWN, url]);
    expect(invalidated("POST", 201, { "content-location": reference })).toEqual([OWN, url]);
  });

  it.each([
    ["another host", "https://evil.example/c"],
    ["another scheme", "http://shop.example/c"],
    ["another port", "https://shop.example:8443/c"],
    ["a network path", "//evil.example/c"],
    ["backslashes", "\\\\evil.example\\c"],
    ["our host as userinfo", "https://shop.example@evil.example/c"],
    ["our host as a subdomain", "https://shop.example.evil.example/c"],
    ["no URL", "https://"],
    ["a scheme without authority", "javascript:alert(1)"],
  ])("RFC 9111 4.4: not %s", (_, reference) => {
    expect(invalidated("POST", 201, { Location: reference, "Content-Location": reference })).toEqual([OWN]);
  });

  it("RFC 9111 4.4: never another origin, and never throws", () => {
    const reference = fc.oneof(fc.string(), fc.webUrl(), fc.webPath(), fc.constantFrom("//", "/\\", "http:", "\t/"));
    fc.assert(
      fc.property(reference, reference, (location, contentLocation) => {
        const fields = { location, "content-location": contentLocation };
        for (const url of invalidated("POST", 200, fields)) expect(new URL(url).origin).toBe("https://shop.example");
      }),
    );
  });
});
