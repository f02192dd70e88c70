// Owns the properties of parsers: they take anything, and what they have understood they understand again when it is written down.
import fc from "fast-check";
import { serializeDictionary } from "structured-headers";
import { describe, expect, it } from "vitest";
import { parseDirectives, responseDirectives } from "../../src/http/message/cache-control.ts";
import { formatHttpDate, parseHttpDate } from "../../src/http/message/dates.ts";
import { deltaSeconds, splitList, unquote } from "../../src/http/message/fields.ts";
import { reuse } from "../../src/http/law/reuse.ts";
import { settle } from "../../src/http/law/settle.ts";
import { readTags } from "../../src/http/targets/tags.ts";
import { GOVERNING, governing } from "../../src/http/message/targeted.ts";
import { readVary } from "../../src/http/select/vary.ts";
import { anyAnswer, cacheControl, type Directive, fieldText, named, request } from "./sections.ts";
import { askedOf, at, HONOUR, NOW, POLICY, requestOf, responseOf, settled, storedFrom, storedOf } from "./support.ts";

/** Writes directives down in the plainest form. */
function serialised(directives: Iterable<readonly [string, string | true]>): string {
  return [...directives]
    .map(([name, argument]) => (argument === true ? name : `${name}="${argument.replaceAll(/["\\]/g, "\\$&")}"`))
    .join(", ");
}

/** Of duplicates the first, but different `private` or `no-cache` count as unqualified (RFC 9111 4.2.1). */
function firstOf(means: readonly Directive[]): Map<string, string | true> {
  const said = new Map<string, string | true>();
  for (const { name, argument = true } of means) {
    const before = said.get(name);
    if (before === undefined) said.set(name, argument);
    else if (["private", "no-cache"].includes(name) && before !== argument) said.set(name, true);
  }
  return said;
}

describe("Cache-Control", () => {
  it("RFC 9111 5.2: means the same however it is cased, spaced, quoted and cut into lines", () => {
    fc.assert(
      fc.property(cacheControl, ({ means, lines }) => {
        expect(Object.fromEntries(parseDirectives(lines.join(", ")))).toEqual(Object.fromEntries(firstOf(means)));
      }),
      { numRuns: 500 },
    );
  });

  it("RFC 9111 5.2: what was read is read again from what is written down", () => {
    fc.assert(
      fc.property(fieldText, (text) => {
        const directives = parseDirectives(text);
        // names that are no tokens cannot be written down; a restriction by such a field stays
        const sound = [...directives].filter(([name]) => /^[\w-]+$/.test(name));
        const again = responseDirectives(parseDirectives(serialised(sound)));
        expect(again).toEqual(responseDirectives(directives));
      }),
      { numRuns: 500 },
    );
  });

  it("RFC 9111 5.2: lines may change places where no name is in two of them", () => {
    fc.assert(
      fc.property(cacheControl, ({ means, lines }) => {
        fc.pre(new Set(means.map(({ name }) => name)).size === means.length);
        const read = (values: readonly string[]) => responseDirectives(parseDirectives(values.join(", ")));
        expect(read(lines.toReversed())).toEqual(read(lines));
      }),
    );
  });
});

describe("shared grammar", () => {
  it("RFC 9110 5.6.1: the members of a list make the same list", () => {
    fc.assert(
      fc.property(fieldText, fc.constantFrom("," as const, ";" as const), (text, delimiter) => {
        const members = splitList(text, delimiter);
        expect(splitList(members.join(` ${delimiter}\t`), delimiter)).toEqual(members);
        for (const member of members) expect(splitList(member, delimiter)).toEqual([member]);
      }),
      { numRuns: 500 },
    );
  });

  it("RFC 9110 5.6.4: a string that was read is read again", () => {
    fc.assert(
      fc.property(fieldText, (text) => {
        const content = unquote(text);
        expect(unquote(`"${content.replaceAll(/["\\]/g, "\\$&")}"`)).toBe(content);
      }),
    );
  });

  it("RFC 9111 1.2.2: seconds that were read are read again, and nothing else is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat().map(String), fieldText), (text) => {
        const seconds = deltaSeconds(text);
        if (/^\d+$/.test(text)) expect(seconds).toBe(Math.min(Number(text), 2147483647));
        else expect(seconds).toBeUndefined();
        if (seconds !== undefined) expect(deltaSeconds(String(seconds))).toBe(seconds);
      }),
    );
  });

  it("RFC 9110 5.6.7: a date that was read in any form is read again in the first form", () => {
    const moment = fc.integer({ min: Date.UTC(1980, 0, 1) / 1000, max: Date.UTC(2070, 0, 1) / 1000 });
    fc.assert(
      fc.property(moment, (second) => {
        const [day = "", date = "", month = "", year = "", time = ""] = formatHttpDate(second * 1000)
          .replace(",", "")
          .split(" ");
        const long = { Sun: "Sunday", Mon: "Monday", Tue: "Tuesday", Wed: "Wednesday", Thu: "Thursday", Fri: "Friday" };
        const forms = [
          `${day}, ${date} ${month} ${year} ${time} GMT`,
          `${long[day as keyof typeof long] ?? "Saturday"}, ${date}-${month}-${year.slice(2)} ${time} GMT`,
          `${day} ${month} ${date.replace(/^0/, " ")} ${time} ${year}`,
        ];
        for (const form of forms) expect(parseHttpDate(form, NOW)).toBe(second * 1000);
      }),
    );
  });

  it("RFC 9110 12.5.5: a Vary that was read is read again, in any order", () => {
    fc.assert(
      fc.property(fieldText, (text) => {
        const verdict = readVary(text);
        if (!verdict.storable) return;
        expect(readVary(verdict.fields.join(","))).toEqual(verdict);
        expect(readVary(verdict.fields.toReversed().join(" , ").toUpperCase())).toEqual(verdict);
      }),
    );
  });

  it("tags that were read are read again", () => {
    fc.assert(
      fc.property(fieldText, (text) => {
        const read = (value: string) => readTags(responseOf({ "cache-tag": value }).field, []);
        const found = read(text);
        if (found.usable) expect(read(found.tags.join(","))).toEqual(found);
      }),
    );
  });
});

