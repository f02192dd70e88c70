// Owns the ways of writing that http-cache-semantics misreads: each beside the plain words for what it means.
import { type Atom, exchangeOf, type Exchange, plain, type Question } from "./peer.ts";

/** A member of a field as it is written, and what it means. */
export interface Oddity {
  readonly name: string;
  readonly section: string;
  readonly field: "cache-control" | "age" | "expires" | "date" | "pragma";
  readonly atoms: readonly Atom[];
  /** In a request, not in an answer. */
  readonly asked?: true;
  /** Where both, reading the same text, differ: the oddity, and what stands around it. */
  readonly example: Exchange;
  readonly question: Question;
}

const odd = (text: string, meaning: string | undefined): Atom => ({ text, plain: meaning, odd: true });
const after = (says: string, seconds: number): Exchange =>
  exchangeOf({ "cache-control": [odd(says, undefined)] }, { after: seconds });
const PAST = "Thu, 01 Jan 1970 00:00:00 GMT";
const LATER = "Thu, 15 Jan 2026 12:01:00";

export const ODDITIES: readonly Oddity[] = [
  {
    name: "directives in capitals",
    section: "RFC 9111 5.2",
    field: "cache-control",
    atoms: [
      odd("No-Store", "no-store"),
      odd("PRIVATE", "private"),
      odd("Max-Age=60", "max-age=60"),
      odd("No-Cache", "no-cache"),
    ],
    example: after("No-Store, max-age=60", 0),
    question: "stored",
  },
  {
    name: "words inside another directive's string",
    section: "RFC 9110 5.6.4",
    field: "cache-control",
    atoms: [odd('ext="a, no-store"', "ext"), odd('ext="private, max-age=0, b"', "ext")],
    example: after('max-age=60, ext="a, no-store, b"', 0),
    question: "stored",
  },
  {
    name: "a directive twice: the first counts",
    section: "RFC 9111 4.2.1",
    field: "cache-control",
    // the generator puts a sound one in front
    atoms: [odd("max-age=5", undefined), odd("max-age=119", undefined)],
    example: after("max-age=60, max-age=5", 30),
    question: "reused",
  },
  {
    name: "junk after a number is no number",
    section: "RFC 9111 1.2.2, 4.2.1",
    field: "cache-control",
    atoms: [odd("max-age=60x", "max-age=0"), odd("max-age=60.5", "max-age=0"), odd("s-maxage=9 9", "s-maxage=0")],
    example: exchangeOf({ "cache-control": [odd("max-age=60x", undefined)], etag: '"a"' }),
    question: "reused",
  },
  {
    name: "an exponent is junk",
    section: "RFC 9111 1.2.2, 4.2.1",
    field: "cache-control",
    atoms: [odd("max-age=1e9", "max-age=0")],
    example: exchangeOf({ "cache-control": [odd("max-age=1e9", undefined)], etag: '"a"' }),
    question: "lifetime",
  },
  {
    name: "a directive with an empty number is malformed, not absent",
    section: "RFC 9111 4.2.1",
    field: "cache-control",
    atoms: [odd("s-maxage=", "s-maxage=0")],
    example: exchangeOf({ "cache-control": [odd("s-maxage=, max-age=60", undefined)], etag: '"a"' }),
    question: "lifetime",
  },
  {
    name: "a number beyond 2^31 is 2^31-1",
    section: "RFC 9111 1.2.2",
    field: "cache-control",
    atoms: [odd("max-age=99999999999", "max-age=2147483647")],
    example: after("max-age=99999999999", 0),
    question: "lifetime",
  },
  {
    name: "restrictions in a field that is no list still count",
    section: "RFC 9111 5.2",
    field: "cache-control",
    atoms: [odd("x; no-store", "no-store"), odd("foo private", "private"), odd("x; no-cache", "no-cache")],
    example: after("max-age=60, x; no-store", 0),
    question: "stored",
  },
  {
    name: "a request's directives in capitals",
    section: "RFC 9111 5.2",
    field: "cache-control",
    asked: true,
    atoms: [odd("NO-CACHE", "no-cache"), odd("Max-Age=9", "max-age=9"), odd("Max-Stale", "max-stale")],
    example: exchangeOf(
      { "cache-control": "max-age=60" },
      { second: { "cache-control": [odd("No-Cache", undefined)] } },
    ),
    question: "reused",
  },
  {
    name: "a request's junk numbers ask for the strictest",
    section: "RFC 9111 4.2.1",
    field: "cache-control",
    asked: true,
    atoms: [odd("max-age=9x", "max-age=0"), odd("min-fresh=1x", "min-fresh=9999999999")],
    example: exchangeOf(
      { "cache-control": "max-age=60" },
      { after: 5, second: { "cache-control": [odd("max-age=9x", undefined)] } },
    ),
    question: "reused",
  },
  {
    name: "Pragma counts only where there is no Cache-Control",
    section: "RFC 9111 5.4",
    field: "pragma",
    asked: true,
    atoms: [odd("no-cache", undefined)],
    example: exchangeOf({ "cache-control": "max-age=60" }, { second: { pragma: "no-cache", "cache-control": "x" } }),
    question: "reused",
  },
  {
    name: "Pragma says nothing in an answer",
    section: "RFC 9111 5.4",
    field: "pragma",
    atoms: [odd("no-cache", undefined)],
    example: exchangeOf({ expires: `${LATER} GMT`, date: "Thu, 15 Jan 2026 12:00:00 GMT", pragma: "no-cache" }),
    question: "reused",
  },
  {
    name: "of Age the first member counts, and only if it is a number",
    section: "RFC 9111 5.1",
    field: "age",
    atoms: [odd("7.5", undefined), odd("30s", undefined), odd("-30", undefined), odd("30, 0", "30"), odd("0, 30", "0")],
    example: exchangeOf({ "cache-control": "max-age=60", age: "30s" }, { after: 40 }),
    question: "age",
  },
  {
    name: "an Expires in none of the three forms is past",
    section: "RFC 9111 5.3",
    field: "expires",
    atoms: [
      odd(`${LATER} UTC`, PAST),
      odd(LATER, PAST),
      odd(`${LATER} GMT`.replace(",", ""), PAST),
      odd("Thu, 15-Jan-2026 12:01:00 GMT", PAST),
      odd("Thu, 15 Jan 26 12:01:00 GMT", PAST),
      odd("2026-01-15T12:01:00Z", PAST),
    ],
    example: exchangeOf({
      expires: [odd(`${LATER} UTC`, undefined)],
      date: "Thu, 15 Jan 2026 12:00:00 GMT",
      etag: '"a"',
    }),
    question: "lifetime",
  },
  {
    name: "a Date in none of the three forms is none",
    section: "RFC 9110 6.6.1",
    field: "date",
    atoms: [odd("Thu, 15 Jan 2026 11:59:00 UTC", undefined), odd("2026-01-15T11:59:00Z", undefined)],
    example: exchangeOf({ expires: `${LATER} GMT`, date: [odd("Thu, 15 Jan 2026 11:59:00 UTC", undefined)] }),
    question: "lifetime",
  },
];

const soundly = (members: string): readonly Atom[] => members.split("; ").map(plain);

/** Members that both read alike, in an answer and in a request. */
export const SOUND = {
  said: [
    ...soundly('max-age=0; max-age=10; max-age=60; max-age=60; max-age=120; max-age="60"; s-maxage=0; s-maxage=60'),
    ...soundly("stale-while-revalidate=30; stale-while-revalidate=60; stale-if-error=30; stale-if-error=60"),
    ...soundly("public; immutable; must-revalidate; proxy-revalidate; no-cache; no-store; private; must-understand"),
    ...soundly('private="set-cookie"; private="x-user"; no-cache="x-user"; foo; foo=bar; no-transform'),
  ],
  asked: soundly(
    "no-cache; max-age=0; max-age=30; max-age=90; min-fresh=0; min-fresh=30; max-stale; max-stale=30; no-store; no-transform",
  ),
};
