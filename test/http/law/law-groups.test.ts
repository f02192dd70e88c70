// Owns the law of cache groups, and of languages stored beside each other (RFC 9875, RFC 9110 8.5).
import { describe, expect, it } from "vitest";
import { groupTarget, invalidatedGroups, readGroups } from "../../../src/http/targets/groups.ts";
import { languageOf, preferredLanguage } from "../../../src/http/select/vary.ts";
import { targetHash } from "../../../src/http/targets/target.ts";
import { requestOf, responseOf, settled, storedFrom } from "../support.ts";

const HERE = requestOf().location;

describe("Cache-Groups", () => {
  it.each<[string, string, string | undefined, readonly string[]]>([
    ["2", "none", undefined, []],
    ["2", "one", '"a"', ["a"]],
    ["2", "several", '"a", "b"', ["a", "b"]],
    ["2", "once each", '"a", "a"', ["a"]],
    ["2", "case counts", '"a", "A"', ["a", "A"]],
    ["2", "a comma inside", '"a, b"', ["a, b"]],
    ["2", "an escaped quote inside", '"a\\"b"', ['a"b']],
    ["2", "the empty name", '""', [""]],
    ["2", "parameters say nothing", '"a";x=1, "b"', ["a", "b"]],
    ["2", "a Token voids the field", '"a", b', []],
    ["2", "a number voids the field", '"a", 1', []],
    ["2", "an Inner List voids the field", '("a" "b")', []],
    ["2", "a Dictionary is no List", 'a="b"', []],
    ["2", "an unfinished string voids the field", '"a', []],
    ["2", "a trailing comma voids the field", '"a",', []],
    ["2", "letters outside ASCII void the field", '"\u00e9"', []],
    ["2", "empty", "", []],
  ])("RFC 9875 %s: %s", (_section, _what, value, groups) => {
    expect(readGroups(responseOf(value === undefined ? {} : { "Cache-Groups": value }).field)).toEqual(groups);
  });

  it("RFC 9875 2: as many as every cache has to support", () => {
    const names = Array.from({ length: 32 }, (_, i) => `"${"x".repeat(30)}${String(i).padStart(2, "0")}"`);
    expect(readGroups(responseOf({ "Cache-Groups": names.join(", ") }).field)).toHaveLength(32);
  });

  it("RFC 9875 2: belong to their origin", () => {
    const names = [HERE, { ...HERE, host: "b.example" }, { ...HERE, scheme: "http" as const }].map((location) => {
      return targetHash(groupTarget(location, "a"));
    });
    expect(new Set(names).size).toBe(3);
    expect(targetHash(groupTarget({ ...HERE, path: "/other" }, "a"))).toBe(names[0]);
  });

  it("RFC 9875 2: of a stored response are among what purges it, and go with a 304 that names others", () => {
    const says = { "Cache-Control": "max-age=60", ETag: '"v"', "Cache-Groups": '"a"' };
    const stored = storedFrom(says);
    const [a, b] = ["a", "b"].map((group) => targetHash(groupTarget(HERE, group)));
    expect(stored.targets).toContain(a);
    const verdict = settled({ "Cache-Groups": '"b"' }, { status: 304 }, { stored });
    if (verdict.verdict !== "refresh") throw new Error("expected a refresh");
    expect(verdict.stored.targets).toContain(b);
    expect(verdict.stored.targets).not.toContain(a);
  });

  it.each<[string, Record<string, string>, Record<string, string>, boolean]>([
    ["in a 304 leave the tags", { "Cache-Tag": "t" }, { "Cache-Groups": '"b"' }, true],
    ["in a 304 with tags leave those", { "Surrogate-Key": "t" }, { "Cache-Groups": '"b"', "Surrogate-Key": "t" }, true],
    ["are left by a 304 with tags alone", { "Cache-Groups": '"t"' }, { "Cache-Tag": "b" }, true],
    ["make no tag stay that a 304 replaces", { "Cache-Tag": "t" }, { "Cache-Groups": '"b"', "Cache-Tag": "b" }, false],
    ["go with an empty field in a 304", { "Cache-Groups": '"t"' }, { "Cache-Groups": "" }, false],
  ])("RFC 9111 3.2: %s", (_, before, after, stays) => {
    const stored = storedFrom({ "Cache-Control": "max-age=60", ETag: '"v"', ...before });
    const verdict = settled(after, { status: 304 }, { stored });
    if (verdict.verdict !== "refresh") throw new Error("expected a refresh");
    expect(verdict.stored.targets.includes(targetHash({ kind: "tag", value: "t" }))).toBe(stays);
  });

  it.each<[string, string, string, number, readonly string[]]>([
    ["3", "POST", '"a", "b"', 200, ["a", "b"]],
    ["3", "PUT", '"a"', 204, ["a"]],
    ["3", "DELETE", '"a"', 303, ["a"]],
    ["3", "an unknown method", '"a"', 200, ["a"]],
    ["3", "POST", '"a"', 400, []],
    ["3", "POST", '"a"', 500, []],
    ["3", "GET", '"a"', 200, []],
    ["3", "HEAD", '"a"', 200, []],
    ["3", "OPTIONS", '"a"', 200, []],
    ["3", "POST", '"a", b', 200, []],
  ])(
    "RFC 9875 %s: Cache-Group-Invalidation in the answer to %s: %s with status %d",
    (_, method, value, status, groups) => {
      const request = requestOf({}, { method: method === "an unknown method" ? "FROB" : method });
      const response = responseOf({ "Cache-Group-Invalidation": value }, { status });
      expect(invalidatedGroups(request, response)).toEqual(groups.map((group) => groupTarget(HERE, group)));
    },
  );
});

describe("languages", () => {
  it.each<[string, string | undefined, string | undefined]>([
    ["one", "de", "de"],
    ["the best of several", "en;q=0.5, de", "de"],
    ["in any case and order", "EN;Q=0.5,De;q=0.9", "de"],
    ["two of equal weight", "en, de", undefined],
    ["any", "*", undefined],
    ["any, before one", "*, de;q=0.5", undefined],
    ["one, before any", "de, *;q=0.5", "de"],
    ["none", undefined, undefined],
    ["an empty field", "", undefined],
    ["one that is not wanted", "de;q=0", undefined],
  ])("RFC 9110 12.5.4: the one that a client likes best: %s", (_what, value, language) => {
    expect(preferredLanguage(value)).toBe(language);
  });

  it.each<[string, string, string | undefined]>([
    ["one", "de", "de"],
    ["in small letters", "de-CH", "de-ch"],
    ["of two none", "de, en", undefined],
    ["of an empty field none", "", undefined],
    ["empty members do not count", ", de ,", "de"],
  ])("RFC 9110 8.5: the one that an answer is in: %s", (_what, value, language) => {
    expect(languageOf([["Content-Language", value]])).toBe(language);
  });
});
