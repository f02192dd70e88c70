// Owns the proof of a token's scope: the targets that its patterns name, and no target that only looks alike.
import { describe, expect, it } from "vitest";
import { scopeOf } from "../../src/auth/scopes.ts";
import type { Grant } from "../../src/auth/tokens.ts";
import type { Target } from "../../src/http/targets/target.ts";

const RATE = { perSecond: 1, burst: 1 };
const FULL: Grant = { name: "t", actions: ["purge", "everything"], rate: RATE };
const allows = (grant: Partial<Grant>, kind: Target["kind"], value: string): boolean =>
  scopeOf({ ...FULL, ...grant })({ kind, value }) === undefined;

describe("an unbound token", () => {
  it.each<[Target["kind"], string]>([
    ["tag", "a"],
    ["url", "https://a.test/"],
    ["path", "/a"],
    ["prefix", "/"],
    ["host", "a.test"],
    ["browsers", ""],
    ["everything", ""],
  ])("may purge a %s", (kind, value) => {
    expect(allows({}, kind, value)).toBe(true);
  });

  it("needs a right of its own for everything, and one to purge at all", () => {
    expect(allows({ actions: ["purge"] }, "everything", "")).toBe(false);
    expect(allows({ actions: ["purge"] }, "prefix", "/")).toBe(false);
    expect(allows({ actions: ["purge"] }, "prefix", "shop.test/")).toBe(true);
    expect(allows({ actions: ["everything"] }, "prefix", "/")).toBe(true);
    expect(allows({ actions: ["read"] }, "tag", "a")).toBe(false);
    expect(allows({ actions: ["everything"] }, "tag", "a")).toBe(false);
  });
});

const TAGS = { tags: ["product:*", "home"] };
const HOSTS = { hosts: ["shop.test", "*.shop.test"] };
const PREFIXES = { prefixes: ["shop.test/blog/"] };

describe("a bound token", () => {
  it.each<[Partial<Grant>, Target["kind"], string, boolean]>([
    [TAGS, "tag", "product:7", true],
    [TAGS, "tag", "home", true],
    [TAGS, "tag", "Home", false],
    [TAGS, "tag", "homes", false],
    [TAGS, "tag", "x product:7", false],
    [TAGS, "url", "https://shop.test/", false],
    [TAGS, "host", "shop.test", false],
    [TAGS, "everything", "", false],
    [TAGS, "browsers", "", false],
    [HOSTS, "host", "shop.test", true],
    [HOSTS, "host", "a.shop.test", true],
    [HOSTS, "host", "shop.test:8080", false],
    [HOSTS, "host", "shop.test.evil.test", false],
    [HOSTS, "host", "evilshop.test", false],
    [HOSTS, "url", "https://shop.test/a", true],
    [HOSTS, "url", "http://a.shop.test/a?b", true],
    [HOSTS, "url", "https://evil.test/shop.test/a", false],
    [HOSTS, "url", "https://evil.test/?shop.test/", false],
    [HOSTS, "path", "shop.test/a", true],
    [HOSTS, "path", "/a", false],
    [HOSTS, "prefix", "shop.test/", true],
    [HOSTS, "prefix", "/", false],
    [HOSTS, "tag", "product:7", false],
    [HOSTS, "browsers", "shop.test", true],
    [HOSTS, "browsers", "", false],
    [HOSTS, "everything", "", false],
    [PREFIXES, "prefix", "shop.test/blog/2026", true],
    [PREFIXES, "prefix", "shop.test/blog/", true],
    [PREFIXES, "prefix", "shop.test/blog", false],
    [PREFIXES, "prefix", "shop.test/", false],
    [PREFIXES, "path", "shop.test/blog/a", true],
    [PREFIXES, "path", "shop.test/blogs", false],
    [PREFIXES, "url", "https://shop.test/blog/a?b", true],
    [PREFIXES, "url", "https://shop.test/?/blog/", false],
    [PREFIXES, "url", "https://evil.test/shop.test/blog/", false],
    [PREFIXES, "host", "shop.test", false],
    [{ ...TAGS, ...HOSTS }, "tag", "product:7", true],
    [{ ...TAGS, ...HOSTS }, "url", "https://shop.test/a", true],
    [{ ...TAGS, ...HOSTS }, "url", "https://other.test/a", false],
  ])("%j: %s %s: %s", (grant, kind, value, allowed) => {
    expect(allows(grant, kind, value)).toBe(allowed);
  });
});
