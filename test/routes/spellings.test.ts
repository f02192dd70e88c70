// Owns the property that what somebody writes to have purged is read as requests are: each spelling of a URL meets it, no sibling's does.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalisedPath } from "../../src/http/message/path.ts";
import { select, type Selectors } from "../../src/routes/selectors.ts";
import { answer, type TestEdge, testEdge } from "../support/edge.ts";
import { runs } from "../support/runs.ts";

const SITE = {
  rules: [
    { match: "/sorted*", guard: false, query: { deny: ["utm_*"], sort: true } },
    { match: "/few*", guard: false, query: { allow: ["id", "é"] } },
    { match: "/*", guard: false },
  ],
};

/** A URL in parts, in the spelling of its client. */
interface Written {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: "" | ":80" | ":443" | ":8443";
  readonly segments: readonly string[];
  readonly parameters: readonly string[];
}

const PLAIN = "a b A B 0 9 - . _ ~ ! $ & ' ( ) * + , ; = : @ é € 😀";
const ENCODED = "% %2F %2f %25 %C3%A9 %e2%82%ac %41 %7e";
const letter = fc.constantFrom(...PLAIN.split(" "), ...ENCODED.split(" "));
const segment = fc.array(letter, { maxLength: 4 }).map((letters) => letters.join(""));
const parameter = fc.constantFrom(
  "id=1",
  "id=2",
  "b=%C3%A9",
  "b=%c3%a9",
  "a",
  "a=",
  "%C3%A9=1",
  "é=1",
  "utm_x=1",
  "c=+&",
  "'=\"",
);
const written: fc.Arbitrary<Written> = fc.record({
  scheme: fc.constantFrom("http", "https"),
  host: fc.constantFrom("shop.test", "b.shop.test", "bücher.test", "[::1]"),
  port: fc.constantFrom("", ":80", ":443", ":8443"),
  segments: fc
    .tuple(fc.constantFrom("sorted", "few", "x", ""), fc.array(segment, { maxLength: 3 }))
    .map(([first, others]) => [first, ...others]),
  parameters: fc.array(parameter, { maxLength: 4 }),
});

const pathIn = ({ segments }: Written): string => `/${segments.join("/")}`;
const urlIn = (one: Written): string => {
  const query = one.parameters.length > 0 ? `?${one.parameters.join("&")}` : "";
  return `${one.scheme}://${one.host}${one.port}${pathIn(one)}${query}`;
};
const hostIn = (one: Written): string => one.host + one.port;

/** The same path in another spelling (RFC 3986 6.2.2); `draws`: the change at each place. */
function respelledPath(path: string, draws: readonly number[]): string {
  const letters = path.match(/%[0-9a-f]{2}|./giu) ?? [];
  return letters
    .map((each, index) => {
      const draw = draws[index % draws.length] ?? 0;
      if (each === "/" && draw === 1) return "/./";
      if (each === "/" && draw === 2) return "/y/%2E./";
      if (each.startsWith("%")) return draw === 1 ? each.toLowerCase() : draw === 2 ? each.toUpperCase() : each;
      if (draw === 1 && /[\w.~-]/.test(each)) return `%${(each.codePointAt(0) ?? 0).toString(16)}`;
      return draw === 2 && /[^\0-\x7f]/u.test(each) ? encodeURIComponent(each) : each;
    })
    .join("");
}

function respelled(one: Written, draws: readonly number[]): Written {
  const port = one.port === (one.scheme === "https" ? ":443" : ":80") ? "" : one.port;
  const segments = respelledPath(pathIn(one), draws).slice(1).split("/");
  return { ...one, port, host: respelledHost(one.host, draws[0] ?? 0), segments };
}

/** In capitals, or as the complete name that it is (RFC 3986 3.2.2). */
function respelledHost(host: string, draw: number): string {
  if (draw === 1) return host.toUpperCase();
  return draw === 2 && !host.endsWith("]") ? `${host}.` : host;
}

async function isCached(e: TestEdge, url: string): Promise<boolean> {
  return (await e.text(url)).response.headers.get("x-cache") === "HIT";
}

/** Whether what is stored for `url` falls; `undefined` where the selectors are refused. */
async function falls(url: string, selectors: Selectors): Promise<boolean | undefined> {
  const e = testEdge({ site: SITE, origin: () => answer("x", { "cache-control": "max-age=60" }) });
  await e.text(url);
  expect(await isCached(e, url), url).toBe(true);
  const selection = select(selectors, e.edge.site);
  if (!selection.ok) return undefined;
  const targets = selection.selected.flatMap((one) => one.targets);
  e.log.purgeTargets(targets, "hard");
  e.passes(1.001);
  return !(await isCached(e, url));
}

/** A path that ends in a star cannot be named but by its prefix. */
const endsInStar = (text: string): boolean => text.endsWith("*");

