// Owns the proof of which tags a response carries.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasTagField, isTagField, readTags } from "../../../src/http/targets/tags.ts";
import { type Fields, responseOf } from "../support.ts";

const read = (fields: Fields, ruleTags: readonly string[] = []) => readTags(responseOf(fields).field, ruleTags);

describe("tags of a response", () => {
  it.each<[string, Fields, readonly string[]]>([
    ["none", {}, []],
    ["Cache-Tag", { "Cache-Tag": "a,b" }, ["a", "b"]],
    ["Edge-Cache-Tag", { "edge-cache-tag": "a, b" }, ["a", "b"]],
    ["CDN-Tag", { "CDN-TAG": "a" }, ["a"]],
    ["Netlify-Cache-Tag", { "netlify-cache-tag": "a" }, ["a"]],
    ["Surrogate-Key, separated by white space", { "surrogate-key": "a  b\tc" }, ["a", "b", "c"]],
    [
      "Surrogate-Key in several lines",
      [
        ["surrogate-key", "a b"],
        ["Surrogate-Key", "c"],
      ],
      ["a", "b", "c"],
    ],
    [
      "Surrogate-Key with quotes, which are ordinary",
      [
        ["surrogate-key", 'a"'],
        ["surrogate-key", "b"],
      ],
      ['a"', "b"],
    ],
    [
      "Cache-Tag in several lines",
      [
        ["cache-tag", "a"],
        ["cache-tag", "b"],
      ],
      ["a", "b"],
    ],
    ["of all vendors together", { "cache-tag": "a", "surrogate-key": "b", "cdn-tag": "c" }, ["a", "c", "b"]],
    ["once each", { "cache-tag": "a,a", "surrogate-key": "a" }, ["a"]],
    ["in the case they were written", { "cache-tag": "Product,product" }, ["Product", "product"]],
    ["white space inside is kept, around it not", { "cache-tag": " a b , c" }, ["a b", "c"]],
    ["empty ones dropped", { "cache-tag": ",, a,," }, ["a"]],
    ["quotes are ordinary", { "cache-tag": '"a,b"' }, ['"a', 'b"']],
    ["bytes of UTF-8, one of them a space's in Latin-1", { "cache-tag": "voil\u00c3\u00a0,b" }, ["voil\u00e0", "b"]],
    ["the same between spaces", { "surrogate-key": "\u00c3\u00a0 b" }, ["\u00e0", "b"]],
    ["bytes that are no UTF-8", { "cache-tag": "gr\u00fcn" }, ["gr\u00fcn"]],
    ["letters that are no bytes", { "cache-tag": "\u20ac\u00fc" }, ["\u20ac\u00fc"]],
    ["a name every object has", { "cache-tag": "__proto__,constructor" }, ["__proto__", "constructor"]],
  ])("%s", (_, fields, tags) => {
    const found = read(fields);
    expect(found.usable && found.tags).toEqual(tags);
  });

  it("the rule's own come first, once each", () => {
    expect(read({ "cache-tag": "a,r" }, ["r", "s"])).toEqual({ usable: true, tags: ["r", "s", "a"] });
  });

  it.each([
    ["1,000 tags", Array.from({ length: 1000 }, (_, i) => `t${String(i)}`).join(), { usable: true }],
    ["1,001 tags", Array.from({ length: 1001 }, (_, i) => `t${String(i)}`).join(), { reason: "too-many-tags" }],
    ["1,001 times the same", Array.from({ length: 1001 }, () => "t").join(), { usable: true }],
    ["1,024 characters", "x".repeat(1024), { usable: true }],
    ["1,025 characters", `a,${"x".repeat(1025)}`, { reason: "tag-too-long" }],
  ])("limits: %s", (_, value, verdict) => {
    expect(read({ "cache-tag": value })).toMatchObject(verdict);
  });

  it("the rule's own count towards the limit", () => {
    const value = Array.from({ length: 1000 }, (_, i) => `t${String(i)}`).join();
    expect(read({ "cache-tag": value }, ["r"])).toMatchObject({ usable: false, reason: "too-many-tags" });
  });

  it.each<[string, Fields]>([
    ["a tab", { "cache-tag": "a\tb" }],
    ["a control character", { "edge-cache-tag": "ok,a\u0001b" }],
    ["DEL", { "surrogate-key": "a\u007f" }],
    ["a control character in UTF-8", { "cdn-tag": "a\u00c2\u0085b" }],
    ["a byte of windows-1252, which is a control character in Latin-1", { "netlify-cache-tag": "\u0093a\u0094" }],
    ["a group without a name", { "cache-groups": '"a", ""' }],
    ["a group of spaces", { "cache-groups": '"  "' }],
    ["half a character", { "cache-tag": "\ud800" }],
  ])("that no order can name: %s", (_, fields) => {
    expect(read(fields)).toEqual({ usable: false, reason: "tag-unnameable" });
  });

  it("a rule's tag that no order can name counts, too", () => {
    expect(read({}, ["a\u0001"])).toEqual({ usable: false, reason: "tag-unnameable" });
  });

  it("never throws; tags are distinct, trimmed and not empty", () => {
    const value = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(value, value, (comma, space) => {
        const found = read({ "cache-tag": comma, "surrogate-key": space });
        if (!found.usable) return;
        expect(new Set(found.tags).size).toBe(found.tags.length);
        for (const tag of found.tags) expect(tag === tag.trim() && tag !== "").toBe(true);
      }),
    );
  });
});

it.each([
  ["Cache-Tag", true],
  ["SURROGATE-KEY", true],
  ["edge-cache-tag", true],
  ["cdn-tag", true],
  ["netlify-cache-tag", true],
  ["etag", false],
  ["surrogate-control", false],
])("%s is a tag field: %s", (name, verdict) => {
  expect(isTagField(name)).toBe(verdict);
  expect(hasTagField(responseOf({ [name]: "" }).field)).toBe(verdict);
});
