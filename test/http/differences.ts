// Owns the rules on which Strata means to differ from http-cache-semantics, each with the section that decides.
import { type Answers, type Exchange, exchangeOf, type Plain, type Question } from "./peer.ts";
import { mayDependOnRequest } from "../../src/http/message/status-table.ts";
import { at } from "./support.ts";

/** An exchange in plain terms, and what each made of it. */
export interface Facts
  extends Pick<Exchange, "status" | "after">, Readonly<Record<"says" | "first" | "second", Plain>> {
  readonly ours: Answers;
  readonly theirs: Answers;
  /** Whether the answer, or the second request, has this directive. */
  readonly said: (name: string) => boolean;
  readonly asked: (name: string) => boolean;
}

export interface Difference {
  readonly name: string;
  /** Where no section is named, the rule is ours alone (see docs/decisions). */
  readonly section: string;
  readonly questions: readonly Question[];
  /** The side that says yes, or gives the greater number. */
  readonly more: "ours" | "theirs" | "either";
  readonly applies: (facts: Facts) => boolean;
  readonly example: Exchange;
}

const CC = "cache-control";
const ALL: readonly Question[] = ["stored", "reused", "staleWhileRevalidate", "staleIfError"];
const PEER_STATUSES = new Set([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501]);

const isSession = (fields: Plain): boolean => /\bsid=/.test(fields["cookie"] ?? "");
const isExplicit = ({ said, says }: Facts): boolean => said("max-age") || said("s-maxage") || "expires" in says;
const onlyCookieIsPrivate = ({ says }: Facts): boolean => (says[CC] ?? "").includes('private="set-cookie"');
const staleBy = ({ ours }: Facts): number => ours.age - ours.lifetime;
const acceptsJustThat = (facts: Facts): boolean =>
  (facts.second[CC] ?? "").includes(`max-stale=${String(staleBy(facts))}`);

const STORING: readonly Difference[] = [
  {
    name: "must-understand lifts no-store",
    section: "RFC 9111 5.2.2.3",
    questions: ALL,
    more: "ours",
    applies: ({ said }) => said("must-understand") && said("no-store"),
    example: exchangeOf({ [CC]: "must-understand, no-store, max-age=60" }),
  },
  {
    name: 'private="set-cookie" lets the rest in',
    section: "RFC 9111 5.2.2.7",
    questions: ALL,
    more: "ours",
    applies: onlyCookieIsPrivate,
    example: exchangeOf({ [CC]: 'private="set-cookie", max-age=60', "set-cookie": "a=1" }),
  },
  {
    name: "any final status may be stored",
    section: "RFC 9111 3",
    questions: ALL,
    more: "ours",
    applies: ({ status }) => !PEER_STATUSES.has(status),
    example: exchangeOf({ [CC]: "max-age=60" }, { status: 503 }),
  },
  {
    name: "an error that one request may have provoked lasts ten seconds at most",
    section: "",
    questions: [...ALL, "lifetime"],
    more: "theirs",
    applies: ({ status, ours, after }) => mayDependOnRequest(status) && ours.lifetime - (ours.age - after) <= 10,
    example: exchangeOf({ [CC]: "max-age=60" }, { status: 501 }),
  },
  {
    name: "what can never answer without asking, nor be validated, is not kept",
    section: "RFC 9111 3",
    questions: ALL,
    more: "theirs",
    applies: (facts) => {
      const { ours, theirs, after, says, asked } = facts;
      const isOver = ours.lifetime <= ours.age - after && theirs.lifetime <= theirs.age - after;
      const isUseless = !isExplicit(facts) || !("etag" in says || "last-modified" in says);
      return isOver && isUseless && (!theirs.reused || asked("max-stale"));
    },
    example: exchangeOf({ etag: '"a"' }),
  },
  {
    name: "a cookie that is set is never stored",
    section: "",
    questions: ALL,
    more: "theirs",
    applies: (facts) => "set-cookie" in facts.says && !onlyCookieIsPrivate(facts),
    example: exchangeOf({ [CC]: "public, max-age=60", "set-cookie": "a=1" }),
  },
  {
    name: "Vary: * is never reused, so not stored",
    section: "RFC 9111 4.1",
    questions: ["stored", "staleIfError"],
    more: "theirs",
    applies: ({ says }) => says["vary"] === "*",
    example: exchangeOf({ [CC]: "max-age=60", vary: "*" }),
  },
  {
    name: "what varies on Cookie or Authorization is not stored",
    section: "",
    questions: ALL,
    more: "theirs",
    applies: ({ says }) => /^(?:cookie|authorization)$/.test(says["vary"] ?? ""),
    example: exchangeOf({ [CC]: "max-age=60", vary: "cookie" }),
  },
  {
    name: "an answer to a session is stored only where it says that it is shared",
    section: "",
    questions: ALL,
    more: "theirs",
    applies: ({ first, said }) => isSession(first) && !said("public") && !said("s-maxage"),
    example: exchangeOf({ [CC]: "max-age=60" }, { first: { cookie: "sid=1" } }),
  },
  {
    name: "nor where it is validated each time, unless it says public",
    section: "",
    questions: ALL,
    more: "theirs",
    applies: ({ first, said, ours, theirs }) =>
      isSession(first) && !said("public") && !ours.stored && (said("no-cache") || theirs.lifetime <= theirs.age),
    example: exchangeOf({ [CC]: "s-maxage=60, no-cache", etag: '"a"' }, { first: { cookie: "sid=1" } }),
  },
];

