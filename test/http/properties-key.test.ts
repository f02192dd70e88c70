// Owns the property that the same facts give the same key, whatever the order, the case and the spacing of header fields.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HeaderPairs } from "../../src/http/message/fields.ts";
import { resourceKey, variantKey } from "../../src/http/select/key.ts";
import { matchesVariant, readVary, variantOf } from "../../src/http/select/vary.ts";
import { cased } from "./sections.ts";
import { requestOf, storedFrom } from "./support.ts";

const RESOURCE = resourceKey({
  scheme: "https",
  host: "shop.example",
  path: "/page",
  query: "",
  origin: "zone",
  policyVersion: "v1",
});

/** The meaning of a client's fields: preferences have no order, words have one. */
interface Meant {
  readonly languages: readonly (readonly [range: string, tenths: number])[] | undefined;
  readonly types: readonly (readonly [range: string, tenths: number])[] | undefined;
  readonly word: string | undefined;
}

const weighted = (...ranges: readonly string[]) =>
  fc.option(
    fc.uniqueArray(fc.tuple(fc.constantFrom(...ranges), fc.integer({ min: 0, max: 10 })), {
      selector: ([range]) => range,
      minLength: 1,
      maxLength: 4,
    }),
    { nil: undefined },
  );

const meant: fc.Arbitrary<Meant> = fc.record({
  languages: weighted("en", "de", "fr-ca", "en-gb", "*"),
  types: weighted("text/html", "application/json", "image/*", "*/*"),
  word: fc.option(fc.constantFrom("1", "A", "a, b", "b, a", '"x,y"', '"x, y"', ""), { nil: undefined }),
});

const SPACE = fc.constantFrom("", " ", "\t", "  ");

/** The order in which `length` things may stand. */
const orders = (length: number) =>
  fc.array(fc.nat(), { minLength: length, maxLength: length }).map((keys) =>
    keys
      .map((key, index) => [key, index] as const)
      .sort(([a], [b]) => a - b)
      .map(([, index]) => index),
  );

/** One way to write preferences: any order, case, white space, spelling of weights and cut into lines. */
function spelled(name: string, list: readonly (readonly [string, number])[] | undefined): fc.Arbitrary<HeaderPairs> {
  if (!list) return fc.constant([]);
  const members = list.map(([range, tenths]) =>
    fc
      .tuple(cased(range), SPACE, SPACE, fc.constantFrom("q", "Q"), fc.constantFrom("", "0", "00"), fc.boolean())
      .map(([text, before, after, q, zeros, explicit]) => {
        if (tenths === 10) return explicit ? `${text}${before};${after}${q}=1.${zeros}` : text;
        return `${before}${text};${after}${q}=0.${String(tenths)}${zeros}`;
      }),
  );
  return fc
    .tuple(fc.tuple(...members), orders(list.length), cased(name), cased(name), fc.nat(list.length))
    .map(([texts, order, first, second, cut]) => {
      const ordered = order.map((index) => texts[index] ?? "");
      const lines: HeaderPairs = [
        [first, ordered.slice(0, cut).join(",")],
        [second, ordered.slice(cut).join(" , ")],
      ];
      return lines.filter(([, value]) => value !== "");
    });
}

function sectionOf({ languages, types, word }: Meant): fc.Arbitrary<HeaderPairs> {
  const plain =
    word === undefined
      ? fc.constant<HeaderPairs>([])
      : fc.tuple(cased("x-a"), SPACE, SPACE).map(([name, before, after]) => {
          // the white space of a string is its own
          const text = word.startsWith('"') ? word : word.replace(", ", `${before},${after}`);
          return [[name, before + text + after] as const];
        });
  const groups = fc.tuple(spelled("accept-language", languages), spelled("accept", types), plain);
  return fc.tuple(groups, orders(3)).map(([lists, order]) => order.flatMap((index) => lists[index] ?? []));
}

/** One way to write what a response varies on. */
const vary = fc
  .tuple(orders(3), cased("accept-language"), cased("accept"), cased("x-a"), SPACE, SPACE)
  .map(([order, languages, types, word, before, after]) =>
    order.map((index) => before + ([languages, types, word][index] ?? "") + after).join(","),
  );

function keyOf(pairs: HeaderPairs, varies: string): string {
  const verdict = readVary(varies);
  if (!verdict.storable) throw new Error("expected a readable Vary");
  return variantKey(RESOURCE, "g", variantOf(verdict.fields, requestOf(pairs).field));
}

const twice = meant.chain((facts) => fc.tuple(fc.constant(facts), sectionOf(facts), sectionOf(facts)));

describe("keys", () => {
  it("RFC 9111 4.1: the same facts give the same key, and each of two such requests gets what the other brought", () => {
    fc.assert(
      fc.property(twice, vary, vary, ([, a, b], varies, otherwise) => {
        expect(keyOf(a, varies)).toBe(keyOf(b, otherwise));
        const stored = storedFrom({ "cache-control": "max-age=60", vary: varies }, {}, { request: requestOf(a) });
        expect(matchesVariant(stored.variant, requestOf(b).field)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("RFC 9111 4.1: other facts give another key", () => {
    const canonical = ({ languages, types, word }: Meant): string =>
      JSON.stringify([languages?.toSorted(), types?.toSorted(), word]);
    // two clients mostly agree on most
    const alike = fc
      .tuple(meant, meant, fc.subarray(["languages", "types", "word"] as const))
      .map(([a, b, same]) => [a, { ...b, ...Object.fromEntries(same.map((name) => [name, a[name]])) }] as const);
    const sections = alike.chain(([a, b]) => fc.tuple(fc.constant([a, b]), sectionOf(a), sectionOf(b)));
    fc.assert(
      fc.property(sections, vary, ([[a, b], first, second], varies) => {
        const same = a !== undefined && b !== undefined && canonical(a) === canonical(b);
        expect(keyOf(first, varies) === keyOf(second, varies)).toBe(same);
      }),
      { numRuns: 500 },
    );
  });
});
