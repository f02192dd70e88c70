// Owns the proof that what is private never enters the shared cache, however it is spelled.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineSite } from "../../src/policy/define.ts";
import { at, type Fields, POLICY, requestOf, settled, storedOf } from "../http/support.ts";

const CC = "cache-control";
const POLICIES = [
  POLICY,
  { ...POLICY, ttl: 600 },
  { ...POLICY, defaultTtl: 600, minTtl: 60 },
  { ...POLICY, sharedRoute: true, ttl: 600, staleWhileRevalidate: 60, staleIfError: 60 },
  ...defineSite({ rules: [{ match: "/*", client: "ignore", auth: "shared", edge: { ttl: 600 } }] }).rules,
];

function isKept(fields: Fields, asked: Fields, status: number): boolean {
  return POLICIES.some((policy) => {
    const shape = { request: requestOf(asked), stored: status === 304 ? storedOf({ etag: '"a"' }) : undefined };
    const verdict = settled(fields, { status }, shape, policy);
    return verdict.verdict === "store" || (verdict.verdict === "refresh" && verdict.refusal === undefined);
  });
}

/** Any case of a word. */
const cased = (word: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((flags) => word.replaceAll(/./g, (c, i: number) => (flags[i] ? c.toUpperCase() : c)));

const argument = fc.constantFrom("", "=", "=0", "=false", '=""', '="x-user"', '="set-cookie, x"', "=x", '="a, b"');
const restriction = fc
  .tuple(fc.oneof(cased("private"), cased("no-store")), argument)
  .map(([word, value]) => word + value);
const other = fc.constantFrom<string>(
  "max-age=600",
  "s-maxage=600",
  "public",
  "immutable",
  'ext="a, b"',
  "stale-while-revalidate=9",
  "",
);
const separator = fc.constantFrom(",", ", ", " ,\t", ",,");

describe("private and no-store", () => {
  const asked = fc.constantFrom<Fields>({}, { Authorization: "x" }, { Cookie: "sid=1" });
  const status = fc.constantFrom(200, 203, 301, 304, 404, 503);
  const support = { date: at(0), etag: '"a"', "last-modified": at(-1_000_000), expires: at(600) };

  it("RFC 9111 3: never stored in any spelling, case, spacing, place or company", () => {
    fc.assert(
      fc.property(
        fc.array(other),
        restriction,
        fc.array(other),
        separator,
        asked,
        status,
        (before, word, after, glue, fields, code) => {
          const value = [...before, word, ...after].join(glue);
          expect(isKept({ ...support, [CC]: value }, fields, code)).toBe(false);
          expect(isKept({ ...support, "Surrogate-Control": value, [CC]: "public, max-age=600" }, fields, code)).toBe(
            false,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it("RFC 9111 3: nor in a line of its own, among lines, in any order", () => {
    fc.assert(
      fc.property(fc.array(other), restriction, fc.nat(), (lines, word, place) => {
        const all = lines.toSpliced(place % (lines.length + 1), 0, word);
        const pairs = all.map((line, i) => [i % 2 === 0 ? "Cache-Control" : "cache-control", line] as const);
        expect(isKept([...Object.entries(support), ...pairs], {}, 200)).toBe(false);
      }),
    );
  });

  it("RFC 9111 5.2: nor where another separator than a comma stands before or after it", () => {
    const wrong = fc.constantFrom("; ", ";", " ", "\t", " ; ");
    fc.assert(
      fc.property(
        fc.array(other, { maxLength: 2 }),
        cased("private"),
        fc.array(other, { maxLength: 2 }),
        wrong,
        (a, word, b, glue) => {
          expect(isKept({ ...support, [CC]: [...a, word, ...b].join(glue) }, {}, 200)).toBe(false);
        },
      ),
    );
  });

  it.each([
    ["private", "private"],
    ["no-store", "no-store"],
    ["private, true in so many words", "private=?1"],
    ["private with a list", 'private="x-user"'],
    ["private with an inner list", 'private=("set-cookie")'],
    ["no-store with a parameter", "no-store;x=1"],
    ["no-store after a lifetime", "max-age=600, no-store"],
  ])("RFC 9213 2.2: %s in a targeted field", (_, value) => {
    for (const name of ["CDN-Cache-Control", "Cloudflare-CDN-Cache-Control"]) {
      expect(isKept({ ...support, [name]: value, [CC]: "public, max-age=600" }, {}, 200)).toBe(false);
    }
  });

  it.each([
    [
      "RFC 9111 5.2.2.3: no-store beside must-understand, status understood",
      "no-store, must-understand, max-age=60",
      true,
    ],
    ['RFC 9111 5.2.2.7: private="set-cookie"', 'private="set-cookie", max-age=60', true],
    ["both, and private", "no-store, must-understand, private, max-age=60", false],
    ['both, and private="set-cookie"', 'no-store, must-understand, private="set-cookie", max-age=60', true],
  ])("the exceptions: %s", (_, value, kept) => {
    expect(isKept({ [CC]: value, "set-cookie": "a=1" }, {}, 200)).toBe(kept && value.includes("set-cookie"));
    expect(isKept({ [CC]: value }, {}, 200)).toBe(kept);
  });
});

it("a cookie that is set is never kept, whatever else the response says", () => {
  const directives = fc.array(fc.oneof(other, fc.constant('private="set-cookie"')));
  const name = cased("set-cookie");
  fc.assert(
    fc.property(directives, name, (list, field) => {
      for (const policy of POLICIES) {
        const verdict = settled(
          [
            [CC, list.join(", ")],
            ["date", at(0)],
            [field, "token=secret"],
          ],
          {},
          {},
          policy,
        );
        if (verdict.verdict === "store") expect(JSON.stringify(verdict.stored)).not.toContain("secret");
      }
    }),
  );
});