const AGING: readonly Difference[] = [
  {
    name: "no-cache says how to reuse, not how long",
    section: "RFC 9111 5.2.2.4",
    questions: ["lifetime"],
    more: "ours",
    applies: ({ said }) => said("no-cache"),
    example: exchangeOf({ [CC]: "no-cache, max-age=60" }),
  },
  {
    name: "proxy-revalidate says nothing of what is fresh",
    section: "RFC 9111 5.2.2.8",
    questions: ["lifetime", "reused"],
    more: "ours",
    applies: ({ said }) => said("proxy-revalidate"),
    example: exchangeOf({ [CC]: "proxy-revalidate, max-age=60" }),
  },
  {
    name: "must-revalidate says nothing of what is fresh",
    section: "RFC 9111 5.2.2.2",
    questions: ["reused"],
    more: "ours",
    applies: ({ said, ours }) => said("must-revalidate") && ours.age < ours.lifetime,
    example: exchangeOf({ [CC]: "must-revalidate, max-age=60" }),
  },
  {
    name: "immutable gives no lifetime",
    section: "RFC 8246 2",
    questions: ["lifetime", ...ALL],
    more: "either",
    applies: ({ said }) => said("immutable") && !said("max-age") && !said("s-maxage"),
    example: exchangeOf({ [CC]: "immutable", expires: at(60), date: at(0) }, { after: 90 }),
  },
  {
    name: "a guess is at most a week",
    section: "RFC 9111 4.2.2",
    questions: ["lifetime"],
    more: "theirs",
    applies: (facts) => !isExplicit(facts) && facts.ours.lifetime === 7 * 24 * 3600,
    example: exchangeOf({ "last-modified": at(-100_000_000), date: at(0) }),
  },
  {
    name: "nothing is guessed of an answer to somebody",
    section: "RFC 9111 4.2.2",
    questions: ["lifetime", ...ALL],
    more: "theirs",
    applies: (facts) => !isExplicit(facts) && ("cookie" in facts.first || "authorization" in facts.first),
    example: exchangeOf({ "last-modified": at(-1000), date: at(0) }, { first: { cookie: "a=1" } }),
  },
];

