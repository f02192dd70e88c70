// Owns the proof that what is written is read as requests are, that no other spelling of it means anything else, and that what would purge nothing is refused.
import { describe, expect, it } from "vitest";
import { defineSite } from "../../src/policy/define.ts";
import { select, type Selectors } from "../../src/routes/selectors.ts";

const site = defineSite({ rules: [{ match: "/search", query: { allow: ["q"] } }] });

function read(selectors: Selectors): readonly string[] | string {
  const selection = select(selectors, site);
  if (!selection.ok) return selection.problems.map(({ detail }) => detail).join("; ");
  return selection.selected.flatMap(({ targets }) => targets).map(({ kind, value }) => `${kind} ${value}`);
}

type List = Exclude<keyof Selectors, "everything">;

describe("a selector becomes the one spelling that requests have", () => {
  it.each<[List, string, readonly string[]]>([
    ["tags", " a b ", ["tag a b"]],
    ["tags", "%41", ["tag %41"]],
    ["tags", "a, b", ["tag a, b"]],
    ["urls", "https://shop.test", ["url https://shop.test/"]],
    ["urls", "HTTPS://SHOP.test:443/%7Euser/%2fx?a=%2F", ["url https://shop.test/~user/%2Fx?a=%2F"]],
    ["urls", "https://shop.test/a/./b/../c", ["url https://shop.test/a/c"]],
    ["urls", "https://shop.test/a/%2e%2E/c", ["url https://shop.test/c"]],
    ["urls", "https:\\\\shop.test\\a".replaceAll("\\\\", "//"), ["url https://shop.test/a"]],
    ["urls", "shop.test/a", ["url https://shop.test/a", "url http://shop.test/a"]],
    ["urls", "//shop.test/a", ["url https://shop.test/a", "url http://shop.test/a"]],
    ["urls", "https://shop.test//evil.test/a", ["url https://shop.test//evil.test/a"]],
    ["urls", "https://shop.test/search?x=1&q=2", ["url https://shop.test/search?q=2"]],
    ["urls", "https://[2001:DB8:0:0::1]:8443/", ["url https://[2001:db8::1]:8443/"]],
    ["urls", "https://bücher.test/ü", ["url https://xn--bcher-kva.test/%C3%BC"]],
    ["urls", "https://ｓｈｏｐ.test/", ["url https://shop.test/"]],
    ["urls", "https://shop.test./", ["url https://shop.test/"]],
    ["urls", "https://shop.test.:8443/", ["url https://shop.test:8443/"]],
    ["urls", "https://127.1/", ["url https://127.0.0.1/"]],
    ["paths", "/a", ["path /a"]],
    ["paths", "/a/../../b", ["path /b"]],
    ["paths", "shop.test/a", ["path shop.test/a"]],
    ["paths", "/A*_search", ["path /A*_search"]],
    ["prefixes", "shop.test", ["prefix shop.test/"]],
    ["prefixes", "shop.test/*", ["prefix shop.test/"]],
    ["prefixes", "https://shop.test/blog/*", ["prefix shop.test/blog/"]],
    ["paths", "shop.test./a", ["path shop.test/a"]],
    ["prefixes", "shop.test./blog/*", ["prefix shop.test/blog/"]],
    ["prefixes", "/*", ["prefix /"]],
    ["prefixes", "/a/../", ["prefix /"]],
    ["hosts", "SHOP.test", ["host shop.test"]],
    ["hosts", "shop.test:443", ["host shop.test", "host shop.test:443"]],
    ["hosts", "shop.test.", ["host shop.test"]],
    ["hosts", "[::1]", ["host [::1]"]],
  ])("%s %j", (list, written, targets) => {
    expect([...new Set(read({ [list]: [written] }))]).toEqual(targets);
  });
});

describe("a selector without a sensible meaning is refused", () => {
  it.each<[List, unknown, RegExp]>([
    ["tags", "x".repeat(1025), /1024/],
    ["tags", "a\r\nb", /control/],
    ["tags", "a\u0085b", /control/],
    ["tags", "a\tb", /control/],
    ["tags", " \u00a0", /empty/],
    ["tags", "\ud800", /well-formed/],
    ["tags", 1, /string/],
    ["tags", ["a"], /string/],
    ["urls", "/a", /host/],
    ["urls", "https://shop.test../", /valid host/],
    ["hosts", ".", /valid host/],
    ["urls", "https://shop.test/*", /prefixes/],
    ["urls", "ftp://shop.test/", /scheme/],
    ["urls", "javascript://shop.test/", /scheme/],
    ["urls", "https://u:p@shop.test/", /userinfo/],
    ["urls", "https://@shop.test/", /userinfo/],
    ["urls", "https://shop.test@evil.test/", /userinfo/],
    ["urls", "https://shop.test\\@evil.test/", /userinfo/],
    ["urls", "https://shop.test/a b", /white space/],
    ["urls", "https://shop.test/a\u00a0b", /white space/],
    ["urls", "https://shop.test/#a", /fragment/],
    ["urls", "https://shop.test:99999/", /no URL/],
    ["urls", "https://%00/", /no URL/],
    ["urls", "https://*.shop.test/", /host/],
    ["urls", `https://shop.test/${"x".repeat(16_384)}`, /16384/],
    ["paths", "/a?b", /query/],
    ["paths", "/a*", /prefixes/],
    ["prefixes", "*", /host/],
    ["prefixes", "shop.*", /host in full/],
    ["prefixes", "https://shop.test*", /host in full/],
    ["prefixes", "//shop.test*", /host in full/],
    ["prefixes", "shop.test/a%2", /percent/],
    ["prefixes", "shop.test/a?b=*", /query/],
    ["hosts", "*.shop.test", /host/],
    ["hosts", "shop.test/", /path/],
    ["hosts", "https://shop.test", /scheme/],
    ["hosts", "a b", /white space/],
    ["hosts", "", /empty/],
  ])("%s %j", (list, written, detail) => {
    const problems = read({ [list]: [written] });
    expect(problems).toMatch(detail);
  });

  it("wherever it stands, and as often as it does", () => {
    const selection = select({ tags: ["a", 1], urls: ["https://[", "x"], hosts: ["a/b"] }, site);
    expect(selection.ok ? [] : selection.problems.map(({ pointer }) => pointer)).toEqual([
      "/tags/1",
      "/urls/0",
      "/hosts/0",
    ]);
  });
});
