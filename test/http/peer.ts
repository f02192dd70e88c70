// Owns the comparison with http-cache-semantics: one exchange, put to both, and what each says to six questions.
import CachePolicy from "http-cache-semantics";
import { initialAge, lifetimeOf } from "../../src/http/law/freshness.ts";
import { settleFailure } from "../../src/http/law/settle.ts";
import { remainingSeconds } from "../../src/http/law/stored.ts";
import { fateOfStored } from "./fate.ts";
import { askedOf, NOW, POLICY, requestOf, responseOf, settled } from "./support.ts";

/** A member of a list: as it is written, and as the peer has to be told it to mean the same; `undefined` where it says nothing. */
export interface Atom {
  readonly text: string | undefined;
  readonly plain: string | undefined;
  /** The peer would misread the text. */
  readonly odd?: true;
}

/** Field name in small letters -> members of its one line. */
export type Section = Readonly<Record<string, readonly Atom[]>>;

/** An origin's answer at NOW to the first client, and a second client's request some seconds later. */
export interface Exchange {
  readonly status: number;
  readonly says: Section;
  readonly first: Section;
  readonly second: Section;
  readonly after: number;
}

export type Plain = Readonly<Record<string, string>>;

export const plain = (text: string): Atom => ({ text, plain: text });

type Fields = Readonly<Record<string, string | readonly Atom[]>>;

/** An exchange in which Cache-Control is given as a list of plain members, and every other text is one member. */
export function exchangeOf(
  says: Fields,
  { first = {}, second = {}, status = 200, after = 0 }: ExchangeParts = {},
): Exchange {
  return { status, says: sectionOf(says), first: sectionOf(first), second: sectionOf(second), after };
}

interface ExchangeParts {
  readonly first?: Fields;
  readonly second?: Fields;
  readonly status?: number;
  readonly after?: number;
}

function sectionOf(fields: Fields): Section {
  const atoms = (name: string, value: string): readonly Atom[] =>
    (name === "cache-control" ? value.split(", ") : [value]).map(plain);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? atoms(name, value) : value]),
  );
}

export interface Answers {
  readonly stored: boolean;
  /** Seconds; asked only of what both store. */
  readonly lifetime: number;
  readonly age: number;
  /** Without asking the origin. */
  readonly reused: boolean;
  readonly staleWhileRevalidate: boolean;
  readonly staleIfError: boolean;
}

export type Question = keyof Answers;

const written = (section: Section, of: (atom: Atom) => string | undefined): Plain =>
  Object.fromEntries(
    Object.entries(section).flatMap(([name, atoms]) => {
      const members = atoms.map(of).filter((member) => member !== undefined);
      return members.length > 0 ? [[name, members.join(", ")]] : [];
    }),
  );

/** As it is written. */
export const textOf = (section: Section): Plain => written(section, ({ text }) => text);
/** As the peer understands it. */
export const plainOf = (section: Section): Plain => written(section, ({ plain }) => plain);

export function ours({ status, says, first, second, after }: Exchange): Answers {
  const request = requestOf(textOf(first));
  const response = responseOf(textOf(says), { status });
  const nowMs = NOW + after * 1000;
  const verdict = settled(textOf(says), { status }, { request });
  const stored = verdict.verdict === "store" ? verdict.stored : undefined;
  const fate = stored ? fateOfStored(stored, { after, second: textOf(second) }) : "out";
  const isStale = stored !== undefined && remainingSeconds(stored, nowMs) <= 0;
  return {
    stored: stored !== undefined,
    lifetime: lifetimeOf(request, response, POLICY).seconds,
    age: initialAge(response) + after,
    reused: fate === "fresh" || fate === "max-stale",
    staleWhileRevalidate: fate === "swr",
    staleIfError: isStale && settleFailure("origin-timeout", askedOf({ stored }), nowMs).verdict === "serve-stale",
  };
}

/** The peer on the clock of the tests. */
class Peer extends CachePolicy {
  static nowMs = NOW;
  override now(): number {
    return Peer.nowMs;
  }
}

/** The peer's verdict on the exchange as written, or as it understands it. */
export function theirs({ status, says, first, second, after }: Exchange, read: (section: Section) => Plain): Answers {
  Peer.nowMs = NOW;
  const policy = new Peer({ method: "GET", url: "/page", headers: read(first) }, { status, headers: read(says) });
  Peer.nowMs = NOW + after * 1000;
  const request = { method: "GET", url: "/page", headers: read(second) };
  const stored = policy.storable();
  const { response, revalidation } = policy.evaluateRequest(request);
  const failed = policy.revalidatedPolicy(request, { status: 503, headers: {} });
  return {
    stored,
    lifetime: policy.maxAge(),
    age: policy.age(),
    reused: stored && revalidation === undefined,
    staleWhileRevalidate: stored && response !== undefined && revalidation !== undefined,
    staleIfError: stored && policy.stale() && !failed.modified,
  };
}
