// Owns the proof that a path has one spelling, that this spelling means what the path meant, and that nothing reads it otherwise.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fetchedUrl } from "../../../src/http/message/fetched-url.ts";
import { normalisedPath } from "../../../src/http/message/path.ts";
import { decodedOnce, seeded } from "../../support/confusing.ts";

describe("RFC 3986 6.2.2", () => {
  it.each([
    ["2.2: an unreserved letter is decoded", "/%61dmin", "/admin"],
    ["2.2: in capitals", "/%41", "/A"],
    ["2.2: digits and marks", "/%30%2D%2e%5F%7e", "/0-._~"],
    ["2.1: other encodings are in capitals", "/a%2fb%c3%a9", "/a%2Fb%C3%A9"],
    ["2.2: nothing is decoded twice", "/%2561", "/%2561"],
    ["2.4: a % that begins no encoding is the character", "/%6/%zz%", "/%256/%25zz%25"],
    ["2.4: nor does one that an encoding follows", "/%%36%31ccount/x", "/%2561ccount/x"],
    ["2.4: nor one whose digits are encoded", "/%2%65%2%65/", "/%252e%252e/"],
    ["2.4: however many", "/%%%36%31", "/%25%2561"],
    ["2.4: at the end of an encoding that is unfinished", "/%2%2", "/%252%252"],
    ["6.2.2.3: dot segments go", "/a/../b/./c", "/b/c"],
    ["6.2.2.3: in every spelling", "/a/%2e%2E/b/.%2e/c/%2e/d", "/c/d"],
    ["6.2.2.3: at the end", "/a/%2e%2e", "/"],
    ["dots that are no segment stay", "/a..b/..c/.%2e%2e", "/a..b/..c/..."],
    ["a backslash is a slash to URL parsers", "/a\\b\\..\\c", "/a/c"],
    ["characters that need encoding get it", "/a b/ü/\u0001", "/a%20b/%C3%BC/%01"],
    ["no host comes of two slashes", "//evil.test/a", "//evil.test/a"],
    ["a path begins with a slash", "a", "/a"],
  ])("%s", (_, path, normal) => {
    expect(normalisedPath(path)).toBe(normal);
    expect(normalisedPath(normal)).toBe(normal);
  });

  it("means the same", () => {
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        const [parsed, normal] = [new URL(`http://shop.test${path}`).pathname, normalisedPath(path)];
        expect(normalisedPath(normal)).toBe(normal);
        expect(decodeURIComponent(normal)).toBe(decodeURIComponent(parsed));
      }),
    );
  });
});

/** Pieces of which confusing paths are made. */
const PIECES = [
  ..."%%%%%2256e3fFAaEcC01.../;\\\t\0 ~é".split(""),
  "%2e",
  "%25",
  "%2F",
  "%5c",
  "%61",
  "%00",
  "%c3",
  "%A9",
  "ſ",
  "/.",
  "\ud800",
];

function confusingPath(draw: (below: number) => number): string {
  let path = "/";
  for (let length = 1 + draw(10); length > 0; length--) path += PIECES[draw(PIECES.length)] ?? "";
  return path;
}

const SHOP = { scheme: "http", host: "shop.test" } as const;
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
const MILLION = 1_000_000;

it("a million confusing paths: a fixed point, fetched as it is keyed, without dot segments, with the meaning it had", () => {
  const draw = seeded(12);
  const wrong: string[] = [];
  for (let i = 0; i < MILLION; i++) {
    const written = confusingPath(draw);
    const parsed = new URL(`http://shop.test${written}`).pathname;
    const path = normalisedPath(parsed);
    const holds =
      normalisedPath(path) === path &&
      fetchedUrl({ ...SHOP, path, query: "" }, undefined)?.pathname === path &&
      !DOT_SEGMENT.test(path) &&
      decodedOnce(path) === decodedOnce(parsed);
    if (!holds) wrong.push(written);
  }
  expect(wrong).toEqual([]);
}, 120_000);

it("a path is one path, whether a URL parser has read it before or not", () => {
  const draw = seeded(13);
  for (let i = 0; i < 20_000; i++) {
    const written = confusingPath(draw).replaceAll(/[\t\0 ]/g, "");
    expect(normalisedPath(written), written).toBe(normalisedPath(new URL(`http://shop.test${written}`).pathname));
  }
});

it("a query is fetched as it is keyed", () => {
  const pieces = [..."%%2?&=#'\"<>`^|{} +é;\\".split(""), "%27", "%22", "\ud800", "\0"];
  const draw = seeded(15);
  for (let i = 0; i < 50_000; i++) {
    const written = Array.from({ length: draw(8) }, () => pieces[draw(pieces.length)]).join("");
    const { search: query } = new URL(`http://shop.test/?${written}`);
    expect(fetchedUrl({ ...SHOP, path: "/", query }, new URL("http://origin.test"))?.search).toBe(query);
  }
});

it.each([
  ["a path with a dot segment", "/a/../b", ""],
  ["a path in the client's spelling", "/a b", ""],
  ["a query in the client's spelling", "/", "?a'b"],
])("%s is not fetched under a key that says something else", (_, path, query) => {
  expect(fetchedUrl({ ...SHOP, path, query }, undefined)).toBeUndefined();
});
