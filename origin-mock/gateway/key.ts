// Owns the key of an answer: path, reduced query, language, and the person it belongs to. Pure.
import type { Identity } from "../auth/identify.ts";
import { localeOf } from "../http/locale.ts";
import { digestOf, gatewayName, joinParts } from "./names.ts";

export interface Asked {
  readonly path: string;
  /** The result of `canonicalQuery`. */
  readonly query: string;
  readonly acceptLanguage: string | undefined;
  /** The owner of the answer. Undefined for everyone's. */
  readonly person: Identity | undefined;
}

/** The decoded name. Undefined for a malformed one, which no route reads. */
function nameOf(pair: string): string | undefined {
  try {
    return decodeURIComponent((pair.split("=", 1)[0] ?? "").replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/**
 * Takes a query as sent, without its question mark, and keeps the pairs that the route reads, sorted by name. Made-up
 * parameters are dropped, because they would fill the store with copies. Pairs keep their spelling: two spellings of
 * one value make two keys, never two values one key. Values of one name keep their order.
 */
export function canonicalQuery(query: string, names: readonly string[]): string {
  return query
    .split("&")
    .map((pair) => ({ pair, name: nameOf(pair) }))
    .filter(({ name }) => name !== undefined && names.includes(name))
    .toSorted((a, b) => names.indexOf(a.name ?? "") - names.indexOf(b.name ?? ""))
    .map(({ pair }) => pair)
    .join("&");
}

/** GET and HEAD share a key. Injective, except where a reduction joins requests on purpose. */
export function keyParts({ path, query, acceptLanguage, person }: Asked): string {
  return joinParts([
    person === undefined ? "" : joinParts([person.username, person.role]),
    path,
    localeOf(acceptLanguage),
    query,
  ]);
}

export function answerName(asked: Asked): string {
  return gatewayName("answer", digestOf(keyParts(asked)));
}
