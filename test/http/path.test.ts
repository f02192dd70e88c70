// Owns the proof that a path has one spelling, and that spelling means what it meant.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalisedPath } from "../../src/http/path.ts";

describe("RFC 3986 6.2.2", () => {
  it.each([
    ["2.2: an unreserved letter is decoded", "/%61dmin", "/admin"],
    ["2.2: in capitals", "/%41", "/A"],
    ["2.2: digits and marks", "/%30%2D%2e%5F%7e", "/0-._~"],
    ["2.1: other encodings are in capitals", "/a%2fb%c3%a9", "/a%2Fb%C3%A9"],
    ["2.2: nothing is decoded twice", "/%2561", "/%2561"],
    ["an unfinished encoding stays", "/%6/%zz%", "/%6/%zz%"],
    ["a plain path stays", "/a b/ü", "/a b/ü"],
  ])("%s", (_, path, normal) => {
    expect(normalisedPath(path)).toBe(normal);
  });

  it("is idempotent, and means the same", () => {
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        const normal = normalisedPath(path);
        expect(normalisedPath(normal)).toBe(normal);
        expect(decodeURIComponent(normal)).toBe(decodeURIComponent(path));
      }),
    );
  });
});