const STALE: readonly Difference[] = [
  {
    name: "proxy-revalidate, s-maxage and no-cache forbid stale while it is refreshed",
    section: "RFC 9111 4.2.4, 5.2.2.4, 5.2.2.8, 5.2.2.10",
    questions: ["staleWhileRevalidate"],
    more: "theirs",
    applies: ({ said }) => ["proxy-revalidate", "s-maxage", "no-cache"].some(said),
    example: exchangeOf({ [CC]: "s-maxage=60, stale-while-revalidate=60" }, { after: 61 }),
  },
  {
    name: "they forbid what max-stale would accept",
    section: "RFC 9111 4.2.4, 5.2.1.2",
    questions: ["reused"],
    more: "theirs",
    applies: ({ said, asked }) => asked("max-stale") && ["proxy-revalidate", "s-maxage", "no-cache"].some(said),
    example: exchangeOf({ [CC]: "s-maxage=60" }, { after: 61, second: { [CC]: "max-stale" } }),
  },
  {
    name: "they and must-revalidate forbid stale when the origin fails",
    section: "RFC 9111 4.2.4, RFC 5861 4",
    questions: ["staleIfError"],
    more: "theirs",
    applies: ({ said }) => ["must-revalidate", "proxy-revalidate", "s-maxage", "no-cache"].some(said),
    example: exchangeOf({ [CC]: "must-revalidate, max-age=60, stale-if-error=60" }, { after: 61 }),
  },
  {
    name: "a client with max-age or min-fresh wants no stale one",
    section: "RFC 9111 5.2.1.1, 5.2.1.3",
    questions: ["staleWhileRevalidate"],
    more: "theirs",
    applies: ({ asked }) => asked("max-age") || asked("min-fresh"),
    example: exchangeOf(
      { [CC]: "max-age=60, stale-while-revalidate=60" },
      { after: 61, second: { [CC]: "max-age=90" } },
    ),
  },
  {
    name: "max-stale accepts up to its number, and the number itself",
    section: "RFC 9111 5.2.1.2",
    questions: ["reused"],
    more: "ours",
    applies: acceptsJustThat,
    example: exchangeOf({ [CC]: "max-age=60" }, { after: 90, second: { [CC]: "max-stale=30" } }),
  },
  {
    name: "and then nothing is refreshed",
    section: "RFC 9111 5.2.1.2",
    questions: ["staleWhileRevalidate"],
    more: "theirs",
    applies: (facts) => facts.ours.reused && acceptsJustThat(facts),
    example: exchangeOf(
      { [CC]: "max-age=60, stale-while-revalidate=60" },
      { after: 90, second: { [CC]: "max-stale=30" } },
    ),
  },
  {
    name: "min-fresh=0 wants a fresh one, also in the moment of expiry",
    section: "RFC 9111 5.2.1.3",
    questions: ["reused"],
    more: "theirs",
    applies: (facts) => facts.asked("min-fresh") && facts.asked("max-stale") && staleBy(facts) === 0,
    example: exchangeOf({ [CC]: "max-age=60" }, { after: 60, second: { [CC]: "min-fresh=0, max-stale" } }),
  },
];

const WHO: readonly Difference[] = [
  {
    name: "a user gets only what is marked for users",
    section: "RFC 9111 3.5",
    questions: ["reused", "staleWhileRevalidate"],
    more: "theirs",
    applies: ({ second, said }) => "authorization" in second && !["public", "s-maxage", "must-revalidate"].some(said),
    example: exchangeOf({ [CC]: "max-age=60" }, { second: { authorization: "x" } }),
  },
  {
    name: "a session gets only what is marked as shared",
    section: "",
    questions: ["reused", "staleWhileRevalidate"],
    more: "theirs",
    applies: ({ second, said }) => isSession(second) && !said("public") && !said("s-maxage"),
    example: exchangeOf({ [CC]: "max-age=60" }, { second: { cookie: "sid=1" } }),
  },
  {
    name: "Vary compares what a field means",
    section: "RFC 9111 4.1",
    questions: ["reused", "staleWhileRevalidate"],
    more: "ours",
    applies: ({ says }) => says["vary"] === "accept-language",
    example: exchangeOf(
      { [CC]: "max-age=60", vary: "accept-language" },
      { first: { "accept-language": "de, en" }, second: { "accept-language": "EN,de" } },
    ),
  },
  {
    name: "the origin sees one Accept-Encoding, whoever asks",
    section: "RFC 9111 4.1",
    questions: ["reused", "staleWhileRevalidate"],
    more: "ours",
    applies: ({ says }) => says["vary"] === "accept-encoding",
    example: exchangeOf({ [CC]: "max-age=60", vary: "accept-encoding" }, { second: { "accept-encoding": "br" } }),
  },
];

export const DIFFERENCES: readonly Difference[] = [...STORING, ...AGING, ...STALE, ...WHO];
