// Owns the proof of which rule decides for a path.
import { describe, expect, it } from "vitest";
import { defineSite } from "../../src/policy/define.ts";
import { ruleFor } from "../../src/policy/match.ts";

const matched = (patterns: readonly string[], path: string): string =>
  ruleFor(defineSite({ rules: patterns.map((match) => ({ match })) }), path).name;

it.each([
  ["the whole path", "/a", "/a", true],
  ["not its beginning", "/a", "/ab", false],
  ["not what is below it", "/a", "/a/b", false],
  ["not without its slash", "/a/", "/a", false],
  ["case counts", "/a", "/A", false],
  ["a star at the end", "/a/*", "/a/b/c", true],
  ["a star that stands for nothing", "/a/*", "/a/", true],
  ["a star does not stand for the slash before it", "/a/*", "/a", false],
  ["a star inside", "/*/b", "/a/x/b", true],
  ["a star inside, another end", "/*/b", "/a/x/c", false],
  ["an extension", "/*.js", "/a/b.js", true],
  ["several stars", "/a*b*c", "/a1b2c", true],
  ["several stars, out of order", "/a*b*c", "/a1c2b", false],
  ["stars that may not share a character", "/a*a", "/a", false],
  ["a period is a period", "/a.b", "/axb", false],
  ["brackets are brackets", "/[ab](c)", "/[ab](c)", true],
  ["a plus is a plus", "/a+", "/aa", false],
  ["a bar is a bar", "/a|/b", "/b", false],
  ["a caret and a dollar", "/^a$", "/^a$", true],
  ["a dash", "/[a-c]", "/b", false],
  ["a line feed is a character like others", "/a*c", "/a\nc", true],
])("%s: %s and %s: %s", (_, pattern, path, verdict) => {
  expect(matched([pattern], path)).toBe(verdict ? pattern : "(default)");
});

describe("order", () => {
  it("the first that matches decides", () => {
    expect(matched(["/a/*", "/a/b", "/*"], "/a/b")).toBe("/a/*");
    expect(matched(["/a/b", "/a/*", "/*"], "/a/b")).toBe("/a/b");
    expect(matched(["/a/b", "/a/*", "/*"], "/x")).toBe("/*");
  });

  it("where none does, the site's default", () => {
    expect(matched([], "/x")).toBe("(default)");
  });

  it("the same path decides the same way each time", () => {
    const site = defineSite({ rules: [{ match: "/a*" }] });
    for (let i = 0; i < 3; i++) expect(ruleFor(site, "/a1").name).toBe("/a*");
  });
});
