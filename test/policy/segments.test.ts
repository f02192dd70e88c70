// Owns the proof of `{name}` in patterns and tags: matches, a path's tags, and refusals.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineSite, type SiteInput } from "../../src/policy/define.ts";
import { ruleFor } from "../../src/policy/match.ts";

const tagsOf = (match: string, tags: readonly string[], path: string): readonly string[] | string => {
  const rule = ruleFor(defineSite({ rules: [{ match, tags }] }), path);
  return rule.name === "(default)" ? "(default)" : rule.tagsOf(path);
};

describe("a tag with a parameter", () => {
  it.each<[string, string, string[], string, string[] | string]>([
    ["is the segment's text", "/api/products/{id}", ["product:{id}"], "/api/products/7", ["product:7"]],
    ["beside others", "/p/{id}", ["p", "p:{id}", "{id}"], "/p/7", ["p", "p:7", "7"]],
    ["of several", "/{shop}/p/{id}", ["{shop}:{id}:{shop}"], "/a/p/7", ["a:7:a"]],
    ["with a star at the end", "/p/{id}/*", ["p:{id}"], "/p/7/reviews/1", ["p:7"]],
    ["with a star inside the last segment", "/p/{id}/re*", ["p:{id}"], "/p/7/reviews/1", ["p:7"]],
    ["decoded", "/c/{name}", ["c:{name}"], "/c/gr%C3%BCn", ["c:grün"]],
    ["as it is where it is no text", "/c/{name}", ["c:{name}"], "/c/%FF", ["c:%FF"]],
    ["as it is where no tag may hold it: a comma", "/c/{name}", ["c:{name}"], "/c/a%2Cb", ["c:a%2Cb"]],
    ["as it is where no tag may hold it: a space", "/c/{name}", ["c:{name}"], "/c/a%20b", ["c:a%20b"]],
    ["not of an empty segment", "/p/{id}", ["p:{id}"], "/p/", "(default)"],
    ["not of two segments", "/p/{id}", ["p:{id}"], "/p/7/reviews", "(default)"],
    ["not of another beginning", "/p/{id}", ["p:{id}"], "/q/7", "(default)"],
    ["not where the star's segment begins otherwise", "/p/{id}/re*", ["p:{id}"], "/p/7/images", "(default)"],
    ["nor where it is missing", "/p/{id}/re*", ["p:{id}"], "/p/7", "(default)"],
    ["none that the text could bring in", "/p/{id}", ["p:{id}"], "/p/%7Bid%7D", ["p:{id}"]],
  ])("%s", (_, match, tags, path, expected) => {
    expect(tagsOf(match, tags, path)).toEqual(expected);
  });

  it("is the text between the slashes, for every text", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w.~!$&'()+;=:@-]+$/), (text) => {
        expect(tagsOf("/a/{x}/b", ["t:{x}"], `/a/${text}/b`)).toEqual([`t:${text}`]);
      }),
    );
  });
});

describe("refused, with its place", () => {
  it.each<[string, SiteInput, string]>([
    [
      "a tag's name that match lacks",
      { rules: [{ match: "/p/{id}", tags: ["a", "p:{nr}"] }] },
      "rules[0].tags[1]: has {nr}, which match does not name",
    ],
    [
      "a name in a tag alone",
      { rules: [{ match: "/p/*", tags: ["p:{id}"] }] },
      "rules[0].tags[0]: has {id}, which match does not name",
    ],
    [
      "a brace of a tag",
      { rules: [{ match: "/p/{id}", tags: ["p:{id"] }] },
      "rules[0].tags[0]: has a brace that belongs to no {name}",
    ],
    [
      "a name that begins with a digit, which nothing would replace",
      { rules: [{ match: "/p/{id}", tags: ["p:{1}"] }] },
      "rules[0].tags[0]: has a brace that belongs to no {name}",
    ],
    ["such a name in a pattern", { rules: [{ match: "/p/{1}" }] }, "rules[0].match: has a brace"],
    ["a brace of a pattern", { rules: [{ match: "/p/{id" }] }, "rules[0].match: has a brace"],
    ["no name", { rules: [{ match: "/p/{}" }] }, "rules[0].match: has a brace"],
    ["one name twice", { rules: [{ match: "/{a}/{a}" }] }, "rules[0].match: has two parameters of one name"],
    [
      "a part of a segment",
      { rules: [{ match: "/p-{id}" }] },
      "rules[0].match: has a {name} that is not a whole segment",
    ],
    [
      "a star before its end",
      { rules: [{ match: "/*/{id}" }] },
      "rules[0].match: with a {name} may have a * only at its end",
    ],
    [
      "a star after a name",
      { rules: [{ match: "/{id}*" }] },
      "rules[0].match: has a {name} that is not a whole segment",
    ],
  ])("%s", (_, site, message) => {
    expect(() => defineSite(site)).toThrow(message);
  });
});
