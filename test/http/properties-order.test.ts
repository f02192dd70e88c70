// Owns the properties of order: nothing older, more restricted or asked for more strictly gets fresher (RFC 9111 4.2, 5.2).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initialAge, lifetimeOf } from "../../src/http/law/freshness.ts";
import { fateOfStored } from "./fate.ts";
import { cacheControl, cased, dateText, request } from "./sections.ts";
import { at, type Fields, NOW, POLICY, requestOf, responseOf, settled } from "./support.ts";

describe("monotony", () => {
  const RANK: Readonly<Record<string, number>> = { fresh: 2, "max-stale": 2, swr: 1 };
  const rank = (fields: Fields, after: number, second: Fields): number => {
    const verdict = settled(fields);
    return verdict.verdict === "store" ? (RANK[fateOfStored(verdict.stored, { after, second })] ?? 0) : 0;
  };
  const dates = fc.record({ Date: dateText, Expires: dateText, "Last-Modified": dateText }, { requiredKeys: [] });

  it("RFC 9111 4.2.3: a greater Age, an older Date or a longer way never makes an answer younger", () => {
    const age = fc.integer({ min: 0, max: 9999 });
    fc.assert(
      fc.property(age, age, age, age, age, age, (a, moreA, d, moreD, w, moreW) => {
        const facts = (seconds: number, date: number, way: number) =>
          initialAge(responseOf({ Age: String(seconds), Date: at(-date) }, { requestedAtMs: NOW - way }));
        const younger = facts(a, d, w);
        expect(facts(a + moreA, d, w)).toBeGreaterThanOrEqual(younger);
        expect(facts(a, d + moreD, w)).toBeGreaterThanOrEqual(younger);
        expect(facts(a, d, w + moreW)).toBeGreaterThanOrEqual(younger);
        expect(younger).toBeGreaterThanOrEqual(Math.max(a, d));
      }),
    );
  });

  it("RFC 9111 4.2.1: a greater number never makes a lifetime shorter, in any field that gives it", () => {
    const number = fc.integer({ min: 0, max: 1e9 });
    const field = fc.constantFrom(
      (n: number): Fields => ({ "cache-control": `max-age=${String(n)}` }),
      (n: number): Fields => ({ "cache-control": `max-age=5, s-maxage=${String(n)}` }),
      (n: number): Fields => ({ "cdn-cache-control": `max-age=${String(n)}` }),
      (n: number): Fields => ({ "surrogate-control": `max-age=${String(n)}` }),
      (n: number): Fields => ({ expires: at(n), date: at(0) }),
      (n: number): Fields => ({ "last-modified": at(-n), date: at(0) }),
    );
    fc.assert(
      fc.property(field, number, number, (fields, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map(
          (n) => lifetimeOf(requestOf(), responseOf(fields(n)), POLICY).seconds,
        );
        expect(more).toBeGreaterThanOrEqual(less ?? Number.NaN);
      }),
    );
  });

  it("RFC 9111 5.2: one more restriction of the origin never lets more through", () => {
    const restriction = fc
      .constantFrom("no-store", "no-cache", "private", "must-revalidate", "proxy-revalidate")
      .chain(cased);
    const argument = fc.constantFrom("", "", '="x-user"', "=1", '=""', "=");
    fc.assert(
      fc.property(
        cacheControl,
        dates,
        restriction,
        argument,
        fc.nat(200),
        request,
        (given, extra, word, value, after, second) => {
          const asked = second.filter(([name]) => name !== "authorization" && name !== "cookie");
          const pairs: Fields = [
            ...given.lines.map((line) => ["cache-control", line] as const),
            ...Object.entries(extra),
          ];
          const restricted: Fields = [...pairs, ["cache-control", word + value]];
          expect(rank(restricted, after, asked)).toBeLessThanOrEqual(rank(pairs, after, asked));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("RFC 9111 5.2.1: one more demand of a client never lets more through, nor does waiting", () => {
    const demand = fc.constantFrom("no-cache", "max-age=9", "max-age", "min-fresh=9", "min-fresh=x");
    fc.assert(
      fc.property(
        cacheControl,
        dates,
        fc.array(demand, { maxLength: 2 }),
        demand,
        fc.nat(200),
        fc.nat(50),
        (given, extra, asks, more, after, later) => {
          const pairs: Fields = [
            ...given.lines.map((line) => ["cache-control", line] as const),
            ...Object.entries(extra),
          ];
          const second = (list: readonly string[]): Fields => ({ "cache-control": list.join(", ") });
          const before = rank(pairs, after, second(asks));
          expect(rank(pairs, after, second([...asks, more]))).toBeLessThanOrEqual(before);
          expect(rank(pairs, after + later, second(asks))).toBeLessThanOrEqual(before);
        },
      ),
      { numRuns: 500 },
    );
  });
});