describe("targeted fields", () => {
  const item = fc.oneof(fc.integer({ min: -9, max: 99_999 }), fc.boolean(), fc.constantFrom("set-cookie", "60", ""));
  const name = fc.constantFrom(
    "max-age",
    "s-maxage",
    "private",
    "no-store",
    "no-cache",
    "must-understand",
    "public",
    "foo",
  );

  it("RFC 9213 2.1: a Dictionary says what its members say, wherever its lines are cut", () => {
    fc.assert(
      fc.property(fc.dictionary(name, item), fc.boolean(), (members, cut) => {
        fc.pre(Object.keys(members).length > 0);
        const parameters = new Map<string, number>();
        const entries = Object.entries(members).map(([key, value]) => [key, [value, parameters]] as const);
        const whole = serializeDictionary(new Map(entries.map(([key, value]) => [key, [...value]])));
        const pairs = cut
          ? entries.map(
              ([key, value]) => ["CDN-Cache-Control", serializeDictionary(new Map([[key, [...value]]]))] as const,
            )
          : [["CDN-Cache-Control", whole] as const];
        const { field, directives } = governing(responseOf([...pairs, ["Cache-Control", "max-age=1"]]).field);
        const textual = ["max-age", "s-maxage"].some((key) => typeof members[key] === "string");
        const speaks = GOVERNING.some((key) => (members[key] ?? false) !== false);
        if (field !== "cdn-cache-control") expect(textual || !speaks).toBe(true);
        else {
          expect(directives.noStore).toBe((members["no-store"] ?? false) !== false);
          expect(directives.noCache).toBe((members["no-cache"] ?? false) !== false);
          const { private: secret = false } = members;
          expect(directives.private).toBe(secret !== false && secret !== "set-cookie");
          const age = members["max-age"];
          if (typeof age === "number") expect(directives.maxAge).toBe(Math.max(0, age));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("for any header sections", () => {
  it("both questions have an answer, and what is stored is sound", () => {
    fc.assert(
      fc.property(anyAnswer, request, request, fc.constantFrom(200, 304, 404, 503), (says, first, second, status) => {
        const asked = askedOf({
          request: requestOf(first),
          stored: status === 200 ? undefined : storedOf({ etag: '"a"' }),
        });
        const verdict = settle(responseOf(says, { status }), asked, POLICY, NOW);
        if (!("stored" in verdict)) return;
        const { stored } = verdict;
        const numbers = [stored.initialAgeSeconds, stored.lifetimeSeconds, stored.staleIfErrorSeconds];
        for (const seconds of numbers) expect(seconds).toBeGreaterThanOrEqual(0);
        expect(reuse(requestOf(second), stored, { state: "clear" }, HONOUR, NOW).reason).toEqual(expect.any(String));
      }),
      { numRuns: 500 },
    );
  });

  it("a stored response is stored again from its own header section", () => {
    fc.assert(
      fc.property(anyAnswer, (says) => {
        const once = settled(says);
        if (once.verdict !== "store") return;
        const { headers, edgeHeaders, initialAgeSeconds } = once.stored;
        const again = storedFrom([...headers, ...edgeHeaders, ["Age", String(Math.floor(initialAgeSeconds))]]);
        // a Date that was added on receipt is then read as the origin's
        const { dateMs } = once.stored;
        expect({ ...again, initialAgeSeconds, dateMs }).toEqual(once.stored);
      }),
      { numRuns: 500 },
    );
  });

  it("RFC 9110 5.1, 5.3: names in other case and lines of other names between change nothing", () => {
    const lines = fc
      .tuple(cacheControl, cacheControl)
      .chain(([plain, targeted]) =>
        fc.tuple(
          named("cache-control", plain.lines),
          named("surrogate-control", targeted.lines),
          fc.constantFrom<[string, string]>(["X-A", "1"], ["Date", at(0)], ["Vary", "x-a"]),
        ),
      );
    fc.assert(
      fc.property(lines, ([plain, targeted, other]) => {
        const facts = responseOf([...plain, other, ...targeted]).governing;
        const mixed = responseOf([...targeted, ...plain, other]).governing;
        expect(mixed).toEqual(facts);
      }),
    );
  });
});