describe("a purge of", () => {
  const draws = fc.array(fc.nat(2), { minLength: 1, maxLength: 9 });
  const picks = fc.array(fc.nat(999), { minLength: 2, maxLength: 3 });
  const check = (property: (one: Written, other: Written, picks: readonly number[]) => Promise<void>): Promise<void> =>
    fc.assert(
      fc.asyncProperty(written, draws, picks, (one, drawn, picked) => property(one, respelled(one, drawn), picked)),
      { numRuns: runs(300) },
    );

  it("a URL in any spelling removes it", () =>
    check(async (one, other) => {
      fc.pre(!endsInStar(urlIn(other)));
      expect(await falls(urlIn(one), { urls: [urlIn(other)] })).toBe(true);
      expect(await falls(urlIn(one), { urls: [urlIn(other).replace(/^https?:\/\//, "")] })).toBe(true);
    }));

  it("a URL with other tracking parameters, in another order, removes it where the rule says so", () =>
    check(async (one) => {
      const first = { ...one, segments: ["sorted", ...one.segments], parameters: ["b=1", "a=2", "a=1"] };
      const other = { ...first, parameters: ["a=2", "utm_source=x", "a=1", "b=1", "utm_x"] };
      expect(await falls(urlIn(first), { urls: [urlIn(other)] })).toBe(true);
      const swapped = { ...first, parameters: ["a=1", "a=2", "b=1"] };
      expect(await falls(urlIn(first), { urls: [urlIn(swapped)] })).toBe(false);
    }));

  it("its path, with its host or without, removes it", () =>
    check(async (one, other) => {
      fc.pre(!endsInStar(pathIn(other)) && !pathIn(other).startsWith("//"));
      expect(await falls(urlIn(one), { paths: [pathIn(other)] })).toBe(true);
      expect(await falls(urlIn(one), { paths: [`${one.scheme}://${hostIn(other)}${pathIn(other)}`] })).toBe(true);
    }));

  it("each of its prefixes removes it", () =>
    check(async (one, other, picked) => {
      const path = normalisedPath(new URL(urlIn(one)).pathname);
      fc.pre(!path.startsWith("//"));
      const starts = [...Array(path.length).keys()].map((index) => path.slice(0, index + 1));
      const whole = starts.filter((start) => !/%.?$/.test(start) && !endsInStar(start));
      // some of them, and the whole path: all of them would be a hundred requests for each URL
      const tried = new Set([...picked.map((pick) => whole[pick % whole.length]), whole.at(-1)]);
      for (const start of tried) {
        if (start === undefined) continue;
        expect(await falls(urlIn(one), { prefixes: [`${start}*`] }), start).toBe(true);
        expect(await falls(urlIn(one), { prefixes: [`${one.scheme}://${hostIn(other)}${start}`] }), start).toBe(true);
      }
    }));

  it("its host removes it", () =>
    check(async (one, other) => {
      expect(await falls(urlIn(one), { hosts: [hostIn(other)] })).toBe(true);
    }));

  it("a sibling leaves it", () =>
    check(async (one) => {
      const last = one.segments.at(-1) ?? "";
      const longer = { ...one, segments: [...one.segments.slice(0, -1), `${last}z`] };
      const below = { ...one, segments: [...one.segments, "z"] };
      const path = pathIn(one);
      fc.pre(!path.startsWith("//") && !/(?:^|\/)\.{1,2}$/.test(path));
      const siblings: Selectors[] = [
        { urls: [urlIn(longer), urlIn(below), urlIn({ ...one, parameters: ["id=3"] })] },
        { urls: [urlIn({ ...one, host: `a${one.host.replaceAll(/[[\]:]/g, "")}` })] },
        { paths: [pathIn(longer), pathIn(below)] },
        { prefixes: [pathIn(longer), pathIn(below), `other.test${path}`] },
        { hosts: ["other.test", "test", `${one.host.startsWith("[") ? "x" : one.host}:8444`] },
      ];
      // a path that only a prefix could name is refused
      for (const selectors of siblings)
        expect(await falls(urlIn(one), selectors), JSON.stringify(selectors)).not.toBe(true);
    }));
});

it.each([
  ["/.", "/.well-known/x", "/other"],
  ["/a/.", "/a/.x", "/a/y"],
  ["/a/..", "/a/..x", "/b"],
  ["/a/%2e", "/a/.x", "/a/y"],
])("the prefix %s is one of letters, no way up: it meets %s and not %s", async (prefix, meets, leaves) => {
  expect(await falls(`https://shop.test${meets}`, { prefixes: [prefix] })).toBe(true);
  expect(await falls(`https://shop.test${leaves}`, { prefixes: [prefix] })).toBe(false);
  expect(await falls(`https://shop.test${leaves}`, { prefixes: [`shop.test${prefix}*`] })).toBe(false);
});
