// Owns the proof that an edge knows its own name wherever it comes back, and no other edge's (RFC 8586 2, RFC 9110 7.6.3).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readerOf } from "../../../src/http/message/fields.ts";
import { edgeName, isLoop, wayFields } from "../../../src/http/message/cdn-loop.ts";

const NAME = edgeName("one");

describe("the name", () => {
  it("is a token that says strata, the same each time, and another for another deployment", () => {
    expect(NAME).toMatch(/^strata-[\da-f]{16}$/);
    expect([edgeName("one"), edgeName("two")]).toEqual([NAME, expect.not.stringMatching(NAME)]);
  });
});

it.each<[string, Record<string, string>, boolean]>([
  ["nothing", {}, false],
  ["2: the name", { "cdn-loop": NAME }, true],
  ["2: in any case", { "cdn-loop": NAME.toUpperCase() }, true],
  ["2: with parameters", { "cdn-loop": `${NAME}; v=1; a="b, c"` }, true],
  ["2: behind others", { "cdn-loop": `cloudflare; loops=1, cdn.example:8080,${NAME}` }, true],
  ["2: before others", { "cdn-loop": `${NAME} , other` }, true],
  ["behind a quoted string that a client left open", { "cdn-loop": `other; a=", ${NAME}` }, true],
  ["2: other names", { "cdn-loop": "cloudflare; loops=1, strata, strata-x, foo.example" }, false],
  ["2: the name of another deployment", { "cdn-loop": edgeName("two") }, false],
  ["7.6.3: the pseudonym", { via: `1.1 ${NAME}` }, true],
  ["7.6.3: in any case, with another protocol", { via: `HTTP/2 ${NAME.toUpperCase()} (a comment)` }, true],
  ["7.6.3: among others", { via: `1.0 fred, 1.1 ${NAME}, 2 p.example.net (Apache/1.1)` }, true],
  ["behind a comment that a client left open", { via: `1.1 a (b, 1.1 ${NAME}` }, true],
  ["7.6.3: other servers", { via: "1.1 strata, 1.1 varnish, 2 cloudflare" }, false],
  ["another field", { "x-via": `1.1 ${NAME}` }, false],
])("%s: %j is a loop: %s", (_, fields, expected) => {
  expect(isLoop(readerOf(Object.entries(fields)), NAME)).toBe(expected);
});

it("for any fields of a client, the next edge of the deployment knows the request, and an edge of another does not", () => {
  const text = fc.string({ unit: fc.constantFrom(...'a1.,;="\\() \t/-'.split("")), maxLength: 12 });
  fc.assert(
    fc.property(fc.option(text), fc.option(text), (via, loop) => {
      const sent = [["via", via] as const, ["cdn-loop", loop] as const].flatMap(([name, value]) => {
        return value === null ? [] : [[name, value] as const];
      });
      const next = readerOf(wayFields(readerOf(sent), NAME));
      expect([isLoop(next, NAME), isLoop(next, edgeName("two"))]).toEqual([true, false]);
      // a chain of deployments keeps the names of all
      const last = readerOf(wayFields(next, edgeName("two")));
      expect([isLoop(last, NAME), isLoop(last, edgeName("two"))]).toEqual([true, true]);
      expect((next("cdn-loop") ?? "").split('"').length % 2).toBe(1);
    }),
  );
});

it.each<[Record<string, string>, Record<string, string>]>([
  [{}, { via: `1.1 ${NAME}`, "cdn-loop": NAME }],
  [
    { via: "2 a, 1.1 b (c)", "cdn-loop": "cloudflare; loops=1" },
    { via: `2 a, 1.1 b (c), 1.1 ${NAME}`, "cdn-loop": `cloudflare; loops=1, ${NAME}` },
  ],
  [{ "cdn-loop": 'a; b="c, d"' }, { via: `1.1 ${NAME}`, "cdn-loop": `a; b="c, d", ${NAME}` }],
  [{ "cdn-loop": 'a; b="c, d' }, { via: `1.1 ${NAME}`, "cdn-loop": `a; b=c, d, ${NAME}` }],
])("3: %j goes on as %j", (sent, forwarded) => {
  expect(Object.fromEntries(wayFields(readerOf(Object.entries(sent)), NAME))).toEqual(forwarded);
});
