// Owns the header sections for properties: their meaning is known, their spelling is random.
import fc from "fast-check";
import type { HeaderPairs } from "../../src/http/message/fields.ts";
import { at } from "./support.ts";

/** A directive as it is meant: `argument` is what a reader should get. */
export interface Directive {
  readonly name: string;
  readonly argument?: string;
}

/** A list of directives and the lines that say it. */
export interface Written {
  readonly means: readonly Directive[];
  readonly lines: readonly string[];
}

/** Any case of a word. */
export const cased = (word: string): fc.Arbitrary<string> =>
  fc
    .infiniteStream(fc.boolean())
    .map((flags) => word.replaceAll(/./g, (c) => (flags.next().value === true ? c.toUpperCase() : c)));

const SPACES = fc.constantFrom("", "", " ", "  ", "\t", " \t ");
const COMMAS = fc.constantFrom(",", ", ", " ,", ",\t", ",,", " , ,");

const seconds = fc.oneof(
  fc.integer({ min: 0, max: 120 }),
  fc.constantFrom(0, 1, 60, 2 ** 31 - 1, 2 ** 31, 99_999_999_999),
);

const word = (...names: readonly string[]): fc.Arbitrary<Directive> =>
  fc.constantFrom(...names).map((name) => ({ name }));
const lasting = (...names: readonly string[]): fc.Arbitrary<Directive> =>
  fc.tuple(fc.constantFrom(...names), seconds).map(([name, value]) => ({ name, argument: String(value) }));

/** Directives that let a response in, for a while. */
const permissions = fc.oneof(
  { weight: 3, arbitrary: lasting("max-age", "s-maxage", "stale-while-revalidate", "stale-if-error") },
  word("public", "immutable", "must-understand"),
);
/** Directives that only look like others: extensions, strings that hide words, names that contain them. */
const decoys = fc.oneof(
  word("x-no-store", "no-store-x", "privately", "foo"),
  fc
    .constantFrom("no-store", "private, max-age=9", 'a", no-cache, "b', "\\")
    .map((argument) => ({ name: "ext", argument })),
);
const restrictions = fc.oneof(
  word("no-store", "no-cache", "private", "must-revalidate", "proxy-revalidate", "must-understand"),
  fc
    .tuple(
      fc.constantFrom("private", "no-cache"),
      fc.constantFrom("set-cookie", "x-user", "set-cookie, etag", "", "a b"),
    )
    .map(([name, argument]) => ({ name, argument })),
);

const directive = fc.oneof({ weight: 4, arbitrary: permissions }, { weight: 2, arbitrary: restrictions }, decoys);

/** A directive's text: plain where the argument is a token, else quoted, in any case and with escapes where they may be. */
function spelled({ name, argument }: Directive): fc.Arbitrary<string> {
  if (argument === undefined) return cased(name);
  const quoted = `"${argument.replaceAll(/["\\]/g, "\\$&")}"`;
  const forms = /^[\w-]+$/.test(argument) ? [argument, quoted] : [quoted];
  return fc.tuple(cased(name), fc.constantFrom(...forms)).map(([spelling, text]) => `${spelling}=${text}`);
}

/** The members in order, over one or more lines, with white space and empty members anywhere. */
function linesOf(members: readonly string[]): fc.Arbitrary<readonly string[]> {
  const glue = fc.tuple(COMMAS, SPACES, fc.integer({ min: 0, max: 5 }));
  return fc.array(glue, { minLength: members.length, maxLength: members.length }).map((glues) => {
    const lines: string[] = [];
    members.forEach((member, index) => {
      const [comma, space, cut] = glues[index] ?? [",", "", 0];
      const last = lines.length - 1;
      if (index === 0 || cut === 0) lines.push(`${space}${member}${space}`);
      else lines[last] = `${lines[last] ?? ""}${comma}${space}${member}`;
    });
    return lines;
  });
}

export function written(directives: fc.Arbitrary<readonly Directive[]>): fc.Arbitrary<Written> {
  return directives.chain((means) =>
    fc
      .tuple(...means.map(spelled))
      .chain(linesOf)
      .map((lines) => ({ means, lines })),
  );
}

