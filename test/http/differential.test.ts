// Owns the differential proof: Strata and http-cache-semantics say the same of any exchange, but for the differences on the lists.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Difference, DIFFERENCES, type Facts } from "./differences.ts";
import { ODDITIES, type Oddity, SOUND } from "./oddities.ts";
import {
  type Answers,
  type Atom,
  type Exchange,
  ours,
  plain,
  plainOf,
  type Question,
  type Section,
  textOf,
  theirs,
} from "./peer.ts";
import { at } from "./support.ts";

const CC = "cache-control";

const nameOf = ({ text = "" }: Atom): string => (text.split("=", 1)[0] ?? "").toLowerCase();
const oddOf = (field: Oddity["field"], asked: boolean): readonly Atom[] =>
  ODDITIES.filter((oddity) => oddity.field === field && (oddity.asked ?? false) === asked).flatMap(
    ({ atoms }) => atoms,
  );

/** A field that is no list: strings in it hide nothing, so that they are left out. */
const isMalformed = ({ text = "" }: Atom): boolean => /[; ]|=$/.test(text.replaceAll(/"[^"]*"/g, ""));
const hidesWords = ({ text = "" }: Atom): boolean => /ext=|private="set-cookie"/i.test(text);

function directives(sound: readonly Atom[], odd: readonly Atom[], maxLength: number): fc.Arbitrary<readonly Atom[]> {
  const extra = odd.filter(({ plain: meaning }) => meaning !== undefined);
  const doubles = odd.filter(({ plain: meaning }) => meaning === undefined);
  const one = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...sound) },
    { weight: 1, arbitrary: fc.constantFrom(...extra) },
  );
  const double = fc.option(fc.constantFrom(...doubles, plain("")), { nil: undefined, freq: 3 });
  return fc.tuple(fc.uniqueArray(one, { selector: nameOf, maxLength }), double).map(([list, again]) => {
    const spoilt = list.some(isMalformed);
    const sane = spoilt ? list.filter((atom) => !hidesWords(atom)) : list;
    const doubled = again?.text && sane.some((atom) => nameOf(atom) === nameOf(again));
    return doubled ? [...sane, again] : sane;
  });
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.tuple(fc.nat(5), arbitrary).map(([n, value]) => (n === 5 ? value : undefined));

/** An Age and a Date: of the two ages the greater counts (RFC 9111 4.2.3), of which the peer has to be told. */
const aging = fc
  .tuple(
    rarely(fc.constantFrom("0", "30", "90").map(plain)),
    rarely(fc.constantFrom(...oddOf("age", false))),
    fc.constantFrom(0, 0, 0, -30, 60),
  )
  .map(([sound, odd, date]): Section => {
    const age = odd ?? sound ?? { text: undefined, plain: undefined };
    const apparent = Math.max(0, -date);
    const counts = Math.max(apparent, Number(age.plain ?? 0));
    return { age: [{ ...age, plain: counts > 0 ? String(counts) : age.plain }], date: [plain(at(date))] };
  });

/** Most answers that are worth a comparison have a lifetime and little else. */
const lasting = fc
  .tuple(
    fc.constantFrom("max-age=10", "max-age=60", "max-age=120"),
    fc.uniqueArray(fc.constantFrom("stale-while-revalidate=30", "stale-if-error=60", "public", "foo=bar"), {
      maxLength: 2,
    }),
  )
  .map(([lifetime, others]) => [lifetime, ...others].map(plain));

const answer: fc.Arbitrary<Section> = fc
  .tuple(
    fc.oneof(lasting, directives(SOUND.said, oddOf(CC, false), 4)),
    aging,
    rarely(
      fc.oneof(
        fc.constantFrom(-30, 0, 60, 120).map((seconds) => plain(at(seconds))),
        fc.constantFrom(...oddOf("expires", false)),
      ),
    ),
    rarely(fc.constantFrom(-1000, -600, -100_000_000, 100).map((seconds) => plain(at(seconds)))),
    maybe(fc.constantFrom('"a"', 'W/"a"').map(plain)),
    rarely(fc.constantFrom("a", "*", "cookie", "accept-language", "accept-encoding").map(plain)),
    fc.tuple(fc.nat(9), fc.nat(9)),
  )
  .map(([cc, ages, expires, modified, etag, vary, [cookie, pragma]]) => {
    const fields: Record<string, Atom | undefined> = { expires, "last-modified": modified, etag, vary };
    if (cookie === 9) fields["set-cookie"] = plain("a=1");
    if (pragma === 9) fields["pragma"] = oddOf("pragma", false)[0];
    return { ...(cc.length > 0 ? { [CC]: cc } : {}), ...ages, ...single(fields) };
  });

const single = (fields: Readonly<Record<string, Atom | undefined>>): Section =>
  Object.fromEntries(Object.entries(fields).flatMap(([name, atom]) => (atom ? [[name, [atom]]] : [])));

