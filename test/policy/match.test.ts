// Owns the proof of which rule decides for a path.
import { describe, expect, it } from "vitest";
import { normalisedPath } from "../../src/http/message/path.ts";
import { defineSite } from "../../src/policy/define.ts";
import { ruleFor } from "../../src/policy/match.ts";
import type { RuleInput } from "../../src/policy/schema.ts";

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

describe("a pattern has the normal form that paths have", () => {
  it.each([
    ["a letter that needs encoding", "/bücher/*", "/b%C3%BCcher/1", true],
    ["one that does not", "/%61dmin/*", "/admin/x", true],
    ["an encoding in small letters", "/a%2fb", "/a%2Fb", true],
    ["a space", "/a b", "/a%20b", true],
    ["a percent sign", "/100%/*", "/100%25/x", true],
    ["a percent sign is not an encoding", "/%41%", "/A%25", true],
    ["around a star", "/ü*ü", "/%C3%BCx%C3%BC", true],
    ["around a name", "/ü/{id}/ü", "/%C3%BC/7/%C3%BC", true],
    ["dots at a star are letters", "/..*", "/..x", true],
    ["an encoded slash is no slash", "/a%2Fb", "/a/b", false],
  ])("%s: %s and %s: %s", (_, pattern, path, verdict) => {
    expect(matched([pattern], path)).toBe(verdict ? pattern : "(default)");
  });

  it("its tags have the values of the path", () => {
    const site = defineSite({ rules: [{ match: "/bücher/{id}", tags: ["b:{id}"] }] });
    expect(ruleFor(site, "/b%C3%BCcher/7").tagsOf("/b%C3%BCcher/7")).toEqual(["b:7"]);
  });

  it.each([
    ["/a/../b", "has a dot segment"],
    ["/a/%2e%2E", "has a dot segment"],
    ["/./a", "has a dot segment"],
    ["/a%2*", "has a * within a percent-encoding"],
    ["/a%*", "has a * within a percent-encoding"],
  ])("%s is refused: no path could match it", (match, why) => {
    expect(() => defineSite({ rules: [{ match }] })).toThrow(why);
  });
});

/** How a request for `path` is treated where a rule keeps `match` out of the cache. */
const kept = (match: string, path: string, options: Partial<RuleInput> = {}): string => {
  const rules = [{ match, bypass: true, ...options }];
  const { pathname } = new URL(`http://shop.test${path}`);
  return ruleFor(defineSite({ rules }), normalisedPath(pathname)).bypass ? "bypass" : "cache";
};

describe("a rule with bypass", () => {
  it.each([
    ["case", "/admin/*", "/Admin/x"],
    ["case of the pattern", "/Admin/*", "/aDMIN/x"],
    ["case of a name's neighbours", "/user/{id}/mail", "/USER/7/Mail"],
    ["case beyond ASCII", "/büro/*", "/B%C3%9CRO/x"],
    ["case of letters that have no case here", "/straße", "/STRASSE"],
    ["an encoding of an encoding", "/admin/*", "/%2561dmin/x"],
    ["one made of others", "/account/*", "/%%36%31ccount/x"],
    ["another", "/account/*", "/a%25%36%33count/x"],
    ["an encoded slash", "/admin/*", "/admin%2fx"],
    ["an encoded character that needs no encoding", "/@me/*", "/%40me/x"],
    ["an empty segment", "/admin/*", "//admin/x"],
    ["a backslash", "/admin/*", "/admin%5Cx"],
    ["path parameters", "/admin/*", "/admin;jsessionid=1/x"],
    ["path parameters in front", "/admin/*", "/;a/admin/x"],
    ["encoded dot segments", "/admin/*", "/shop/%252e%252e/admin/x"],
    ["made ones", "/admin/*", "/shop/%2%65%2%65/admin/x"],
    ["dots with parameters", "/admin/*", "/shop/..;/admin/x"],
    ["a character that ends a path once it is decoded", "/admin", "/admin%3Fx"],
    ["a zero", "/admin", "/admin%00.css"],
    ["an extension", "/*.php", "/a.PHP;x.css"],
  ])("is not evaded by %s: %s and %s", (_, match, path) => {
    expect(kept(match, path)).toBe("bypass");
    expect(kept(match, path, { matchCase: "fold" })).toBe("bypass");
    expect(kept(match, path, { matchCase: "exact" })).toBe("cache");
  });

  it.each([
    ["another path", "/admin/*", "/administrator/x"],
    ["its pattern below another", "/admin/*", "/shop/admin/x"],
    ["its pattern without the last slash", "/admin/*", "/admin"],
    ["a spelling that the pattern names", "/a%2Fb/*", "/a/b/x"],
    ["a parameter that the pattern names", "/a;b/*", "/a/x"],
  ])("leaves %s: %s and %s", (_, match, path) => {
    expect(kept(match, path)).toBe("cache");
  });

  it("comes in its turn", () => {
    const rules = [{ match: "/Admin/open" }, { match: "/admin/*", bypass: true }, { match: "/*" }];
    const site = defineSite({ rules });
    expect(["/Admin/open", "/admin/open", "/x"].map((path) => ruleFor(site, path).name)).toEqual([
      "/Admin/open",
      "/admin/*",
      "/*",
    ]);
  });
});

describe("a rule that lets more into the cache", () => {
  it.each<[string, Partial<RuleInput>]>([
    ["a lifetime", { edge: { ttl: 60 } }],
    ["auth", { auth: "shared" }],
    ["no guard", { guard: false }],
    ["bypass: false", { bypass: false }],
  ])("matches its own spelling alone: %s", (_, options) => {
    const site = defineSite({ rules: [{ match: "/shop/*", ...options }] });
    for (const path of ["/Shop/x", "//shop/x", "/shop%2Fx", "/shop;a/x", "/%2573hop/x"])
      expect(ruleFor(site, path).name, path).toBe("(default)");
  });

  it("matches any case where it says so, and nothing else", () => {
    const site = defineSite({ rules: [{ match: "/Shop/{id}", matchCase: "fold", tags: ["p:{id}"] }] });
    expect(ruleFor(site, "/sHOP/Ab").tagsOf("/sHOP/Ab")).toEqual(["p:Ab"]);
    for (const path of ["//shop/x", "/shop%2Fx", "/shop;a/x"]) expect(ruleFor(site, path).name, path).toBe("(default)");
  });
});