/** A Cache-Control of up to six directives. */
export const cacheControl: fc.Arbitrary<Written> = written(fc.array(directive, { maxLength: 6 }));

/** A targeted field: a Dictionary, whose keys are in small letters and not repeated. */
export const targeted: fc.Arbitrary<Written> = fc
  .uniqueArray(directive, { maxLength: 4, selector: ({ name }) => name })
  .filter((means) => means.every(({ argument = "" }) => argument.length < 16))
  .chain((means) =>
    linesOf(means.map((each) => item(each))).map((lines) => ({ means, lines: lines.map(withoutEmptyMembers) })),
  );

function item({ name, argument }: Directive): string {
  if (argument === undefined) return name;
  return /^\d+$/.test(argument) ? `${name}=${argument}` : `${name}="${argument.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** A Dictionary has none (RFC 9651 3.2), nor white space other than its own at either end. */
function withoutEmptyMembers(line: string): string {
  return line.replaceAll(/,(?:\s*,)+/g, ",").trim();
}

export const named = (name: string, lines: readonly string[]): fc.Arbitrary<HeaderPairs> =>
  fc.tuple(...lines.map(() => cased(name))).map((names) => names.map((each, i) => [each, lines[i] ?? ""] as const));

/** Text that a field may hold on its way through a parser: printable, obs-text, white space, and much punctuation. */
export const fieldText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from('abcW/*",;=\\ \t0189%?:@()<>-_.\u00e9\u00a0')), maxLength: 24 }),
  fc
    .array(
      fc.constantFrom(
        "max-age",
        "=",
        "60",
        ",",
        '"',
        "private",
        "no-store",
        "\\",
        ";",
        " ",
        "must-understand",
        "set-cookie",
        "q=0.5",
        "*",
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

/** A date field: sound, odd or none. */
export const dateText = fc.oneof(
  fc.integer({ min: -5000, max: 5000 }).map(at),
  fc.constantFrom(
    "0",
    "",
    "now",
    at(60).replace("GMT", "UTC"),
    at(60).toLowerCase(),
    "Thursday, 15-Jan-26 12:01:00 GMT",
  ),
);

/** A whole section of an answer, most of whose fields say something of caching. */
export const anyAnswer: fc.Arbitrary<HeaderPairs> = fc
  .array(
    fc.oneof(
      fc.tuple(
        fc.constantFrom("cache-control", "cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control"),
        fc.oneof(
          cacheControl.map(({ lines }) => lines.join(",")),
          fieldText,
        ),
      ),
      fc.tuple(fc.constantFrom("date", "expires", "last-modified"), fc.oneof(dateText, fieldText)),
      fc.tuple(
        fc.constantFrom("age", "etag", "vary", "set-cookie", "connection", "content-encoding", "cache-tag"),
        fieldText,
      ),
      fc.constantFrom<[string, string]>(
        ["etag", '"a"'],
        ["etag", 'W/"a"'],
        ["vary", "x-a"],
        ["age", "30"],
        ["cache-tag", "t"],
      ),
    ),
    { maxLength: 7 },
  )
  .chain((pairs) =>
    fc
      .tuple(...pairs.map(([name]) => cased(name)))
      .map((names) => pairs.map(([, value], i) => [names[i] ?? "", value] as const)),
  );

const anyRequest: fc.Arbitrary<HeaderPairs> = fc.array(
  fc.oneof(
    fc.tuple(
      fc.constant("cache-control"),
      fc.oneof(
        fieldText,
        fc.constantFrom(
          "no-cache",
          "max-age=9",
          "max-stale",
          "max-stale=9",
          "min-fresh=9",
          "only-if-cached",
          "no-store",
        ),
      ),
    ),
    fc.tuple(fc.constantFrom("pragma", "x-a", "accept", "accept-language", "connection", "if-none-match"), fieldText),
    fc.constantFrom<[string, string]>(["authorization", "x"], ["cookie", "sid=1"], ["cookie", "a=1"], ["x-a", "1"]),
  ),
  { maxLength: 4 },
);

/** A client's section that any `Headers` takes. */
export const request: fc.Arbitrary<HeaderPairs> = anyRequest.filter((pairs) =>
  pairs.every(([, value]) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)),
);