const client: fc.Arbitrary<Section> = fc
  .tuple(
    maybe(directives(SOUND.asked, oddOf(CC, true), 2)),
    rarely(fc.constantFrom(["authorization", "x"], ["cookie", "sid=1"], ["cookie", "a=1"])),
    rarely(fc.constantFrom("1", "2")),
    rarely(fc.constantFrom("en, de", "de,EN", "en;q=0.5, de")),
    fc.nat(9),
  )
  .map(([cc = [], who, word, language, pragma]) => {
    const fields: Record<string, Atom | undefined> = {};
    if (who) fields[who[0] ?? ""] = plain(who[1] ?? "");
    if (word !== undefined) fields["a"] = plain(word);
    if (language !== undefined) fields["accept-language"] = plain(language);
    // where there is no Cache-Control, Pragma counts for both
    if (pragma === 9) fields["pragma"] = cc.length > 0 ? oddOf("pragma", true)[0] : plain("no-cache");
    return { ...(cc.length > 0 ? { [CC]: cc } : {}), ...single(fields) };
  });

const exchange: fc.Arbitrary<Exchange> = fc.record({
  status: fc.oneof({ weight: 4, arbitrary: fc.constant(200) }, fc.constantFrom(301, 302, 404, 501, 299, 503)),
  says: answer,
  first: fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, client),
  second: client,
  after: fc.constantFrom(0, 1, 29, 30, 59, 60, 61, 89, 90, 119, 120, 121, 150),
});

const QUESTIONS: readonly Question[] = ["stored", "lifetime", "age", "reused", "staleWhileRevalidate", "staleIfError"];

function factsOf(each: Exchange, read: (section: Section) => Readonly<Record<string, string>>): Facts {
  const names = (section: Section) =>
    new Set((section[CC] ?? []).map(({ plain: meaning = "" }) => meaning.split("=", 1)[0] ?? ""));
  const [said, asked] = [names(each.says), names(each.second)];
  return {
    status: each.status,
    says: plainOf(each.says),
    first: plainOf(each.first),
    second: plainOf(each.second),
    after: each.after,
    ours: ours(each),
    theirs: theirs(each, read),
    said: (name) => said.has(name),
    asked: (name) => asked.has(name),
  };
}

/** The questions on which the two differ, and who says more. */
function disagreements(a: Answers, b: Answers): readonly (readonly [Question, "ours" | "theirs"])[] {
  const both = a.stored && b.stored;
  return QUESTIONS.filter((question) => both || (question !== "lifetime" && question !== "age"))
    .filter((question) => Math.abs(Number(a[question]) - Number(b[question])) > 0.001)
    .map((question) => [question, Number(a[question]) > Number(b[question]) ? "ours" : "theirs"] as const);
}

const explains = (facts: Facts, question: Question, more: "ours" | "theirs") => (difference: Difference) =>
  difference.questions.includes(question) && ["either", more].includes(difference.more) && difference.applies(facts);

describe("Strata and http-cache-semantics", () => {
  it("agree on every exchange, but for the differences we mean", () => {
    let [agreed, reused, total] = [0, 0, 0];
    fc.assert(
      fc.property(exchange, (each) => {
        const facts = factsOf(each, plainOf);
        const found = disagreements(facts.ours, facts.theirs);
        total += 1;
        if (found.length === 0) agreed += 1;
        if (found.length === 0 && facts.ours.reused) reused += 1;
        const unexplained = found.filter(([question, more]) => !DIFFERENCES.some(explains(facts, question, more)));
        expect(unexplained, `ours ${JSON.stringify(facts.ours)}, theirs ${JSON.stringify(facts.theirs)}`).toEqual([]);
      }),
      { numRuns: 4000 },
    );
    // excused differences must stay the exception
    expect(agreed / total).toBeGreaterThan(0.5);
    expect(reused / total).toBeGreaterThan(0.1);
  });

  it.each(DIFFERENCES.map((difference) => [difference.section || "ours", difference.name, difference] as const))(
    "%s: %s: a difference there is, and nothing else on the list explains it",
    (_section, _name, difference) => {
      const facts = factsOf(difference.example, plainOf);
      const found = disagreements(facts.ours, facts.theirs);
      const own = found.filter(([question, more]) => explains(facts, question, more)(difference));
      expect(own).not.toEqual([]);
      for (const [question, more] of own) {
        expect(DIFFERENCES.filter(explains(facts, question, more))).toEqual([difference]);
      }
    },
  );

  it.each(ODDITIES.map((oddity) => [oddity.section, oddity.name, oddity] as const))(
    "%s: %s: read as it is written, it is misread",
    (_section, _name, { example, question }) => {
      const facts = factsOf(example, textOf);
      expect(disagreements(facts.ours, facts.theirs).map(([each]) => each)).toContain(question);
    },
  );
});
